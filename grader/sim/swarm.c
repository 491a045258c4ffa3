/*
 * swarm.c - see swarm.h. A table of the kinds of fault; each adds its actions.
 */
#include "swarm.h"

#include "strike.h"

#define SWARM_CHANCE 0x7377726d /* its stream of random draws */

/* ---- Draws ------------------------------------------------------------- */

uint32_t strike_draw(const struct strike *s, uint32_t low, uint32_t high)
{
    return low + rng_below(s->chance, high - low + 1);
}

int strike_node(const struct strike *s)
{
    return (int)strike_draw(s, 1, (uint32_t)s->nodes);
}

const char *strike_victim(const struct strike *s)
{
    static const char *const others[] = {"other:0", "other:1", "other:2",
                                         "other:3"};
    uint32_t count = (uint32_t)(s->nodes - 1 < 4 ? s->nodes - 1 : 4);

    if (rng_chance(s->chance, 0.5))
        return "leader";
    return others[rng_below(s->chance, count)];
}

void strike_end(const struct strike *s, const char *order)
{
    schedule_add(s->schedule, s->at_us + s->for_us, "%s", order);
}

/* ---- What is wrong all the time ---------------------------------------- */

static void be_lossy(const struct strike *s)
{
    schedule_add(s->schedule, 0, "link * * loss=0.%02u", strike_draw(s, 1, 30));
}

static void be_double(const struct strike *s)
{
    schedule_add(s->schedule, 0, "link * * dup=0.%02u", strike_draw(s, 1, 30));
}

static void be_slow(const struct strike *s)
{
    uint32_t delay_ms = strike_draw(s, 0, 10);
    uint32_t jitter_ms = strike_draw(s, 1, 20);

    schedule_add(s->schedule, 0, "link * * delay_ms=%u jitter_ms=%u", delay_ms,
                 jitter_ms);
}

static void have_tail(const struct strike *s)
{
    uint32_t percent = strike_draw(s, 1, 20);
    uint32_t most_ms = strike_draw(s, 50, 900);

    schedule_add(s->schedule, 0, "link * * tail=0.%02u,%u", percent, most_ms);
}

static void be_unordered(const struct strike *s)
{
    uint32_t percent = strike_draw(s, 1, 30);
    uint32_t most_ms = strike_draw(s, 5, 300);

    schedule_add(s->schedule, 0, "link * * reorder=0.%02u,%u", percent,
                 most_ms);
}

static void be_chopped(const struct strike *s)
{
    schedule_add(s->schedule, 0, "link * * chunk=%u", strike_draw(s, 1, 40));
}

/* Rates of 0.90 to 1.10. */
static void drift(const struct strike *s)
{
    for (int id = 1; id <= s->nodes; id++) {
        uint32_t percent = strike_draw(s, 90, 110);

        schedule_add(s->schedule, 1, "rate %d %u.%02u", id, percent / 100,
                     percent % 100);
    }
}

static void have_jitter(const struct strike *s)
{
    schedule_add(s->schedule, 0, "jitter * %u", strike_draw(s, 100, 20000));
}

static void have_bad_disk(const struct strike *s)
{
    uint32_t slow = strike_draw(s, 1, 30);
    uint32_t slow_ms = strike_draw(s, 5, 200);
    uint32_t fail = strike_draw(s, 0, 10);

    schedule_add(s->schedule, 0, "disk * torn=0.5 slow=0.%02u,%u fail=0.%02u",
                 slow, slow_ms, fail);
}

/* ---- What strikes now and then ----------------------------------------- */

static void cut_victim(const struct strike *s)
{
    schedule_add(s->schedule, s->at_us, "partition %s rest", strike_victim(s));
    strike_end(s, "mend");
}

static void cut_leader_and_one(const struct strike *s)
{
    schedule_add(s->schedule, s->at_us, "partition leader,other:0 rest");
    strike_end(s, "mend");
}

static void cut_halves(const struct strike *s)
{
    uint32_t members = strike_draw(s, 1, (1u << s->nodes) - 2);
    char set[ACTION_MAX_BYTES];
    size_t used = 0;

    for (int i = 0; i < s->nodes; i++)
        if ((members >> i & 1) != 0)
            used += (size_t)snprintf(set + used, sizeof(set) - used, "%s%d",
                                     used > 0 ? "," : "", i + 1);
    schedule_add(s->schedule, s->at_us, "partition %.140s rest", set);
    strike_end(s, "mend");
}

static void cut_one_way(const struct strike *s)
{
    const char *victim = strike_victim(s);

    if (rng_chance(s->chance, 0.5))
        schedule_add(s->schedule, s->at_us, "link %s * cut=1", victim);
    else
        schedule_add(s->schedule, s->at_us, "link * %s cut=1", victim);
    strike_end(s, "mend");
}

static void build_bridge(const struct strike *s)
{
    if (rng_chance(s->chance, 0.5))
        schedule_add(s->schedule, s->at_us, "bridge other:0 leader rest");
    else
        schedule_add(s->schedule, s->at_us, "bridge leader other:0 rest");
    strike_end(s, "mend");
}

static void build_star(const struct strike *s)
{
    schedule_add(s->schedule, s->at_us, "star %s", strike_victim(s));
    strike_end(s, "mend");
}

static void flap(const struct strike *s)
{
    const char *victim = strike_victim(s);
    uint64_t at_us = s->at_us;

    for (uint32_t i = strike_draw(s, 2, 5); i > 0; i--) {
        schedule_add(s->schedule, at_us, "partition %s rest", victim);
        at_us += strike_draw(s, 20, 250) * MS;
        schedule_add(s->schedule, at_us, "mend");
        at_us += strike_draw(s, 20, 250) * MS;
    }
}

