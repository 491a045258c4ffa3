/*
 * child.h - trials in a child process, so that a crash ends one of them and no
 * more, and is told like any other result.
 *
 *     struct batch batch = {.run = run_seed, .take = take_result, .arg = plan,
 *                           .first = 1, .count = 500};
 *     done = child_run(&batch);
 */
#ifndef CONCLAVE_SIM_CHILD_H
#define CONCLAVE_SIM_CHILD_H

#include "trial.h"

/* Numbered trials, run by one child one after another. */
struct batch {
    /* In the child: runs one. */
    void (*run)(void *arg, uint64_t number, struct trial_result *result);

    /* In the parent: takes its result. False: no more are wanted. */
    bool (*take)(void *arg, uint64_t number, const struct trial_result *result);

    void *arg;      /* given to both */
    uint64_t first; /* number of the first */
    uint64_t count; /* how many */
};

/*
 * Runs a batch: how many results were taken. After a trial that crashed, or
 * when take has said so, it is less than the count. Ends the program with
 * status 4 if the child itself goes wrong.
 */
uint64_t child_run(const struct batch *batch);

#endif
