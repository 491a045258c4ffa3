/*
 * trial.h - one seed: a cluster, a schedule, and whether all went well.
 *
 * Half of all seeds give the nodes logs to start with, so that not everybody
 * can be elected. Besides the invariants (grader/check/election.h) a trial
 * demands
 *
 *     node-ends   no node ends but by the schedule's doing
 *     progress    once nothing more is done to the cluster, a majority
 *                 acknowledges a leader within TRIAL_PROGRESS_US
 *     calm        and that leader then stays: nobody has a reason to campaign
 */
#ifndef CONCLAVE_SIM_TRIAL_H
#define CONCLAVE_SIM_TRIAL_H

#include "schedule.h"
#include "world.h"

#define TRIAL_HEARTBEAT_MS    50       /* what the nodes are configured with */
#define TRIAL_ELECTION_MIN_MS 150      /* the same */
#define TRIAL_ELECTION_MAX_MS 300      /* the same */
#define TRIAL_RPC_TIMEOUT_MS  40       /* the same */
#define TRIAL_PROGRESS_US     30000000 /* 100 of the longest timeouts */
#define TRIAL_SETTLE_US       1000000  /* for all to hear of the leader */
#define TRIAL_CALM_US         1500000  /* how long it must then lead */
#define TRIAL_MAX_CONFIG      4096     /* bytes of a configuration */
#define TRIAL_MAX_TEXT        6000     /* bytes of what was seen */

/* What is tried. */
struct trial {
    const struct code *code;         /* of the nodes */
    uint64_t seed;                   /* of everything random */
    int nodes;                       /* in the cluster, ids from 1 */
    double fastest;                  /* rate of the fastest clock */
    const struct schedule *schedule; /* what is done to them */
    const struct world_watch *watch; /* is told all, too; may be NULL */
};

/* What came of it. */
struct trial_result {
    bool has_failed;               /* the next five hold */
    char rule[64];                 /* which rule was broken */
    int node;                      /* by whom, or NO_NODE */
    uint64_t at_us;                /* when */
    uint64_t event;                /* the first wrong event's number */
    char expected[256];            /* a sentence */
    char observed[TRIAL_MAX_TEXT]; /* a sentence; of a cluster that stands
                                      still, also what its nodes wait for */
    uint64_t end_us;               /* virtual time at the end */
    struct world_counts counts;    /* what the world went through */
};

/* The configuration that the nodes are given; of the trial, the seed and the
 * number of nodes decide. */
void trial_config(const struct trial *trial, char text[TRIAL_MAX_CONFIG]);

/* Runs it. */
void trial_run(const struct trial *trial, struct trial_result *result);

/* Fails the trial that is running, from the handler of a crash. */
void trial_crash(struct trial_result *result, int node, const char *how);

#endif
