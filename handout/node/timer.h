/*
 * timer.h - a heap of timers behind the host's one alarm.
 *
 * Lab code rarely needs it: await_sleep and deadlines are made of it. Timers
 * that fall due together ring in the order in which they were set.
 */
#ifndef CONCLAVE_TIMER_H
#define CONCLAVE_TIMER_H

#include <stdbool.h>
#include <stdint.h>

/* One timer; {0} is one that is not set. The owner keeps it in place. */
struct timer {
    uint64_t at_us;       /* when it rings, on the node's monotonic clock */
    uint64_t order;       /* breaks ties: set earlier, rings earlier */
    uint32_t slot;        /* its place in the heap, from 1; 0: not set */
    void (*ring)(void *); /* called once, outside any coroutine */
    void *arg;            /* given to ring */
};

/* Sets a timer (again). ring must not suspend. */
void timer_set(struct timer *timer, uint64_t at_us, void (*ring)(void *),
               void *arg);

/* Takes a timer back; nothing happens if it is not set. */
void timer_stop(struct timer *timer);

/* Whether the timer is waiting to ring. */
bool timer_is_set(const struct timer *timer);

/* For the runtime: rings all that is due; the next time, or UINT64_MAX. */
void timers_ring(uint64_t now_us);
uint64_t timers_next_us(void);

#endif
