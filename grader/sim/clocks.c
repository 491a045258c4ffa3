/*
 * clocks.c - the time that a node sees: a clock that may run fast or slow but
 * never jumps, and a wall clock that may.
 *
 * Rates are whole numbers of millionths, so that no rounding depends on the
 * compiler. An alarm never rings early.
 */
#include "inside.h"

void clock_init(struct host *place, uint64_t rate, int64_t wall_offset_us)
{
    place->rate = rate;
    place->clock_zero_us = place->world->now_us;
    place->clock_base_us = CLOCK_START_US;
    place->wall_offset_us = wall_offset_us;
    place->alarm_us = place->alarm_event_us = UINT64_MAX;
}

uint64_t clock_now_us(const struct host *place)
{
    uint64_t passed_us = place->world->now_us - place->clock_zero_us;

    if (place->rate != RATE_ONE)
        passed_us = passed_us * place->rate / RATE_ONE;
    return place->clock_base_us + passed_us;
}

int64_t clock_wall_us(const struct host *place)
{
    return WALL_START_US + (int64_t)place->world->now_us +
           place->wall_offset_us;
}

/* The virtual time at which the clock will have come to at_us. */
static uint64_t virtual_us(const struct host *place, uint64_t at_us)
{
    uint64_t left_us = at_us - place->clock_base_us;

    if (at_us <= clock_now_us(place))
        return place->world->now_us;
    if (place->rate != RATE_ONE)
        left_us = (left_us * RATE_ONE + place->rate - 1) / place->rate;
    return place->clock_zero_us + left_us;
}

/* Sees to it that an event is there when the alarm is due. */
static void arm(struct host *place)
{
    uint64_t due_us;

    if (place->alarm_us == UINT64_MAX)
        return;
    due_us = virtual_us(place, place->alarm_us);
    if (place->jitter_us > 0)
        due_us += rng_below(&place->alarm_chance, place->jitter_us + 1);
    if (due_us >= place->alarm_event_us)
        return; /* the one that is there comes in time, and arms again */
    place->alarm_event_us = due_us;
    world_put(place, EVENT_ALARM, due_us, NULL, 0)->number = due_us;
}

void clock_set_alarm(struct host *place, uint64_t at_us)
{
    place->alarm_us = at_us;
    arm(place);
}

void clock_on_event(struct host *place)
{
    if (place->alarm_event_us <= place->world->now_us)
        place->alarm_event_us = UINT64_MAX;
    if (place->alarm_us > clock_now_us(place)) {
        arm(place);
        return;
    }
    place->alarm_us = UINT64_MAX;
    place_upcall(place, &(struct upcall){.kind = UPCALL_ALARM});
}

/* ---- Orders ------------------------------------------------------------ */

void world_set_rate(struct world *world, int id, double rate)
{
    struct host *place = place_of(world, id);

    if (place == NULL || place->state == PLACE_DOWN)
        return;
    place->clock_base_us = clock_now_us(place);
    place->clock_zero_us = world->now_us;
    place->rate = (uint64_t)(rate * RATE_ONE + 0.5);
    place->alarm_event_us = UINT64_MAX;
    arm(place);
}

void world_jump_wall(struct world *world, int id, int64_t by_us)
{
    struct host *place = place_of(world, id);

    if (place != NULL)
        place->wall_offset_us += by_us;
}

void world_set_jitter(struct world *world, int id, uint32_t jitter_us)
{
    struct host *place = place_of(world, id);

    if (place != NULL)
        place->jitter_us = jitter_us;
}
