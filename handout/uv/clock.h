/*
 * clock.h - the node's time, and its one alarm.
 *
 * The node's clock starts at CLOCK_START_US and may run fast or slow, so that
 * the grader can let it drift: node time = start + real time * rate. The wall
 * clock may be off, and may jump.
 */
#ifndef CONCLAVE_UV_CLOCK_H
#define CONCLAVE_UV_CLOCK_H

#include <stdint.h>
#include <uv.h>

#define CLOCK_START_US 1000000u /* so that 0 is no time at all */

struct host;

/* The clock of a node. */
struct clock {
    uv_timer_t timer;       /* rings for the alarm */
    double rate;            /* node time per real time */
    int64_t wall_offset_us; /* added to the wall clock */
    uint64_t zero_us;       /* real time when the node's clock started */
    uint64_t alarm_us;      /* when the node wants it, UINT64_MAX: never */
    uint64_t armed_us;      /* what the timer is set for */
};

/* Starts the clock. The alarm is not set. */
void clock_start(struct host *host, double rate, int64_t wall_offset_us);

/* No alarm rings any more. */
void clock_stop(struct host *host);

/* The wall clock is off by so much from now on; the node's clock goes on. */
void clock_set_wall(struct host *host, int64_t wall_offset_us);

uint64_t clock_now_us(const struct clock *clock);
int64_t clock_wall_us(const struct clock *clock);

/* Makes the timer agree with alarm_us; after every upcall. */
void clock_arm(struct host *host);

#endif
