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
#include "world.h"

#define MAX_BENCH_CONFIG 4096
#define SAMPLE_US        1000 /* CPU time between two looks */

static volatile unsigned samples[4]; /* by part: how often it was at work */

static void on_violation(void *arg, const struct violation *violation)
{
    int *wrong = arg;

    ++*wrong;
    printf("node %d broke %s: %s\n", violation->node, violation->rule,
           violation->observed);
}

static void on_ended(void *arg, int id, enum world_end end, const char *how)
{
    int *wrong = arg;

    (void)end;
    ++*wrong;
    printf("node %d ended: %s\n", id, how);
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

int bench_run(const struct code *code, int nodes, unsigned seconds)
{
    char config[MAX_BENCH_CONFIG];
    char error[LOADER_MAX_ERROR];
    int wrong = 0;
    struct world_watch watch = {
        .arg = &wrong, .violation = on_violation, .ended = on_ended};
    struct world_setup setup = {
        .seed = 1, .config = config, .code = code, .watch = &watch};
    struct world_counts counts;
    struct world *world;
    double began;
    double took;

    write_config(config, nodes);
    world = world_new(&setup, error);
    if (world == NULL) {
        printf("%s\n", error);
        return 1;
    }
    check_settings(world_check(world), 150, 1.0);
    for (int id = 1; id <= nodes; id++)
        world_start(world, id, &(struct world_start){0});
    sample_every(SAMPLE_US);
    began = cpu_seconds();
    while (world_step(world, seconds * UINT64_C(1000000)))
        ;
    took = cpu_seconds() - began;
    sample_every(0);
    counts = world_counts(world);
    if (world_acknowledged(world) == NO_NODE) {
        printf("nobody leads\n");
        wrong++;
    }
    world_free(world);
    took += child_seconds();
    printf(
        "%d nodes%s, %u virtual seconds, %.2f s of CPU time: %.0f upcalls/s, "
        "%.0f simulated s/s, %.0f frames/s; trace hash %016llx\n",
        nodes, code->is_isolated ? " in processes of their own" : "", seconds,
        took, (double)counts.upcalls / took, seconds / took,
        (double)counts.frames / took, (unsigned long long)counts.hash);
    print_parts();
    return wrong > 0 ? 1 : 0;
}
