/*
 * lin_history.h - a history being checked: lin.c's own state, shared with the
 * files that read requests, search and explain.
 */
#ifndef CONCLAVE_LIN_HISTORY_H
#define CONCLAVE_LIN_HISTORY_H

#include "lin_search.h"

/* Text that grows. */
struct lin_text {
    char *bytes; /* terminated; NULL: empty */
    size_t len;  /* without the terminator */
    size_t room; /* bytes that fit */
};

struct lin {
    struct values values;   /* strings stored */
    struct values keys;     /* names of keys, numbered from 1 */
    uint32_t *groups;       /* by key: a key of the same group (union-find) */
    uint32_t *slots;        /* by key: its place in its group's state */
    uint32_t key_room;      /* keys that fit in the two */
    struct lin_op *ops;     /* the operations that say something */
    uint32_t op_count;      /* of them */
    uint32_t op_room;       /* that fit */
    uint32_t added;         /* operations added, with those that say nothing */
    uint64_t bytes;         /* in all their words */
    uint64_t steps;         /* made by searches */
    uint64_t remembered;    /* configurations, by searches */
    uint32_t *culprits;     /* operations that cannot be explained together */
    uint32_t culprit_count; /* how many */
    struct lin_text why;    /* the explanation */
};

/* Adds words, as printf does; a word as people and lin_read.c read it. */
void why_add(struct lin_text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void why_word(struct lin_text *text, const char *bytes, size_t len);

/* The number of a key that a request names. */
uint32_t lin_key(struct lin *lin, const struct lin_word *word);

/* Puts two keys into one group: an operation touches both. */
void lin_join(struct lin *lin, uint32_t a, uint32_t b);

/* Reads a request and its answer into an operation. 0, LIN_E_*, or
 * WORDS_NOTHING: it says nothing. What it owns is the caller's. */
#define WORDS_NOTHING 1
int words_read(struct lin *lin, const struct lin_call *call, struct lin_op *op);

/* Searches and adds to the effort; the caller frees result->order. */
void lin_search(struct lin *lin, const struct search_task *task,
                struct search_result *result);

/* Says why what the task holds is not linearizable; fills in the culprits. */
void explain_bad(struct lin *lin, const struct search_task *task);

#endif
