/*
 * bench.c - see bench.h.
 */
#define _GNU_SOURCE

#include "bench.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <time.h>

#include "inside.h"
#include "load.h"
#include "world.h"

#define MAX_BENCH_CONFIG 4096
#define SAMPLE_US        1000 /* CPU time between two looks */

static volatile unsigned samples[4]; /* by part: how often it was at work */

/* What is measured. */
struct bench {
    struct world *world;     /* itself */
    struct load *load;       /* its clients, or NULL */
    struct witness *witness; /* of what they propose, or NULL */
    int wrong;               /* things that should not have happened */
};

static void on_violation(void *arg, const struct violation *violation)
{
    struct bench *bench = arg;

    bench->wrong++;
    printf("node %d broke %s: %s\n", violation->node, violation->rule,
           violation->observed);
}

static void on_ended(void *arg, int id, enum world_end end, const char *how)
{
    struct bench *bench = arg;

    (void)end;
    bench->wrong++;
    printf("node %d ended: %s\n", id, how);
}

static void on_applied(void *arg, int id, uint64_t index, uint64_t term,
                       const void *data, size_t len)
{
    struct bench *bench = arg;

    if (bench->witness != NULL)
        witness_applied(bench->witness, id, index, term, data, len);
}

static void on_client(void *arg, uint64_t client, const void *data, size_t len)
{
    struct bench *bench = arg;

    load_heard(bench->load, client, data, len);
}

/* Some CPU time has been used: by whom? */
static void on_sample(int number)
{
    (void)number;
    samples[part]++;
}

static void sample_every(long us)
{
    struct sigaction look = {.sa_handler = on_sample, .sa_flags = SA_RESTART};
    struct itimerval time = {{.tv_usec = us}, {.tv_usec = us}};

    sigaction(SIGPROF, &look, NULL);
    setitimer(ITIMER_PROF, &time, NULL);
}

static void print_parts(void)
{
    double all = samples[PART_WORLD] + samples[PART_NODE] + samples[PART_NET] +
                 samples[PART_CHECK];

    if (all > 0)
        printf("of the time: nodes %.0f %%, network %.0f %%, checks %.0f %%, "
               "events and the rest %.0f %%\n",
               100 * samples[PART_NODE] / all, 100 * samples[PART_NET] / all,
               100 * samples[PART_CHECK] / all,
               100 * samples[PART_WORLD] / all);
}

static double cpu_seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Of processes that nodes had to themselves, and that are gone. */
static double child_seconds(void)
{
    struct rusage used;

    getrusage(RUSAGE_CHILDREN, &used);
    return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
           (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

static void write_config(char text[MAX_BENCH_CONFIG], int nodes)
{
    size_t used = (size_t)snprintf(text, MAX_BENCH_CONFIG,
                                   "cluster 1\nheartbeat_ms 50\n"
                                   "election_min_ms 150\n"
                                   "election_max_ms 300\nrpc_timeout_ms 40\n");

    for (int id = 1; id <= nodes; id++)
        used += (size_t)snprintf(text + used, MAX_BENCH_CONFIG - used,
                                 "node %d listen=sim:%d client=sim:%d\n", id,
                                 1000 + id, 2000 + id);
}

/* Lets all of the time pass. */
static void pass(struct bench *bench, uint64_t until_us)
{
    for (;;) {
        uint64_t next_us = bench->load != NULL ? load_next_us(bench->load)
                                               : UINT64_MAX;

        if (world_step(bench->world, next_us < until_us ? next_us : until_us))
            continue;
        if (next_us > until_us)
            return;
        load_act(bench->load);
    }
}

static void set_up_clients(struct bench *bench, unsigned proposals)
{
    if (proposals == 0)
        return;
    bench->witness = witness_new();
    bench->load = load_new(bench->world, bench->witness, 1, NULL);
    /* One client says one or two things at a time. */
    load_clients(bench->load, 1, 1500 / proposals);
}

static void print(const struct code *code, int nodes, unsigned seconds,
                  const struct world_counts *counts, double answers,
                  double took)
{
    printf("%d nodes%s, %u virtual seconds", nodes,
           code->is_isolated ? " in processes of their own" : "", seconds);
    if (answers > 0)
        printf(", %.1f commands/s", answers / seconds);
    printf(", %.2f s of CPU time: %.0f upcalls/s, %.0f simulated s/s, %.0f "
           "frames/s; trace hash %016llx\n",
           took, (double)counts->upcalls / took, seconds / took,
           (double)counts->frames / took, (unsigned long long)counts->hash);
    print_parts();
}

int bench_run(const struct code *code, int nodes, unsigned seconds,
              unsigned proposals)
{
    struct bench bench = {.wrong = 0};
    char config[MAX_BENCH_CONFIG];
    char error[LOADER_MAX_ERROR];
    struct world_watch watch = {.arg = &bench,
                                .violation = on_violation,
                                .ended = on_ended,
                                .applied = on_applied,
                                .client = on_client};
    struct world_setup setup = {
        .seed = 1, .config = config, .code = code, .watch = &watch};
    struct world_counts counts;
    double answers = 0;
    double took;

    write_config(config, nodes);
    bench.world = world_new(&setup, error);
    if (bench.world == NULL) {
        printf("%s\n", error);
        return 1;
    }
    set_up_clients(&bench, proposals);
    check_settings(world_check(bench.world), 150, 1.0);
    for (int id = 1; id <= nodes; id++)
        world_start(bench.world, id, &(struct world_start){0});
    sample_every(SAMPLE_US);
    took = cpu_seconds();
    pass(&bench, seconds * UINT64_C(1000000));
    took = cpu_seconds() - took;
    sample_every(0);
    counts = world_counts(bench.world);
    if (bench.witness != NULL)
        answers = (double)witness_answers(bench.witness);
    if (world_acknowledged(bench.world) == NO_NODE) {
        printf("nobody leads\n");
        bench.wrong++;
    }
    world_free(bench.world);
    load_free(bench.load);
    witness_free(bench.witness);
    print(code, nodes, seconds, &counts, answers, took + child_seconds());
    return bench.wrong > 0 ? 1 : 0;
}
