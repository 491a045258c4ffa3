/*
 * trial.c - see trial.h.
 */
#include "trial.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "orders.h"
#include "trial_run.h"

static struct run *running; /* the one trial there is, or NULL */

/* The first thing that goes wrong is what counts. */
void run_fail(struct run *run, const char *rule, int node, const char *expected,
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

/* Whoever is told too keeps its own argument, so ours is found elsewhere. */
static const struct world_watch *also(void)
{
    return running->trial->watch;
}

static void on_violation(void *arg, const struct violation *violation)
{
    run_fail(running, violation->rule, violation->node, violation->expected,
             "%s", violation->observed);
    if (also() != NULL && also()->violation != NULL)
        also()->violation(arg, violation);
}

/* A life has ended. Whether it may have ended itself: its disk failed, or had
 * no room. The next life may only if that is still so. */
static bool may_give_up(struct run *run, int id)
{
    const int *ids;
    int count = world_ids(run->world, &ids);
    bool may = false;

    for (int i = 0; i < count; i++) {
        if (ids[i] != id)
            continue;
        may = run->may_give_up[i];
        run->may_give_up[i] = trial_has_bad_disk(run, id);
    }
    return may && run->load != NULL;
}

static void on_ended(void *arg, int id, enum world_end end, const char *how)
{
    bool may = may_give_up(running, id);

    if (end != END_KILLED && end != END_STOPPED && !(end == END_FATAL && may))
        run_fail(running, "node-ends", id, "a node runs until it is stopped",
                 "%s", how);
    if (running->witness != NULL)
        witness_started(running->witness, id);
    if (also() != NULL && also()->ended != NULL)
        also()->ended(arg, id, end, how);
}

static void on_applied(void *arg, int id, uint64_t index, uint64_t term,
                       const void *data, size_t len)
{
    if (running->witness != NULL)
        witness_applied(running->witness, id, index, term, data, len);
    if (also() != NULL && also()->applied != NULL)
        also()->applied(arg, id, index, term, data, len);
}

static void on_restored(void *arg, int id, uint64_t index, uint64_t term,
                        const void *data, size_t len)
{
    witness_restored(running->witness, id, index);
    if (also() != NULL && also()->restored != NULL)
        also()->restored(arg, id, index, term, data, len);
}

static void on_client(void *arg, uint64_t client, const void *data, size_t len)
{
    (void)arg;
    load_heard(running->load, client, data, len);
}

/* Adds what every coroutine of every node waits for. */
void run_describe(struct run *run)
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

/* What clients and the witness have to say counts after the checker. */
static void look(struct run *run)
{
    const struct wrong *wrong = run->witness != NULL
                                    ? witness_wrong(run->witness)
                                    : NULL;

    if (wrong != NULL)
        run_fail(run, wrong->rule, wrong->node, wrong->expected, "%s",
                 wrong->observed);
}

bool run_pass(struct run *run, uint64_t until_us)
{
    uint64_t limit_us = run->trial->until_us;

    if (limit_us != 0 && until_us > limit_us)
        until_us = limit_us;
    while (!run->result->has_failed) {
        uint64_t next_us = run->load != NULL ? load_next_us(run->load)
                                             : UINT64_MAX;

        if (!world_step(run->world, next_us < until_us ? next_us : until_us)) {
            if (next_us > until_us || next_us == UINT64_MAX)
                break;
            load_act(run->load);
        }
        look(run);
    }
    return !run->result->has_failed &&
           (limit_us == 0 || world_now_us(run->world) < limit_us);
}

static bool be_done_to(struct run *run)
{
    const struct schedule *schedule = run->trial->schedule;
    char error[ORDER_MAX_ERROR];

    for (size_t i = 0; i < schedule->count; i++) {
        if (!run_pass(run, schedule->actions[i].at_us))
            return false;
        if (!trial_order(run, schedule->actions[i].order, error)) {
            run_fail(run, "schedule", NO_NODE, "an order that can be obeyed",
                     "%s", error);
            return false;
        }
    }
    return true;
}

void trial_crash(struct trial_result *result, int node, const char *how)
{
    if (running == NULL)
        return;
    run_fail(running, "node-ends", node, "a node runs until it is stopped",
             "%s", how);
    result->end_us = result->at_us;
    result->counts = world_counts(running->world);
}

/* Who is told of the world. */
static struct world_watch watch_of(const struct run *run)
{
    const struct world_watch *told = run->trial->watch;
    struct world_watch watch = told != NULL ? *told : (struct world_watch){0};

    watch.violation = on_violation;
    watch.ended = on_ended;
    if (run->witness == NULL)
        return watch;
    watch.applied = on_applied;
    watch.restored = on_restored;
    watch.client = on_client;
    return watch;
}

static void set_up_checks(const struct run *run)
{
    struct start_log logs[MAX_NODES];

    check_settings(world_check(run->world), TRIAL_ELECTION_MIN_MS,
                   run->trial->fastest);
    trial_logs(run->trial, logs);
    for (int n = 0; n < run->trial->nodes; n++)
        check_log(world_check(run->world), n + 1, logs[n].count,
                  logs[n].last_term);
}

static void finish(struct run *run)
{
    struct trial_result *result = run->result;

    if (run->trial->before != NULL)
        run->trial->before(run->trial->arg, run->world, NULL);
    result->end_us = world_now_us(run->world);
    result->counts = world_counts(run->world);
    if (run->witness != NULL) {
        result->commits = witness_highest(run->witness);
        result->answers = witness_answers(run->witness);
    }
    running = NULL;
    world_free(run->world);
    load_free(run->load);
    witness_free(run->witness);
}

void trial_run(const struct trial *trial, struct trial_result *result)
{
    struct run run = {.trial = trial, .result = result};
    struct world_watch watch;
    char error[LOADER_MAX_ERROR];
    struct world_setup setup = {.seed = trial->seed,
                                .config = run.config,
                                .code = trial->code,
                                .watch = &watch};

    *result = (struct trial_result){.node = NO_NODE};
    trial_config(trial, run.config);
    if (trial->kind != TRIAL_ELECTION)
        run.witness = witness_new();
    watch = watch_of(&run);
    run.world = world_new(&setup, error);
    if (run.world == NULL) {
        witness_free(run.witness);
        return;
    }
    if (run.witness != NULL)
        run.load = load_new(run.world, run.witness, trial->seed, trial->told);
    running = &run;
    set_up_checks(&run);
    if (be_done_to(&run))
        trial_demand(&run);
    finish(&run);
}
