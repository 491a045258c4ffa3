/*
 * crashes.c - see crashes.h. The points lie in memory that the child which runs
 * the story shares with its parent.
 */
#define _GNU_SOURCE

#include "crashes.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "child.h"
#include "explore.h"
#include "inside.h"

#define MAX_POINTS  9000 /* of one story */
#define MAX_WRITES  3000 /* of one node */
#define RESTART_MS  350  /* a node that is down waits for at most so long */
#define STORY_MS    2900 /* then all is healed */
#define POINT_KINDS 3    /* writes, syncs, syncs that ended */

/* A crash. */
struct point {
    int node;              /* whose */
    enum world_point kind; /* where */
    uint32_t number;       /* the so manieth, from 1 */
    uint32_t torn_bytes;   /* of the write that stay; 0: none */
};

/* All there is to know of a story. */
struct crashes {
    uint64_t count;                             /* of points */
    struct point points[MAX_POINTS];            /* in their order */
    uint32_t writes[CRASHES_NODES][MAX_WRITES]; /* bytes of each */
    uint32_t write_count[CRASHES_NODES];        /* how many */
};

/* The story: the lines are actions at milliseconds. */
static const struct {
    unsigned at_ms;    /* when */
    const char *order; /* what */
} story[] = {
    {600, "propose leader 6 60"},
    {750, "propose leader 6 60"},
    {850, "partition other:0 rest"}, /* it will miss much */
    {900, "propose leader 30 100"},
    {1000, "propose leader 30 100"},
    {1100, "mend"}, /* it gets a snapshot */
    {1400, "propose leader 4 60"},
    {1500, "partition leader rest"},
    {1510, "propose leader 3 60"}, /* nobody hears of these */
    {2100, "propose leader 4 60"}, /* the next leader does */
    {2200, "mend"},
    {2500, "propose leader 4 60"},
};

uint64_t crashes_seed(uint64_t number)
{
    return number / CRASHES_STRIDE;
}

uint64_t crashes_count(const struct crashes *crashes)
{
    return crashes->count;
}

/* ---- Schedules --------------------------------------------------------- */

static void add_crash(struct schedule *schedule, const struct point *point)
{
    static const char *const names[POINT_KINDS] = {"write", "sync", "synced"};

    schedule_add(schedule, 0, "crash %d %s %u", point->node,
                 names[point->kind - POINT_WRITE], (unsigned)point->number);
    if (point->torn_bytes > 0)
        schedule_add(schedule, 0, "disk %d torn_at=%u", point->node,
                     (unsigned)point->torn_bytes);
}

void crashes_draw(const struct crashes *crashes, uint64_t number,
                  struct schedule *schedule)
{
    uint64_t at = number % CRASHES_STRIDE;

    if (at > 0 && at <= crashes->count)
        add_crash(schedule, &crashes->points[at - 1]);
    schedule_add(schedule, 0, "start *");
    for (size_t i = 0; i < sizeof(story) / sizeof(story[0]); i++)
        schedule_add(schedule, UINT64_C(1000) * story[i].at_ms, "%s",
                     story[i].order);
    for (unsigned ms = RESTART_MS; ms < STORY_MS && at > 0; ms += RESTART_MS)
        schedule_add(schedule, UINT64_C(1000) * ms, "start *");
    schedule_add(schedule, UINT64_C(1000) * STORY_MS, "heal");
    for (int id = 1; id <= CRASHES_NODES && at > 0; id++)
        for (int kind = 0; kind < POINT_KINDS; kind++)
            schedule_add(schedule, UINT64_C(1000) * STORY_MS, "crash %d %s 0",
                         id,
                         kind == 0   ? "write"
                         : kind == 1 ? "sync"
                                     : "synced");
    schedule_add(schedule, UINT64_C(1000) * STORY_MS, "start *");
}

/* ---- Counting ---------------------------------------------------------- */

/* The story while it is run without a crash. */
struct counting {
    struct plan *plan;       /* whose */
    struct crashes *crashes; /* what is found */
    bool has_begun;          /* the countdowns run */
    bool has_ended;          /* the story is over */
};

