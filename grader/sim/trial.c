/*
 * trial.c - see trial.h.
 */
#include "trial.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "orders.h"

#define TRIAL_MAX_LOG     64         /* bytes of " log=1,2,3" */
#define TRIAL_MAX_ENTRIES 6          /* in a log that a node starts with */
#define TRIAL_CHANCE      0x6c6f6773 /* the stream of draws for logs */

/* A trial while it runs. */
struct run {
    const struct trial *trial;      /* what is tried */
    struct trial_result *result;    /* what comes of it */
    struct world *world;            /* in which */
    const struct world_watch *also; /* who is told too */
};

/* The first thing that goes wrong is what counts. */
__attribute__((format(printf, 5, 6))) static void fail(
    struct run *run, const char *rule, int node, const char *expected,
    const char *observed, ...)
{
    struct trial_result *result = run->result;
    va_list args;

    if (result->has_failed)
        return;
    result->has_failed = true;
    result->node = node;
    result->at_us = world_now_us(run->world);
    result->event = world_counts(run->world).events;
    snprintf(result->rule, sizeof(result->rule), "%s", rule);
    snprintf(result->expected, sizeof(result->expected), "%s", expected);
    va_start(args, observed);
    vsnprintf(result->observed, sizeof(result->observed), observed, args);
    va_end(args);
}

static void on_violation(void *arg, const struct violation *violation)
{
    struct run *run = arg;

    fail(run, violation->rule, violation->node, violation->expected, "%s",
         violation->observed);
    if (run->also != NULL && run->also->violation != NULL)
        run->also->violation(run->also->arg, violation);
}

static void on_ended(void *arg, int id, enum world_end end, const char *how)
{
    struct run *run = arg;

    if (end != END_KILLED && end != END_STOPPED)
        fail(run, "node-ends", id, "a node runs until it is stopped", "%s",
             how);
    if (run->also != NULL && run->also->ended != NULL)
        run->also->ended(run->also->arg, id, end, how);
}

/* A log that a node starts with: only its terms matter. */
struct start_log {
    uint32_t count;           /* entries */
    uint32_t last_term;       /* of the last of them */
    char text[TRIAL_MAX_LOG]; /* as the configuration has it; "": none */
};

/* Half of all seeds have logs, each node its own. */
static void draw_logs(const struct trial *trial,
                      struct start_log logs[MAX_NODES])
{
    struct rng chance;
    bool has_logs;

    rng_init(&chance, trial->seed, TRIAL_CHANCE, 0, 0);
    has_logs = rng_chance(&chance, 0.5);
    for (int n = 0; n < trial->nodes; n++) {
        struct start_log *log = &logs[n];
        size_t used = 0;

        *log = (struct start_log){.text = ""};
        if (has_logs)
            log->count = rng_below(&chance, TRIAL_MAX_ENTRIES + 1);
        for (uint32_t i = 0; i < log->count; i++) {
            log->last_term += (i == 0 ? 1 : 0) + rng_below(&chance, 2);
            used += (size_t)snprintf(log->text + used, TRIAL_MAX_LOG - used,
                                     "%s%u", i == 0 ? " log=" : ",",
                                     (unsigned)log->last_term);
        }
    }
}

static void write_config(const struct trial *trial, char text[TRIAL_MAX_CONFIG],
                         const struct start_log logs[MAX_NODES])
{
    size_t used = (size_t)snprintf(
        text, TRIAL_MAX_CONFIG,
        "cluster 1\nheartbeat_ms %d\nelection_min_ms %d\n"
        "election_max_ms %d\nrpc_timeout_ms %d\n",
        TRIAL_HEARTBEAT_MS, TRIAL_ELECTION_MIN_MS, TRIAL_ELECTION_MAX_MS,
        TRIAL_RPC_TIMEOUT_MS);

    for (int id = 1; id <= trial->nodes; id++)
        used += (size_t)snprintf(text + used, TRIAL_MAX_CONFIG - used,
                                 "node %d listen=sim:%d client=sim:%d%s\n", id,
                                 1000 + id, 2000 + id, logs[id - 1].text);
}

void trial_config(const struct trial *trial, char text[TRIAL_MAX_CONFIG])
{
    struct start_log logs[MAX_NODES];

    draw_logs(trial, logs);
    write_config(trial, text, logs);
}