static void hold_back(const struct strike *s)
{
    int from = strike_node(s);

    schedule_add(s->schedule, s->at_us, "link %d * clog=1", from);
    strike_end(s, "mend");
}

static void reset(const struct strike *s)
{
    schedule_add(s->schedule, s->at_us, "reset %s *", strike_victim(s));
}

static void kill_one(const struct strike *s)
{
    schedule_add(s->schedule, s->at_us, "kill %s", strike_victim(s));
    strike_end(s, "start *");
}

static void kill_some(const struct strike *s)
{
    for (int id = 1; id <= s->nodes; id++)
        if (rng_chance(s->chance, 0.5))
            schedule_add(s->schedule, s->at_us, "kill %d", id);
    strike_end(s, "start *");
}

static void crash_at_point(const struct strike *s)
{
    static const char *const points[] = {"send", "write", "sync", "synced"};
    uint32_t point = strike_draw(s, 0, 3);
    uint32_t count = strike_draw(s, 1, point == 0 ? 12 : 3);

    schedule_add(s->schedule, s->at_us, "crash %s %s %u", strike_victim(s),
                 points[point], count);
    strike_end(s, "start *");
}

static void pause_one(const struct strike *s)
{
    schedule_add(s->schedule, s->at_us, "pause %s", strike_victim(s));
    strike_end(s, "resume *");
}

static void jump_wall(const struct strike *s)
{
    int by_ms = (int)strike_draw(s, 0, 7200000) - 3600000;

    schedule_add(s->schedule, s->at_us, "wall %d %d", strike_node(s), by_ms);
}

/* ---- The swarm --------------------------------------------------------- */

static const strike_fn always[] = {be_lossy,  be_double,    be_slow,
                                   have_tail, be_unordered, be_chopped,
                                   drift,     have_jitter,  have_bad_disk};

static const strike_fn sometimes[] = {
    cut_victim,   cut_leader_and_one, cut_halves, cut_one_way,
    build_bridge, build_star,         flap,       hold_back,
    reset,        kill_one,           kill_some,  crash_at_point,
    pause_one,    jump_wall};

#define ALWAYS    (sizeof(always) / sizeof(always[0]))
#define SOMETIMES (sizeof(sometimes) / sizeof(sometimes[0]))
#define MOST      (SOMETIMES + STRIKES_MOST)

/* Everything is well from now on. */
void swarm_heal(struct schedule *schedule, enum trial_kind kind, int nodes)
{
    static const char *const points[] = {"send", "write", "sync", "synced",
                                         "apply"};
    size_t count = sizeof(points) / sizeof(points[0]);
    uint64_t at_us = SWARM_TROUBLE_US;

    if (kind == TRIAL_ELECTION)
        count--;
    else
        schedule_add(schedule, at_us, "clients 0 1");
    schedule_add(schedule, at_us, "heal");
    schedule_add(schedule, at_us, "disk * torn=0 fail=0 slow=0,0%s",
                 kind == TRIAL_ELECTION ? "" : SWARM_ROOM);
    schedule_add(schedule, at_us, "resume *");
    for (int id = 1; id <= nodes; id++)
        for (size_t i = 0; i < count; i++)
            schedule_add(schedule, at_us, "crash %d %s 0", id, points[i]);
    schedule_add(schedule, at_us, "start *");
}

/* The kinds of fault that strike now and then: of all trials, then of those of
 * this kind. */
static size_t list_kinds(enum trial_kind kind, strike_fn kinds[MOST])
{
    size_t count = SOMETIMES;

    for (size_t i = 0; i < SOMETIMES; i++)
        kinds[i] = sometimes[i];
    return count + strikes_list(kind, kinds + count);
}

/* What is wrong all the time: the disk is a matter of the kind. */
static void draw_always(const struct strike *s, enum trial_kind kind)
{
    for (size_t i = 0; i < ALWAYS; i++)
        if (rng_chance(s->chance, 0.3) &&
            (kind == TRIAL_ELECTION || always[i] != have_bad_disk))
            always[i](s);
    if (kind != TRIAL_ELECTION)
        strikes_always(s, kind);
}

void swarm_draw(struct schedule *schedule, enum trial_kind kind, uint64_t seed,
                int nodes)
{
    struct rng chance;
    struct strike s = {.schedule = schedule, .chance = &chance, .nodes = nodes};
    strike_fn kinds[MOST];
    size_t count = list_kinds(kind, kinds);
    bool has[MOST];
    uint64_t pace_ms;

    rng_init(&chance, seed, (uint64_t)nodes, SWARM_CHANCE, (uint64_t)kind);
    schedule_add(schedule, 0, "start *");
    draw_always(&s, kind);
    for (size_t i = 0; i < count; i++)
        has[i] = rng_chance(&chance, 0.4);
    pace_ms = strike_draw(&s, 100, 1200);
    s.at_us = strike_draw(&s, 0, 600) * MS;
    while (s.at_us < SWARM_TROUBLE_US) {
        uint32_t drawn = rng_below(&chance, (uint32_t)count);

        s.for_us = strike_draw(&s, 10, rng_chance(&chance, 0.5) ? 300 : 1500) *
                   MS;
        if (s.at_us + s.for_us > SWARM_TROUBLE_US)
            s.for_us = SWARM_TROUBLE_US - s.at_us;
        if (has[drawn])
            kinds[drawn](&s);
        s.at_us += strike_draw(&s, 10, (uint32_t)pace_ms) * MS;
    }
    swarm_heal(schedule, kind, nodes);
}
