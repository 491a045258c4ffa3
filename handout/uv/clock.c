/*
 * clock.c - the node's time, and its one alarm.
 *
 * libuv's timers count whole milliseconds on the same clock as uv_hrtime, so
 * the alarm is set for the first millisecond that is not before it: it never
 * rings early, and up to 1 ms late.
 */
#define _GNU_SOURCE

#include "clock.h"

#include <time.h>

#include "uv_host.h"

#define LONGEST_ALARM_US (24 * 3600 * 1000000ull) /* then it is set again */

static uint64_t real_us(void)
{
    return uv_hrtime() / 1000;
}

uint64_t clock_now_us(const struct clock *clock)
{
    uint64_t passed_us = real_us() - clock->zero_us;
    if (clock->rate != 1.0)
        passed_us = (uint64_t)((double)passed_us * clock->rate);
    return CLOCK_START_US + passed_us;
}

int64_t clock_wall_us(const struct clock *clock)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000 +
           clock->wall_offset_us;
}

/* How much real time passes until a time of the node's clock, rounded up. */
static uint64_t real_delay_us(const struct clock *clock, uint64_t at_us)
{
    uint64_t now_us = clock_now_us(clock);
    if (at_us <= now_us)
        return 0;
    uint64_t delay_us = at_us - now_us;
    if (delay_us > LONGEST_ALARM_US)
        delay_us = LONGEST_ALARM_US;
    if (clock->rate != 1.0)
        delay_us = (uint64_t)((double)delay_us / clock->rate) + 1;
    return delay_us;
}

static void on_timer(uv_timer_t *timer)
{
    struct host *host = timer->data;
    struct clock *clock = &host->clock;
    clock->armed_us = UINT64_MAX;
    if (clock_now_us(clock) < clock->alarm_us) {
        clock_arm(host); /* rounding, or a very long alarm */
        return;
    }
    clock->alarm_us = UINT64_MAX;
    host_enter(host);
    host->node->alarm_rang();
    host_leave(host);
}

void clock_arm(struct host *host)
{
    struct clock *clock = &host->clock;
    if (clock->alarm_us == clock->armed_us)
        return;
    clock->armed_us = clock->alarm_us;
    if (clock->alarm_us == UINT64_MAX) {
        uv_timer_stop(&clock->timer);
        return;
    }
    uint64_t ring_ms =
        (real_us() + real_delay_us(clock, clock->alarm_us) + 999) / 1000;
    uint64_t loop_ms = uv_now(host->loop); /* what libuv counts from */
    uv_timer_start(&clock->timer, on_timer,
                   ring_ms > loop_ms ? ring_ms - loop_ms : 0, 0);
}

void clock_start(struct host *host, double rate, int64_t wall_offset_us)
{
    struct clock *clock = &host->clock;
    *clock = (struct clock){.rate = rate,
                            .wall_offset_us = wall_offset_us,
                            .zero_us = real_us(),
                            .alarm_us = UINT64_MAX,
                            .armed_us = UINT64_MAX};
    uv_timer_init(host->loop, &clock->timer);
    clock->timer.data = host;
}

void clock_set_wall(struct host *host, int64_t wall_offset_us)
{
    host->clock.wall_offset_us = wall_offset_us;
}

void clock_stop(struct host *host)
{
    host->clock.alarm_us = UINT64_MAX;
    clock_arm(host);
}
