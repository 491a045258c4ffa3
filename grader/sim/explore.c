/*
 * explore.c - see explore.h.
 */
#define _GNU_SOURCE

#include "explore.h"

#include <string.h>
#include <sys/resource.h>

#include "child.h"

#define BATCH_SEEDS 500 /* seeds that one child runs */

/* What all seeds together came to. */
struct totals {
    const struct plan *plan; /* what was to be done */
    uint64_t done;           /* seeds */
    uint64_t failed;         /* of these */
    uint64_t upcalls;        /* of all */
    uint64_t commits;        /* the same */
    uint64_t answers;        /* the same */
    uint64_t cuts;           /* the same */
    double virtual_s;        /* of all */
};

static void run(void *arg, uint64_t seed, struct trial_result *result)
{
    const struct totals *totals = arg;
    struct schedule drawn = {0};

    plan_draw(totals->plan, seed, &drawn);
    plan_try(totals->plan, seed, &drawn, result);
    schedule_free(&drawn);
}

static bool take(void *arg, uint64_t seed, const struct trial_result *result)
{
    struct totals *totals = arg;

    totals->done++;
    totals->upcalls += result->counts.upcalls;
    totals->commits += result->commits;
    totals->answers += result->answers;
    totals->cuts += result->cuts;
    totals->virtual_s += (double)result->end_us / 1e6;
    if (result->has_failed) {
        totals->failed++;
        plan_print_failure(totals->plan, seed, result, stdout);
    } else if (totals->plan->has_hashes) {
        printf("PASS seed=%llu hash=%016llx\n", (unsigned long long)seed,
               (unsigned long long)result->counts.hash);
    }
    return !(totals->plan->stops && result->has_failed);
}

/* What the nodes of a seed are configured with, as comments. */
static void show_config(const struct plan *plan, uint64_t seed)
{
    struct trial trial = plan_trial(plan, seed, NULL);
    char text[TRIAL_MAX_CONFIG];
    char *at = text;
    char *line;

    trial_config(&trial, text);
    while ((line = strsep(&at, "\n")) != NULL)
        if (*line != '\0')
            printf("# config %s\n", line);
}

static void show(const struct plan *plan)
{
    for (uint64_t i = 0; i < plan->seeds; i++) {
        struct schedule schedule = {0};
        uint64_t seed = plan->seed + i;
        int nodes = plan_nodes(plan, seed);

        plan_draw(plan, seed, &schedule);
        printf("# seed=%llu nodes=%d\n", (unsigned long long)seed, nodes);
        show_config(plan, seed);
        schedule_print(&schedule, stdout);
        schedule_free(&schedule);
    }
}

static double seconds(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

static void print_totals(const struct totals *totals)
{
    struct rusage used;

    getrusage(RUSAGE_CHILDREN, &used);
    printf("explored seeds=%llu failed=%llu virtual_s=%.0f upcalls=%llu "
           "cpu_s=%.2f",
           (unsigned long long)totals->done, (unsigned long long)totals->failed,
           totals->virtual_s, (unsigned long long)totals->upcalls,
           seconds(used.ru_utime) + seconds(used.ru_stime));
    if (totals->plan->kind != TRIAL_ELECTION)
        printf(" commits=%llu answers=%llu powercuts=%llu",
               (unsigned long long)totals->commits,
               (unsigned long long)totals->answers,
               (unsigned long long)totals->cuts);
    if (totals->plan->kind == TRIAL_CRASHES)
        printf(" points=%llu",
               (unsigned long long)crashes_count(totals->plan->crashes));
    putchar('\n');
}

int explore_main(const struct code *code, int argc, char **argv)
{
    struct plan plan;
    struct totals totals = {.plan = &plan};

    if (!plan_read(&plan, code, argc, argv))
        return 2;
    if (plan.is_shown) {
        show(&plan);
        return 0;
    }
    while (totals.done < plan.seeds && !(plan.stops && totals.failed > 0)) {
        uint64_t left = plan.seeds - totals.done;

        child_run(
            &(struct batch){.run = run,
                            .take = take,
                            .arg = &totals,
                            .first = plan.seed + totals.done,
                            .count = left < BATCH_SEEDS ? left : BATCH_SEEDS});
    }
    print_totals(&totals);
    schedule_free(&plan.fixed);
    return totals.failed > 0 ? 1 : 0;
}
