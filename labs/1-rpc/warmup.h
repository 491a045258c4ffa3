/*
 * warmup.h - Lab 1, warm-up: five shapes that coroutines take.
 *
 * Each is a few lines on top of co.h, event.h and cancel.h, and each comes back
 * later: fan-out in group calls, the ticker in heartbeats, the retry in calls
 * over a bad network.
 */
#ifndef CONCLAVE_WARMUP_H
#define CONCLAVE_WARMUP_H

#include <stdint.h>

#include "event.h"

#define MAX_FAN_OUT 64 /* pieces of work in one fan-out or race */

/* A piece of work: may wait; OK or a negative outcome. */
typedef int (*warmup_work)(void *arg, int number);

/*
 * Fan-out, fan-in. Starts count pieces of work at once, each in a coroutine of
 * its own, and waits for all. outcomes[i] is what work(arg, i) returned.
 * Returns OK, or why the wait was cancelled (then the work is cancelled too,
 * and has ended when this returns).
 */
int await_all(int count, warmup_work await_work, void *arg, int outcomes[]);

/*
 * Short stop. Starts count pieces of work at once; the first to return OK wins,
 * the rest are cancelled and have ended when this returns. Returns the winner's
 * number, or RPC_FAILED if none returned OK.
 */
int await_race(int count, warmup_work await_work, void *arg);

/*
 * Ticker. Calls tick(arg, k) for k = 1, 2, ... count, the k-th k * period_ms
 * after the start: a tick that comes late does not delay those after it, and
 * neither does one that waits (tick may suspend; it is then called await_...).
 * Returns OK, or why it was cancelled.
 */
int await_ticks(uint32_t period_ms, int count, void (*tick)(void *arg, int k),
                void *arg);

/*
 * Retry. Calls work(arg, k) for attempt k = 0, 1, ... until it returns OK or
 * max_attempts have failed. Waits base_ms after the first failure and twice as
 * long after each further one, never more than cap_ms. Returns the last
 * outcome; a cancelled wait ends it at once with its reason.
 */
int await_retry(int max_attempts, uint32_t base_ms, uint32_t cap_ms,
                warmup_work await_work, void *arg);

/* A value that is being worked out while its owner does something else. */
struct future {
    struct event ready; /* set with the work's outcome */
    warmup_work work;   /* what is being done */
    void *arg;          /* its argument */
};

/* Starts work(arg, 0) in a coroutine. The future must outlive it. */
void future_start(struct future *future, warmup_work await_work, void *arg);

/* Waits for the outcome; may be called by several, and again. */
int await_future(struct future *future, int *outcome);

#endif
