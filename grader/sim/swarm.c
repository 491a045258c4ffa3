/*
 * swarm.c - see swarm.h. A table of the kinds of fault; each adds its actions.
 */
#include "swarm.h"

#include "../net/rng.h"

#define SWARM_CHANCE 0x7377726d /* its stream of random draws */
#define MS           UINT64_C(1000)

/* What a fault needs to know to strike. */
struct strike {
    struct schedule *schedule; /* takes the actions */
    struct rng *chance;        /* decides */
    int nodes;                 /* in the cluster */
    uint64_t at_us;            /* when it begins */
    uint64_t for_us;           /* how long it lasts */
};

/* Never twice in one list of arguments: compilers differ in their order. */
static uint32_t draw(const struct strike *s, uint32_t low, uint32_t high)
{
    return low + rng_below(s->chance, high - low + 1);
}

static int draw_node(const struct strike *s)
{
    return (int)draw(s, 1, (uint32_t)s->nodes);
}

/* The leader as often as all others together. */
static const char *draw_victim(const struct strike *s)
{
    static const char *const others[] = {"other:0", "other:1", "other:2",
                                         "other:3"};
    uint32_t count = (uint32_t)(s->nodes - 1 < 4 ? s->nodes - 1 : 4);

    if (rng_chance(s->chance, 0.5))
        return "leader";
    return others[rng_below(s->chance, count)];
}

static void add_end(const struct strike *s, const char *order)
{
    schedule_add(s->schedule, s->at_us + s->for_us, "%s", order);
}

/* ---- What is wrong all the time ---------------------------------------- */

static void be_lossy(const struct strike *s)
{
    schedule_add(s->schedule, 0, "link * * loss=0.%02u", draw(s, 1, 30));
}

static void be_double(const struct strike *s)
{
    schedule_add(s->schedule, 0, "link * * dup=0.%02u", draw(s, 1, 30));
}

static void be_slow(const struct strike *s)
{
    uint32_t delay_ms = draw(s, 0, 10);
    uint32_t jitter_ms = draw(s, 1, 20);

    schedule_add(s->schedule, 0, "link * * delay_ms=%u jitter_ms=%u", delay_ms,
                 jitter_ms);
}

static void have_tail(const struct strike *s)
{
    uint32_t percent = draw(s, 1, 20);
    uint32_t most_ms = draw(s, 50, 900);

    schedule_add(s->schedule, 0, "link * * tail=0.%02u,%u", percent, most_ms);
}

static void be_unordered(const struct strike *s)
{
    uint32_t percent = draw(s, 1, 30);
    uint32_t most_ms = draw(s, 5, 300);

    schedule_add(s->schedule, 0, "link * * reorder=0.%02u,%u", percent,
                 most_ms);
}

static void be_chopped(const struct strike *s)
{
    schedule_add(s->schedule, 0, "link * * chunk=%u", draw(s, 1, 40));
}

/* Rates of 0.90 to 1.10. */
static void drift(const struct strike *s)
{
    for (int id = 1; id <= s->nodes; id++) {
        uint32_t percent = draw(s, 90, 110);

        schedule_add(s->schedule, 1, "rate %d %u.%02u", id, percent / 100,
                     percent % 100);
    }
}

static void have_jitter(const struct strike *s)
{
    schedule_add(s->schedule, 0, "jitter * %u", draw(s, 100, 20000));
}

static void have_bad_disk(const struct strike *s)
{
    uint32_t slow = draw(s, 1, 30);
    uint32_t slow_ms = draw(s, 5, 200);
    uint32_t fail = draw(s, 0, 10);

    schedule_add(s->schedule, 0, "disk * torn=0.5 slow=0.%02u,%u fail=0.%02u",
                 slow, slow_ms, fail);
}

/* ---- What strikes now and then ----------------------------------------- */

static void cut_victim(const struct strike *s)
{
    schedule_add(s->schedule, s->at_us, "partition %s rest", draw_victim(s));
    add_end(s, "mend");
}

static void cut_leader_and_one(const struct strike *s)
{
    schedule_add(s->schedule, s->at_us, "partition leader,other:0 rest");
    add_end(s, "mend");
}

static void cut_halves(const struct strike *s)
{
    uint32_t members = draw(s, 1, (1u << s->nodes) - 2);
    char set[ACTION_MAX_BYTES];
    size_t used = 0;

    for (int i = 0; i < s->nodes; i++)
        if ((members >> i & 1) != 0)
            used += (size_t)snprintf(set + used, sizeof(set) - used, "%s%d",
                                     used > 0 ? "," : "", i + 1);
    schedule_add(s->schedule, s->at_us, "partition %.140s rest", set);
    add_end(s, "mend");
}

static void cut_one_way(const struct strike *s)
{
    const char *victim = draw_victim(s);

    if (rng_chance(s->chance, 0.5))
        schedule_add(s->schedule, s->at_us, "link %s * cut=1", victim);
    else
        schedule_add(s->schedule, s->at_us, "link * %s cut=1", victim);
    add_end(s, "mend");
}

