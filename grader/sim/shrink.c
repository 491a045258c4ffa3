/*
 * shrink.c - from a schedule that fails to a short one that fails by the same
 * rule. See explore.h.
 *
 * What came after the failure goes first; then ever smaller runs of actions are
 * left out, as long as the rest still fails; then the times between actions are
 * halved. Every candidate is a trial in a child of its own.
 */
#define _GNU_SOURCE

#include <string.h>

#include "child.h"
#include "explore.h"

#define SHRINK_MAX_TRIALS 3000 /* candidates tried */

/* A schedule while it is shrunk. */
struct shrinking {
    const struct plan *plan;      /* whose seed */
    struct schedule best;         /* the shortest that fails */
    struct trial_result failure;  /* how it does */
    const struct schedule *tried; /* the candidate */
    struct trial_result result;   /* what came of it */
    int trials;                   /* candidates so far */
};

static void run(void *arg, uint64_t seed, struct trial_result *result)
{
    const struct shrinking *s = arg;

    plan_try(s->plan, seed, s->tried, result);
}

static bool take(void *arg, uint64_t seed, const struct trial_result *result)
{
    struct shrinking *s = arg;

    (void)seed;
    s->result = *result;
    return true;
}

/* Tries a candidate; if it fails by the same rule it is the best. Takes it. */
static bool try(struct shrinking *s, struct schedule *candidate)
{
    bool is_better = false;

    if (s->trials++ < SHRINK_MAX_TRIALS) {
        s->tried = candidate;
        child_run(&(struct batch){.run = run,
                                  .take = take,
                                  .arg = s,
                                  .first = s->plan->seed,
                                  .count = 1});
        is_better = s->result.has_failed &&
                    (s->failure.rule[0] == '\0' ||
                     strcmp(s->result.rule, s->failure.rule) == 0);
    }
    if (is_better) {
        schedule_copy(&s->best, candidate);
        s->failure = s->result;
    }
    schedule_free(candidate);
    return is_better;
}

/* What ends a fault, or starts nodes. */
static bool is_healing(const char *order)
{
    size_t len = strlen(order);

    return strcmp(order, "heal") == 0 || strcmp(order, "start *") == 0 ||
           strcmp(order, "resume *") == 0 ||
           strncmp(order, "disk * torn=0 ", 14) == 0 ||
           strcmp(order, "clients 0 1") == 0 ||
           (strncmp(order, "crash ", 6) == 0 &&
            strcmp(order + len - 2, " 0") == 0);
}

/* Rules about what must come once all is well. */
static bool is_of_the_end(const char *rule)
{
    return strcmp(rule, "progress") == 0 || strcmp(rule, "calm") == 0 ||
           strcmp(rule, "commits") == 0 || strcmp(rule, "state") == 0;
}

/* What has to stay: a cluster that is not started, or not healed in the end,
 * has no leader anyway. */
static bool is_pinned(const struct shrinking *s, size_t at)
{
    const char *order = s->best.actions[at].order;

    if (!is_of_the_end(s->failure.rule) || !is_healing(order))
        return false;
    for (size_t i = at + 1; i < s->best.count && at > 0; i++)
        if (strcmp(s->best.actions[i].order, order) == 0)
            return false;
    return true;
}

/* The best without count actions from first on, but for the pinned ones. */
static bool try_without(struct shrinking *s, size_t first, size_t count)
{
    struct schedule candidate = {0};

    for (size_t i = 0; i < s->best.count; i++)
        if (i < first || i >= first + count || is_pinned(s, i))
            schedule_add(&candidate, s->best.actions[i].at_us, "%s",
                         s->best.actions[i].order);
    if (candidate.count == s->best.count) {
        schedule_free(&candidate);
        return false;
    }
    return try(s, &candidate);
}

static void drop_the_rest(struct shrinking *s)
{
    size_t first = 0;

    while (first < s->best.count &&
           s->best.actions[first].at_us <= s->failure.at_us)
        first++;
    if (first < s->best.count)
        try_without(s, first, s->best.count - first);
}

/* Leaves out what can be left out; true: something could. */
static bool drop_actions(struct shrinking *s)
{
    size_t before = s->best.count;

    for (size_t size = s->best.count / 2 + 1; size > 0; size /= 2) {
        size_t first = 0;

        while (first < s->best.count)
            if (!try_without(s, first, size))
                first += size;
    }
    return s->best.count < before;
}

/* Moves an action and all behind it towards the one before. */
static bool try_sooner(struct shrinking *s, size_t from)
{
    struct schedule candidate = {0};
    uint64_t gap_us = s->best.actions[from].at_us -
                      (from > 0 ? s->best.actions[from - 1].at_us : 0);
    uint64_t by_us = gap_us / 2 / 1000 * 1000;

    if (by_us == 0)
        return false;
    for (size_t i = 0; i < s->best.count; i++)
        schedule_add(&candidate,
                     s->best.actions[i].at_us - (i >= from ? by_us : 0), "%s",
                     s->best.actions[i].order);
    return try(s, &candidate);
}

static void shorten_times(struct shrinking *s)
{
    for (size_t i = 0; i < s->best.count; i++)
        while (try_sooner(s, i))
            ;
}

int shrink_main(const struct code *code, int argc, char **argv)
{
    struct shrinking s = {0};
    struct schedule first = {0};
    struct plan plan;

    if (!plan_read(&plan, code, argc, argv))
        return 2;
    s.plan = &plan;
    plan_draw(&plan, plan.seed, &first);
    if (!try(&s, &first)) {
        printf("PASS seed=%llu\n", (unsigned long long)plan.seed);
        schedule_free(&plan.fixed);
        return 1;
    }
    drop_the_rest(&s);
    while (drop_actions(&s))
        ;
    shorten_times(&s);
    while (drop_actions(&s))
        ;
    printf("# ");
    plan_print_failure(&plan, plan.seed, &s.failure, stdout);
    schedule_print(&s.best, stdout);
    schedule_free(&s.best);
    schedule_free(&plan.fixed);
    return 0;
}
