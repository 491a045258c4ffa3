/*
 * trial_run.h - a trial while it runs; for the files of trial.h alone.
 *
 *     trial.c         what happens to it     trial_config.c   what it starts
 *     trial_order.c   what is done to it     trial_demand.c   how it must end
 */
#ifndef CONCLAVE_SIM_TRIAL_RUN_H
#define CONCLAVE_SIM_TRIAL_RUN_H

#include "load.h"
#include "trial.h"
#include "witness.h"

#define TRIAL_MAX_LOG 64 /* bytes of " log=1,2,3" */

/* A log that a node starts with: only its terms matter. */
struct start_log {
    uint32_t count;           /* entries */
    uint32_t last_term;       /* of the last of them */
    char text[TRIAL_MAX_LOG]; /* as the configuration has it; "": none */
};

/* A trial while it runs. */
struct run {
    const struct trial *trial;     /* what is tried */
    struct trial_result *result;   /* what comes of it */
    struct world *world;           /* in which */
    struct witness *witness;       /* of commits; NULL: elections alone */
    struct load *load;             /* the clients; NULL: the same */
    char config[TRIAL_MAX_CONFIG]; /* of the nodes */
    bool may_give_up[MAX_NODES];   /* by place: its disk was bad in this life */
    bool had_bad_disk[MAX_NODES];  /* by place: at any time */
};

/* The first thing that goes wrong is what counts. */
void run_fail(struct run *run, const char *rule, int node, const char *expected,
              const char *observed, ...) __attribute__((format(printf, 5, 6)));

/* Adds to what was seen what every coroutine of every node waits for. */
void run_describe(struct run *run);

/* Lets time pass; false: something has gone wrong. */
bool run_pass(struct run *run, uint64_t until_us);

/* The logs that the nodes of a seed start with. */
void trial_logs(const struct trial *trial, struct start_log logs[MAX_NODES]);

/* Obeys one order of a schedule. False, and a sentence in error. */
bool trial_order(struct run *run, const char *line, char *error);

/* Whether a disk fails syncs now, or has not its usual room. */
bool trial_has_bad_disk(const struct run *run, int id);

/* All is well now: what is demanded then. */
void trial_demand(struct run *run);

#endif
