/*
 * schedule.h - what is done to a world, and when: data, so that it can be
 * printed, read, replayed and shrunk.
 *
 * One action a line: the virtual time in microseconds, then an order
 * (orders.h). Lines that begin with # are comments.
 *
 *     0 start *
 *     1200000 partition leader rest
 *     1900000 mend
 */
#ifndef CONCLAVE_SIM_SCHEDULE_H
#define CONCLAVE_SIM_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define SCHEDULE_MAX_ACTIONS 4096 /* in one schedule */
#define ACTION_MAX_BYTES     160  /* of an order, with its NUL */

/* Something that is done. */
struct action {
    uint64_t at_us;               /* when */
    char order[ACTION_MAX_BYTES]; /* what */
};

/* Actions, in the order of their times; {0} is an empty schedule. */
struct schedule {
    struct action *actions; /* count of them */
    size_t count;           /* how many */
    size_t capacity;        /* room for so many */
};

/* Adds an action after all others of its time; more than the limit are
 * dropped. */
void schedule_add(struct schedule *schedule, uint64_t at_us, const char *format,
                  ...) __attribute__((format(printf, 3, 4)));

/* Makes one a copy of another. */
void schedule_copy(struct schedule *to, const struct schedule *from);

void schedule_print(const struct schedule *schedule, FILE *out);

/* Reads what schedule_print wrote. 0, or the number of a line that is none. */
int schedule_read(struct schedule *schedule, FILE *in);
void schedule_free(struct schedule *schedule);

#endif
