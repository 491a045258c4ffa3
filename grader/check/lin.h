/*
 * lin.h - is a history of a key-value store linearizable?
 *
 * A history is what clients saw: what each asked, when, and what it was
 * answered, when. It is linearizable if every operation can be given a moment
 * between its call and its return at which all of it happens, so that one
 * store, asked in that order, gives just these answers.
 *
 *     struct lin *lin = lin_new();
 *     lin_add(lin, &call);                     // in any order, as many as wished
 *     if (lin_check(lin, LIN_STEPS) == LIN_BAD)
 *         fputs(lin_explanation(lin), stdout);
 *     lin_free(lin);
 *
 * An operation without an answer may take effect at any moment after its call,
 * or never. So may one that was answered with an error that leaves this open
 * (LOST); one that says that nothing happened (MOVED, CLUSTERDOWN, BUSY) is
 * left out. lin_words.c lists the requests, docs/checking.md the format.
 *
 * Work is bounded in steps, not by a clock: the verdict is the same on every
 * machine. LIN_UNKNOWN says that the bound was reached, and is never a pass.
 */
#ifndef CONCLAVE_LIN_H
#define CONCLAVE_LIN_H

#include <stddef.h>
#include <stdint.h>

#define LIN_NEVER     UINT64_MAX /* the time of an answer that did not come */
#define LIN_STEPS     20000000   /* a bound for lin_check: some seconds */
#define LIN_MAX_OPS   1000000    /* operations in a history */
#define LIN_MAX_BYTES 100000000  /* of all words in a history */

#define LIN_E_REQUEST (-1) /* no such request, or words that do not fit it */
#define LIN_E_ANSWER  (-2) /* an answer that this request never has */
#define LIN_E_TIME    (-3) /* answered before it was asked */
#define LIN_E_SIZE    (-4) /* the history is longer than the limits above */

/* The verdict; also the exit status of `check`. */
enum lin_verdict { LIN_GOOD = 0, LIN_BAD = 1, LIN_UNKNOWN = 2 };

/* What a word of an answer is. Requests hold LIN_TEXT only. */
enum lin_word_kind {
    LIN_TEXT,  /* bytes: a value, a number, OK */
    LIN_NIL,   /* no value */
    LIN_ERROR, /* an error; the bytes begin with its name, without the - */
};

struct lin_word {
    const char *bytes;       /* not terminated; may hold any byte */
    size_t len_bytes;        /* how many */
    enum lin_word_kind kind; /* what they are */
};

/* One operation. The words are copied. */
struct lin_call {
    int client;                     /* who asked: any number */
    uint64_t call_us;               /* when it asked */
    uint64_t return_us;             /* when it was answered, or LIN_NEVER */
    const struct lin_word *request; /* as sent: SET x 4 */
    size_t request_count;           /* words in it */
    const struct lin_word *answer;  /* as received: OK. Unused if LIN_NEVER */
    size_t answer_count;            /* words in it */
};

struct lin;

struct lin *lin_new(void);
void lin_free(struct lin *lin);

/* Adds an operation: 0 or LIN_E_*. Only before lin_check. */
int lin_add(struct lin *lin, const struct lin_call *call);

/* The verdict, found in at most that many steps for each group of keys. */
enum lin_verdict lin_check(struct lin *lin, uint64_t steps_max);

/* After LIN_BAD or LIN_UNKNOWN: why, in lines. Lives as long as `lin`. */
const char *lin_explanation(const struct lin *lin);

/* After LIN_BAD: the operations, numbered from 0 as they were added, that
 * cannot be explained together; returns how many. For drawing them. */
size_t lin_culprits(const struct lin *lin, const uint32_t **operations);

/* How many operations have been added. None of them is no reason to pass. */
uint32_t lin_count(const struct lin *lin);

/* Steps made and configurations remembered by lin_check, for measuring. */
void lin_effort(const struct lin *lin, uint64_t *steps, uint64_t *remembered);

#endif
