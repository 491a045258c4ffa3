/*
 * strikes.c - faults that only matter to nodes that replicate, and those of
 * disks. See swarm.h.
 */
#include "strike.h"

/* ---- Clients ----------------------------------------------------------- */

static void propose_some(const struct strike *s)
{
    uint32_t count = strike_draw(s, 1, 30);
    uint32_t len = strike_draw(s, 24, 80);

    schedule_add(s->schedule, s->at_us, "propose %s %u %u", strike_victim(s),
                 count, len);
}

/* A leader is alone, and is given what can never commit. */
static void strand(const struct strike *s)
{
    uint32_t count = strike_draw(s, 1, 50);

    schedule_add(s->schedule, s->at_us, "partition leader rest");
    schedule_add(s->schedule, s->at_us + MS, "propose leader %u 40", count);
    strike_end(s, "mend");
}

/* Somebody misses much. */
static void lag(const struct strike *s)
{
    uint32_t count = strike_draw(s, 5, 40);
    uint32_t len = strike_draw(s, 24, 200);
    uint32_t who = strike_draw(s, 0, s->nodes > 3 ? 1 : 0);

    schedule_add(s->schedule, s->at_us, "partition other:%u rest", who);
    schedule_add(s->schedule, s->at_us + 10 * MS, "propose leader %u %u", count,
                 len);
    schedule_add(s->schedule, s->at_us + s->for_us / 2, "propose leader %u %u",
                 count, len);
    strike_end(s, "mend");
}

/* The leader falls when it has just committed something. */
static void fall_at_commit(const struct strike *s)
{
    uint32_t count = strike_draw(s, 1, 8);

    schedule_add(s->schedule, s->at_us, "crash leader apply %u", count);
    schedule_add(s->schedule, s->at_us, "propose leader 2 30");
    strike_end(s, "start *");
}

static void cut_power(const struct strike *s)
{
    schedule_add(s->schedule, s->at_us, "powercut");
}

/* ---- Disks ------------------------------------------------------------- */

static void kill_all(const struct strike *s)
{
    schedule_add(s->schedule, s->at_us, "kill *");
    strike_end(s, "start *");
}

/* A node falls, and once more while it comes back. */
static void fall_twice(const struct strike *s)
{
    static const char *const points[] = {"write", "sync", "synced"};
    int id = strike_node(s);
    uint32_t point = strike_draw(s, 0, 2);
    uint32_t count = strike_draw(s, 1, 4);

    schedule_add(s->schedule, s->at_us, "kill %d", id);
    schedule_add(s->schedule, s->at_us, "crash %d %s %u", id, points[point],
                 count);
    schedule_add(s->schedule, s->at_us + s->for_us / 2, "start *");
    strike_end(s, "start *");
}

static void run_full(const struct strike *s)
{
    int id = strike_node(s);
    uint32_t room = strike_draw(s, 0, 20000);

    schedule_add(s->schedule, s->at_us, "disk %d room=%u", id, room);
    schedule_add(s->schedule, s->at_us + s->for_us, "disk %d full=1073741824",
                 id);
    strike_end(s, "start *");
}

static void fail_sync(const struct strike *s)
{
    int id = strike_node(s);
    uint32_t count = strike_draw(s, 1, 5);

    schedule_add(s->schedule, s->at_us, "disk %d fail_at=%u", id, count);
    schedule_add(s->schedule, s->at_us + s->for_us, "disk %d fail_at=0", id);
    strike_end(s, "start *");
}

/* ---- Lists ------------------------------------------------------------- */

size_t strikes_list(enum trial_kind kind, strike_fn list[STRIKES_MOST])
{
    static const strike_fn of_log[] = {propose_some, strand, lag,
                                       fall_at_commit, cut_power};
    static const strike_fn of_disk[] = {lag,      kill_all,  fall_twice,
                                        run_full, fail_sync, cut_power};
    size_t count = 0;

    if (kind == TRIAL_ELECTION)
        return 0;
    for (size_t i = 0; i < sizeof(of_log) / sizeof(of_log[0]); i++)
        list[count++] = of_log[i];
    for (size_t i = 0; i < sizeof(of_disk) / sizeof(of_disk[0]); i++)
        if (kind == TRIAL_DISK)
            list[count++] = of_disk[i];
    return count;
}

static void have_bad_disks(const struct strike *s, enum trial_kind kind)
{
    uint32_t slow = strike_draw(s, 1, 30);
    uint32_t slow_ms = strike_draw(s, 5, 150);
    uint32_t fail = strike_draw(s, 0, 3);
    bool is_torn = rng_chance(s->chance, 0.6);

    if (rng_chance(s->chance, 0.3))
        schedule_add(s->schedule, 0, "disk * slow=0.%02u,%u", slow, slow_ms);
    if (is_torn)
        schedule_add(s->schedule, 0, "disk * torn=0.7");
    if (kind != TRIAL_DISK || fail == 0 || rng_chance(s->chance, 0.7))
        return;
    schedule_add(s->schedule, 0, "disk * fail=0.%02u", fail);
    for (uint64_t at_us = 400 * MS; at_us < 6000 * MS; at_us += 400 * MS)
        schedule_add(s->schedule, at_us, "start *");
}

void strikes_always(const struct strike *s, enum trial_kind kind)
{
    uint32_t at_ms = strike_draw(s, 0, 600);
    uint32_t count = strike_draw(s, 1, 4);
    uint32_t pause_ms = strike_draw(s, 60, 500);

    schedule_add(s->schedule, at_ms * MS, "clients %u %u", count, pause_ms);
    have_bad_disks(s, kind);
    if (rng_chance(s->chance, 0.5))
        schedule_add(s->schedule, strike_draw(s, 1000, 5900) * MS, "powercut");
}