static void build_bridge(const struct strike *s)
{
    if (rng_chance(s->chance, 0.5))
        schedule_add(s->schedule, s->at_us, "bridge other:0 leader rest");
    else
        schedule_add(s->schedule, s->at_us, "bridge leader other:0 rest");
    add_end(s, "mend");
}

static void build_star(const struct strike *s)
{
    schedule_add(s->schedule, s->at_us, "star %s", draw_victim(s));
    add_end(s, "mend");
}

static void flap(const struct strike *s)
{
    const char *victim = draw_victim(s);
    uint64_t at_us = s->at_us;

    for (uint32_t i = draw(s, 2, 5); i > 0; i--) {
        schedule_add(s->schedule, at_us, "partition %s rest", victim);
        at_us += draw(s, 20, 250) * MS;
        schedule_add(s->schedule, at_us, "mend");
        at_us += draw(s, 20, 250) * MS;
    }
}

static void hold_back(const struct strike *s)
{
    int from = draw_node(s);

    schedule_add(s->schedule, s->at_us, "link %d * clog=1", from);
    add_end(s, "mend");
}

static void reset(const struct strike *s)
{
    schedule_add(s->schedule, s->at_us, "reset %s *", draw_victim(s));
}

static void kill_one(const struct strike *s)
{
    schedule_add(s->schedule, s->at_us, "kill %s", draw_victim(s));
    add_end(s, "start *");
}

static void kill_some(const struct strike *s)
{
    for (int id = 1; id <= s->nodes; id++)
        if (rng_chance(s->chance, 0.5))
            schedule_add(s->schedule, s->at_us, "kill %d", id);
    add_end(s, "start *");
}

static void crash_at_point(const struct strike *s)
{
    static const char *const points[] = {"send", "write", "sync", "synced"};
    uint32_t point = draw(s, 0, 3);
    uint32_t count = draw(s, 1, point == 0 ? 12 : 3);

    schedule_add(s->schedule, s->at_us, "crash %s %s %u", draw_victim(s),
                 points[point], count);
    add_end(s, "start *");
}

static void pause_one(const struct strike *s)
{
    schedule_add(s->schedule, s->at_us, "pause %s", draw_victim(s));
    add_end(s, "resume *");
}

static void jump_wall(const struct strike *s)
{
    int by_ms = (int)draw(s, 0, 7200000) - 3600000;

    schedule_add(s->schedule, s->at_us, "wall %d %d", draw_node(s), by_ms);
}

/* ---- The swarm --------------------------------------------------------- */

static void (*const always[])(const struct strike *) = {
    be_lossy,   be_double, be_slow,     have_tail,    be_unordered,
    be_chopped, drift,     have_jitter, have_bad_disk};

static void (*const sometimes[])(const struct strike *) = {
    cut_victim,   cut_leader_and_one, cut_halves, cut_one_way,
    build_bridge, build_star,         flap,       hold_back,
    reset,        kill_one,           kill_some,  crash_at_point,
    pause_one,    jump_wall};

#define ALWAYS    (sizeof(always) / sizeof(always[0]))
#define SOMETIMES (sizeof(sometimes) / sizeof(sometimes[0]))

/* Everything is well from now on. */
static void heal(struct schedule *schedule, int nodes)
{
    uint64_t at_us = SWARM_TROUBLE_US;

    schedule_add(schedule, at_us, "heal");
    schedule_add(schedule, at_us, "disk * torn=0 fail=0 slow=0,0");
    schedule_add(schedule, at_us, "resume *");
    for (int id = 1; id <= nodes; id++) {
        schedule_add(schedule, at_us, "crash %d send 0", id);
        schedule_add(schedule, at_us, "crash %d write 0", id);
        schedule_add(schedule, at_us, "crash %d sync 0", id);
        schedule_add(schedule, at_us, "crash %d synced 0", id);
    }
    schedule_add(schedule, at_us, "start *");
}

void swarm_draw(struct schedule *schedule, uint64_t seed, int nodes)
{
    struct rng chance;
    struct strike s = {.schedule = schedule, .chance = &chance, .nodes = nodes};
    bool has[SOMETIMES];
    uint64_t pace_ms;

    rng_init(&chance, seed, (uint64_t)nodes, SWARM_CHANCE, 0);
    schedule_add(schedule, 0, "start *");
    for (size_t i = 0; i < ALWAYS; i++)
        if (rng_chance(&chance, 0.3))
            always[i](&s);
    for (size_t i = 0; i < SOMETIMES; i++)
        has[i] = rng_chance(&chance, 0.4);
    pace_ms = draw(&s, 100, 1200);
    s.at_us = draw(&s, 0, 600) * MS;
    while (s.at_us < SWARM_TROUBLE_US) {
        uint32_t kind = rng_below(&chance, SOMETIMES);

        s.for_us = draw(&s, 10, rng_chance(&chance, 0.5) ? 300 : 1500) * MS;
        if (s.at_us + s.for_us > SWARM_TROUBLE_US)
            s.for_us = SWARM_TROUBLE_US - s.at_us;
        if (has[kind])
            sometimes[kind](&s);
        s.at_us += draw(&s, 10, (uint32_t)pace_ms) * MS;
    }
    heal(schedule, nodes);
}
