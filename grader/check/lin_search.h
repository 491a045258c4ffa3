/*
 * lin_search.h - looks for an order of operations that explains their answers.
 *
 * The search takes operations one after the other, each at a moment that its
 * call and return allow, and goes back where it cannot go on (Wing and Gong,
 * 1993), never twice into the same configuration, which is the set of
 * operations taken and the state they lead to (Lowe, 2017). If that takes long,
 * orders with few of the operations that may never have happened are tried
 * first. What makes it fast, and why it loses nothing, is told in lin_search.c.
 */
#ifndef CONCLAVE_LIN_SEARCH_H
#define CONCLAVE_LIN_SEARCH_H

#include <stdbool.h>
#include <stdint.h>

#include "lin.h"
#include "lin_model.h"

/* An operation: steps that happen at one moment. */
struct lin_op {
    int client;          /* who asked */
    uint64_t call_us;    /* when */
    uint64_t return_us;  /* LIN_NEVER: it may happen later, or never */
    struct step *steps;  /* in order */
    uint32_t step_count; /* at least 1 */
    uint32_t number;     /* its place in the history, as added */
    char *text;          /* for people: SET x 4 => OK */
};

/* An operation as the search is to see it. */
struct search_item {
    const struct lin_op *op; /* what was done */
    uint64_t call_us;        /* when it was asked */
    uint64_t return_us;      /* LIN_NEVER: optional, its answer unknown */
};

/* What to search, and how. */
struct search_task {
    struct values *values;     /* of the history */
    const uint32_t *slots;     /* by key: its place in the state */
    uint32_t slot_count;       /* places, all used by the items */
    struct search_item *items; /* to put in order */
    uint32_t count;            /* of them */
    uint64_t steps_max;        /* when to give up */
    bool deepens;              /* try orders with few optional ones, too */
    bool looks_ahead;          /* use rules 5 and 6: faster, but the longest
                                  order found may end before the
                                  contradiction */
};

/* What the search found. */
struct search_result {
    enum lin_verdict verdict; /* whether there is an order */
    uint64_t steps;           /* made */
    uint64_t remembered;      /* configurations */
    uint32_t *order;          /* the longest order found: items; owned */
    uint32_t order_count;     /* how many */
};

/* Searches. The items are put in order of their calls. */
void search_run(const struct search_task *task, struct search_result *result);

#endif
