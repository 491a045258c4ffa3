/*
 * figure8.c - leaders that fall at the worst moment. See swarm.h.
 *
 * Figure 8 takes a leader that has passed an entry on to one follower, another
 * that is elected without it and has an entry of its own, the first one back as
 * leader, and its fall as soon as the old entry is on a majority. So: a leader
 * that only few hear is given commands and falls, again and again, all others
 * being well; who fell comes back after the next election or the one after.
 */
#include "strike.h"
#include "swarm.h"

#define FIGURE8_CHANCE 0x66696738 /* its stream of random draws */

/* The leader is heard by nobody, or by one. */
static void hide_leader(const struct strike *s)
{
    uint32_t friend = strike_draw(s, 0, (uint32_t)s->nodes - 2);

    if (rng_chance(s->chance, s->nodes > 3 ? 0.6 : 0.2))
        schedule_add(s->schedule, s->at_us, "partition leader,other:%u rest",
                     friend);
    else
        schedule_add(s->schedule, s->at_us, "partition leader rest");
}

/* What it is given. */
static void give(const struct strike *s, uint64_t at_us)
{
    uint32_t count = strike_draw(s, 1, 4);

    schedule_add(s->schedule, at_us, "propose leader %u 30", count);
}

/* It falls, or nobody hears it any more. */
static void fall(const struct strike *s, uint64_t at_us)
{
    if (rng_chance(s->chance, 0.6))
        schedule_add(s->schedule, at_us, "kill leader");
    else
        schedule_add(s->schedule, at_us, "partition leader rest");
}

static void fall_hidden(const struct strike *s)
{
    hide_leader(s);
    give(s, s->at_us + MS);
    fall(s, s->at_us + strike_draw(s, 2, 60) * MS);
}

static void fall_while_sending(const struct strike *s)
{
    uint32_t count = strike_draw(s, 1, 2 * (uint32_t)s->nodes);

    give(s, s->at_us);
    schedule_add(s->schedule, s->at_us + strike_draw(s, 0, 20) * MS,
                 "crash leader send %u", count);
}

static void fall_at_commit(const struct strike *s)
{
    uint32_t count = strike_draw(s, 1, 3);

    schedule_add(s->schedule, s->at_us, "crash leader apply %u", count);
    if (rng_chance(s->chance, 0.5))
        give(s, s->at_us + MS);
}

static void fall_at_once(const struct strike *s)
{
    if (rng_chance(s->chance, 0.7))
        give(s, s->at_us);
    fall(s, s->at_us + strike_draw(s, 0, 30) * MS);
}

/* A leader that one other hears is given much; both lose it to the next
 * leader, who has little; and the first comes back as leader: by its quick
 * clock it likely does. What it knew of the other then is no longer so. */
static void come_back_as_leader(const struct strike *s)
{
    uint32_t friend = strike_draw(s, 0, (uint32_t)s->nodes - 2);
    uint32_t count = strike_draw(s, 6, 20);
    uint64_t at_us = s->at_us;

    schedule_add(s->schedule, at_us, "rate * 0.95");
    schedule_add(s->schedule, at_us, "rate leader 1.1");
    schedule_add(s->schedule, at_us, "partition leader,other:%u rest", friend);
    schedule_add(s->schedule, at_us, "propose leader %u 30", count);
    at_us += strike_draw(s, 350, 500) * MS;
    schedule_add(s->schedule, at_us, "mend");
    at_us += strike_draw(s, 100, 250) * MS;
    schedule_add(s->schedule, at_us, "kill leader");
    at_us += strike_draw(s, 200, 400) * MS;
    schedule_add(s->schedule, at_us, "rate * 1");
}

/* One way after another; how long it takes. */
static uint64_t fall_somehow(const struct strike *s)
{
    static const strike_fn ways[] = {fall_hidden, fall_while_sending,
                                     fall_at_commit, fall_at_once};
    size_t count = sizeof(ways) / sizeof(ways[0]);
    uint32_t way = rng_below(s->chance, (uint32_t)count + 1);

    if (way < count) {
        ways[way](s);
        return 60 * MS;
    }
    come_back_as_leader(s);
    return 1000 * MS;
}

static void draw_always(const struct strike *s, enum trial_kind kind)
{
    uint32_t delay_ms = strike_draw(s, 0, 8);
    uint32_t jitter_ms = strike_draw(s, 1, 10);
    uint32_t loss = strike_draw(s, 1, 12);

    schedule_add(s->schedule, 0, "link * * delay_ms=%u jitter_ms=%u", delay_ms,
                 jitter_ms);
    if (kind != TRIAL_FIGURE8_DISK)
        return;
    schedule_add(s->schedule, 0, "link * * loss=0.%02u dup=0.05", loss);
    schedule_add(s->schedule, 0, "disk * torn=0.5");
}

/* The cuts end, and sooner or later the fallen come back. */
static void come_back(const struct strike *s)
{
    uint64_t mended_us = s->at_us + strike_draw(s, 30, 200) * MS;

    schedule_add(s->schedule, mended_us, "mend");
    if (rng_chance(s->chance, 0.8))
        schedule_add(s->schedule, mended_us + strike_draw(s, 0, 300) * MS,
                     "start *");
}

void figure8_draw(struct schedule *schedule, enum trial_kind kind,
                  uint64_t seed, int nodes)
{
    struct rng chance;
    struct strike s = {.schedule = schedule, .chance = &chance, .nodes = nodes};

    rng_init(&chance, seed, (uint64_t)nodes, FIGURE8_CHANCE, (uint64_t)kind);
    schedule_add(schedule, 0, "start *");
    draw_always(&s, kind);
    s.at_us = 500 * MS;
    while (s.at_us < SWARM_TROUBLE_US - 1200 * MS) {
        s.at_us += fall_somehow(&s);
        come_back(&s);
        s.at_us += strike_draw(&s, 150, 600) * MS;
    }
    swarm_heal(schedule, kind, nodes);
}
