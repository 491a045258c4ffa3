/*
 * explore.h - many seeds, each a trial with a schedule of its own; and one
 * seed's schedule shrunk to what it takes to fail.
 *
 *     sim explore NODE.so [key=value ...]
 *         plan=KIND     what is tried (election): trial.h
 *         nodes=N       in a cluster, 2 to 16 (5); 0: by the seed, 2 to 5, or,
 *                       where there are clients, 3 or 5
 *         seed=S        the first (1)
 *         seeds=K       how many (100)
 *         schedule=FILE the same schedule for all (else drawn, swarm.h)
 *         show=1        prints the schedules, runs nothing
 *         stop=1        stops at the first failure
 *         hashes=1      a line for every seed: PASS seed=8 hash=...
 *
 * prints a line for each seed that fails (here broken in two),
 *
 *     FAIL seed=7 nodes=5 rule=vote-once node=2 at_us=1520331 event=4711
 *         hash=0123456789abcdef | EXPECTED | OBSERVED
 *
 * event is the number of the first wrong event, and at the end
 *
 *     explored seeds=1000 failed=1 virtual_s=10100 upcalls=... cpu_s=...
 *
 * With plan=crashes a seed stands for all crash points of its story, the one
 * after another (crashes.h), of which at most K are tried:
 *
 *     explored seeds=612 ... points=612
 *
 *     sim tell NODE.so seed=S [until=US] [acts=1] [...]
 *
 * prints all that can be seen of one trial, up to a time, as lines (drive.h),
 * and what clients do (load.h).
 *
 *     sim shrink NODE.so seed=S [nodes=N] [schedule=FILE]
 *
 * prints such a FAIL line, as a comment, and the shortest schedule found that
 * fails by the same rule: none of its actions can be left out.
 *
 * The exit status is 0, 1 if a seed has failed (shrink: if it has not), 2 for a
 * word that makes no sense, 4 if the simulator itself went wrong.
 */
#ifndef CONCLAVE_SIM_EXPLORE_H
#define CONCLAVE_SIM_EXPLORE_H

#include <stdio.h>

#include "crashes.h"
#include "schedule.h"
#include "trial.h"

/* What the command line says. */
struct plan {
    const struct code *code; /* of the nodes */
    enum trial_kind kind;    /* what is tried */
    uint64_t seed;           /* the first */
    uint64_t seeds;          /* how many */
    int nodes;               /* in a cluster; 0: drawn */
    const char *file;        /* a schedule for all seeds, or NULL */
    bool has_hashes;         /* a line for every seed */
    bool is_shown;           /* print schedules, run nothing */
    bool stops;              /* at the first failure */
    bool has_acts;           /* tell: acts at nodes' doors, too */
    uint64_t until_us;       /* tell: where to end; 0: at the end */
    struct schedule fixed;   /* what the file holds */
    struct crashes *crashes; /* the points, where they are what is tried */
};

/* Reads the words and the schedule's file. False: it has said why. */
bool plan_read(struct plan *plan, const struct code *code, int argc,
               char **argv);

/* How many nodes a seed's cluster has. */
int plan_nodes(const struct plan *plan, uint64_t seed);

/* Draws a seed's schedule, or takes it from the file. */
void plan_draw(const struct plan *plan, uint64_t seed,
               struct schedule *schedule);

/* A seed's trial with a schedule, and its run, in this process. */
struct trial plan_trial(const struct plan *plan, uint64_t seed,
                        const struct schedule *schedule);
void plan_try(const struct plan *plan, uint64_t seed,
              const struct schedule *schedule, struct trial_result *result);

/* Prints a FAIL line. */
void plan_print_failure(const struct plan *plan, uint64_t seed,
                        const struct trial_result *result, FILE *out);

/* The commands: an exit status. */
int explore_main(const struct code *code, int argc, char **argv);
int shrink_main(const struct code *code, int argc, char **argv);
int tell_main(const struct code *code, int argc, char **argv);

#endif