static void on_act(void *arg, int id, const char *what, uint64_t a, uint64_t b,
                   const void *data, size_t len)
{
    struct counting *counting = arg;
    uint32_t *count = &counting->crashes->write_count[id - 1];

    (void)a;
    (void)b;
    (void)data;
    if (!counting->has_ended && *count < MAX_WRITES &&
        (strncmp(what, "append ", 7) == 0 ||
         strncmp(what, "disk write ", 11) == 0))
        counting->crashes->writes[id - 1][(*count)++] = (uint32_t)len;
}

static void add_point(struct crashes *crashes, int node, enum world_point kind,
                      uint32_t number, uint32_t torn_bytes)
{
    if (crashes->count < MAX_POINTS)
        crashes->points[crashes->count++] = (struct point){
            .node = node,
            .kind = kind,
            .number = number,
            .torn_bytes = torn_bytes,
        };
}

static void add_points(struct crashes *crashes, const struct host *place)
{
    for (int kind = POINT_WRITE; kind < POINT_WRITE + POINT_KINDS; kind++) {
        uint32_t count = UINT32_MAX - place->countdown[kind];

        for (uint32_t n = 1; n <= count; n++) {
            add_point(crashes, place->id, (enum world_point)kind, n, 0);
            if (kind == POINT_WRITE && n <= MAX_WRITES &&
                crashes->writes[place->id - 1][n - 1] > 1)
                add_point(crashes, place->id, POINT_WRITE, n,
                          crashes->writes[place->id - 1][n - 1] / 2);
        }
    }
}

/* Countdowns that never end count; they are read when all is healed. */
static void before(void *arg, struct world *world, const char *order)
{
    struct counting *counting = arg;
    bool is_end = order == NULL || strcmp(order, "heal") == 0;

    if (is_end && counting->has_ended)
        return;
    for (int id = 1; id <= CRASHES_NODES; id++) {
        struct host *place = place_of(world, id);

        if (!counting->has_begun)
            for (int kind = 0; kind < POINT_COUNT; kind++)
                place->countdown[kind] = UINT32_MAX;
        else if (is_end)
            add_points(counting->crashes, place);
    }
    counting->has_begun = true;
    counting->has_ended = is_end;
}

static void run_story(void *arg, uint64_t number, struct trial_result *result)
{
    struct counting *counting = arg;
    struct world_watch watch = {.arg = counting, .act = on_act};
    struct schedule schedule = {0};
    struct trial trial = plan_trial(counting->plan, number, &schedule);

    crashes_draw(counting->crashes, number, &schedule);
    trial.watch = &watch;
    trial.before = before;
    trial.arg = counting;
    trial_run(&trial, result);
    schedule_free(&schedule);
}

static bool take_story(void *arg, uint64_t number,
                       const struct trial_result *result)
{
    (void)arg;
    (void)number;
    (void)result; /* what is wrong with the story is told as number 0 */
    return true;
}

void crashes_find(struct plan *plan)
{
    bool is_point = plan->seed >= CRASHES_STRIDE;
    uint64_t number = is_point ? plan->seed : plan->seed * CRASHES_STRIDE;
    struct counting counting = {.plan = plan};

    plan->crashes = mmap(NULL, sizeof(*plan->crashes), PROT_READ | PROT_WRITE,
                         MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (plan->crashes == MAP_FAILED) {
        perror("sim: no memory for crash points");
        _exit(4);
    }
    counting.crashes = plan->crashes;
    child_run(&(struct batch){.run = run_story,
                              .take = take_story,
                              .arg = &counting,
                              .first = number / CRASHES_STRIDE * CRASHES_STRIDE,
                              .count = 1});
    plan->seed = number;
    if (number % CRASHES_STRIDE > plan->crashes->count) {
        fprintf(stderr,
                "sim: story %" PRIu64 " has %" PRIu64 " crash points, and "
                "there is no number %" PRIu64 ": take a seed below %d for a "
                "whole story\n",
                number / CRASHES_STRIDE, plan->crashes->count,
                number % CRASHES_STRIDE, CRASHES_STRIDE);
        _exit(4);
    }
    if (plan->seed % CRASHES_STRIDE + plan->seeds > plan->crashes->count + 1)
        plan->seeds = plan->crashes->count + 1 - plan->seed % CRASHES_STRIDE;
}