/* Adds what every coroutine of every node waits for. */
static void describe(struct run *run)
{
    char *text = run->result->observed;
    const int *ids;
    int count = world_ids(run->world, &ids);

    for (int i = 0; i < count; i++) {
        size_t used = strlen(text);
        char head[32];

        snprintf(head, sizeof(head), "\nnode %d: ", ids[i]);
        if (!world_is_up(run->world, ids[i]) ||
            used + sizeof(head) >= TRIAL_MAX_TEXT)
            continue;
        memcpy(text + used, head, strlen(head) + 1);
        used += strlen(head);
        world_describe(run->world, ids[i], text + used, TRIAL_MAX_TEXT - used);
        if (text[used] == '\0')
            snprintf(text + used, TRIAL_MAX_TEXT - used,
                     "no coroutine is left");
    }
}

/* Lets time pass; false: something has gone wrong. */
static bool pass(struct run *run, uint64_t until_us)
{
    while (!run->result->has_failed && world_step(run->world, until_us))
        ;
    return !run->result->has_failed;
}

static void be_done_to(struct run *run)
{
    const struct schedule *schedule = run->trial->schedule;
    char error[ORDER_MAX_ERROR];

    for (size_t i = 0; i < schedule->count; i++) {
        if (!pass(run, schedule->actions[i].at_us))
            return;
        if (!order_obey(run->world, schedule->actions[i].order, error)) {
            fail(run, "schedule", NO_NODE, "an order that can be obeyed", "%s",
                 error);
            return;
        }
    }
}

static void demand_leader(struct run *run)
{
    uint64_t limit_us = world_now_us(run->world) + TRIAL_PROGRESS_US;

    world_forget_leaders(run->world);
    while (world_acknowledged(run->world) == NO_NODE) {
        if (run->result->has_failed)
            return;
        if (!world_step(run->world, limit_us)) {
            fail(run, "progress", NO_NODE,
                 "once all is healed, a majority acknowledges a leader within "
                 "30 s of virtual time",
                 "%s",
                 world_next_us(run->world) == UINT64_MAX
                     ? "nobody leads, and nothing can happen any more"
                     : "nobody leads");
            describe(run);
            return;
        }
    }
}

static void demand_calm(struct run *run)
{
    uint64_t before;
    uint64_t after;
    int leader;

    if (!pass(run, world_now_us(run->world) + TRIAL_SETTLE_US))
        return;
    leader = world_leader(run->world, &before);
    if (!pass(run, world_now_us(run->world) + TRIAL_CALM_US))
        return;
    if (world_leader(run->world, &after) != leader || after != before)
        fail(run, "calm", world_leader(run->world, NULL),
             "a leader whom all can hear stays leader",
             "node %d led in term %llu, then node %d in term %llu", leader,
             (unsigned long long)before, world_leader(run->world, NULL),
             (unsigned long long)after);
}

static struct world *running; /* of the trial that runs */

void trial_crash(struct trial_result *result, int node, const char *how)
{
    struct run run = {.result = result, .world = running};

    if (running == NULL)
        return;
    fail(&run, "node-ends", node, "a node runs until it is stopped", "%s", how);
    result->end_us = result->at_us;
    result->counts = world_counts(running);
}

void trial_run(const struct trial *trial, struct trial_result *result)
{
    struct run run = {.trial = trial, .result = result, .also = trial->watch};
    struct world_watch watch = trial->watch != NULL ? *trial->watch
                                                    : (struct world_watch){0};
    struct start_log logs[MAX_NODES];
    char config[TRIAL_MAX_CONFIG];
    char error[LOADER_MAX_ERROR];
    struct world_setup setup = {.seed = trial->seed,
                                .config = config,
                                .code = trial->code,
                                .watch = &watch};

    *result = (struct trial_result){.node = NO_NODE};
    watch.arg = &run;
    watch.violation = on_violation;
    watch.ended = on_ended;
    draw_logs(trial, logs);
    write_config(trial, config, logs);
    run.world = world_new(&setup, error);
    if (run.world == NULL)
        return;
    running = run.world;
    election_settings(world_check(run.world), TRIAL_ELECTION_MIN_MS,
                      trial->fastest);
    for (int n = 0; n < trial->nodes; n++)
        election_log(world_check(run.world), n + 1, logs[n].count,
                     logs[n].last_term);
    be_done_to(&run);
    if (!result->has_failed)
        demand_leader(&run);
    if (!result->has_failed)
        demand_calm(&run);
    result->end_us = world_now_us(run.world);
    result->counts = world_counts(run.world);
    running = NULL;
    world_free(run.world);
}
