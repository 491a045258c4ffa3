/*
 * co_stack.h - the stacks of coroutines: pooled, guarded, known to the tools.
 * For co.c alone.
 *
 *      low                                             high
 *      +------------+----------------------------------+
 *      | guard page | stack, grows down  <------- used |
 *      +------------+----------------------------------+
 *      base          memory
 */
#ifndef CONCLAVE_CO_STACK_H
#define CONCLAVE_CO_STACK_H

#include <stdbool.h>
#include <stddef.h>

#define CO_POOLED_STACKS \
    4608 /* kept for reuse: all commands of clients, and then some */

/* One stack. The struct itself lies at its high end. */
struct co_stack {
    struct co_stack *next; /* in the pool, or among those in use */
    struct co_stack *prev; /* among those in use */
    char *base;            /* the guard page */
    char *memory;          /* the lowest usable byte */
    size_t size_bytes;     /* usable bytes, from memory to this struct */
    unsigned valgrind_id;  /* what valgrind calls it */
};

/* A stack from the pool, or a new one; out of memory aborts. */
struct co_stack *co_stack_take(void);

/* Puts a stack back; nothing may run on it. */
void co_stack_give(struct co_stack *stack);

/* Whether the address lies in the guard page of a stack in use. */
bool co_stack_guards(const void *address);

/*
 * AddressSanitizer has to be told of every switch. Before one: where we go
 * (NULL, 0: the main stack), and a place to keep what it needs when we return,
 * or NULL if we never do. After one: that place.
 */
void co_stack_leave(void **keep, const struct co_stack *to);
void co_stack_arrive(void *kept);

#endif
