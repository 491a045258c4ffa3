/*
 * trial.h - one seed: a cluster, a schedule, and whether all went well.
 *
 * Besides the invariants (grader/check) a trial demands
 *
 *     node-ends   no node ends but by the schedule's doing; one whose disk
 *                 fails or is full may end itself with a sentence, or be of no
 *                 use from then on: it is started anew when all is well
 *     progress    once nothing more is done to the cluster, a majority
 *                 acknowledges a leader within TRIAL_PROGRESS_US
 *     calm        and that leader then stays: nobody has a reason to campaign
 *
 * and, of nodes that replicate, all that witness.h says, and
 *
 *     commits     once all is well new commands commit, and every node
 *                 applies them, within TRIAL_PROGRESS_US
 *     state       then all machines are in the same state, the one that the
 *                 commands in their order make
 *     power-cut   whatever was seen committed comes back from what was synced
 *                 (powercut.h)
 *
 * A schedule of such a trial holds three more orders:
 *
 *     clients N PAUSE_MS      N clients propose from now on (load.h)
 *     propose ID N BYTES      N commands to a node, at once
 *     powercut                the power is cut, in a copy of the world
 *
 * Half of all seeds of elections give the nodes logs to start with, so that not
 * everybody can be elected.
 */
#ifndef CONCLAVE_SIM_TRIAL_H
#define CONCLAVE_SIM_TRIAL_H

#include <stdio.h>

#include "schedule.h"
#include "world.h"

#define TRIAL_HEARTBEAT_MS    50       /* what the nodes are configured with */
#define TRIAL_ELECTION_MIN_MS 150      /* the same */
#define TRIAL_ELECTION_MAX_MS 300      /* the same */
#define TRIAL_RPC_TIMEOUT_MS  40       /* the same */
#define TRIAL_PROGRESS_US     30000000 /* 100 of the longest timeouts */
#define TRIAL_SETTLE_US       1000000  /* for all to hear of the leader */
#define TRIAL_CALM_US         1500000  /* how long it must then lead */
#define TRIAL_LAST_COMMANDS   3        /* that must commit in the end */
#define TRIAL_MAX_CONFIG      4096     /* bytes of a configuration */
#define TRIAL_MAX_TEXT        6000     /* bytes of what was seen */

/* What is tried: a word of the command line (explore.h). */
enum trial_kind {
    TRIAL_ELECTION,     /* elections alone, any fault */
    TRIAL_LOG,          /* clients, any fault but of the disk */
    TRIAL_FIGURE8,      /* clients, leaders that fall as in Figure 8 */
    TRIAL_DISK,         /* clients, any fault, snapshots */
    TRIAL_FIGURE8_DISK, /* Figure 8 with crashes, snapshots */
    TRIAL_CRASHES,      /* one story, a crash at every point of it */
    TRIAL_KINDS,        /* how many there are */
};

/* One trial. */
struct trial {
    const struct code *code;         /* of the nodes */
    enum trial_kind kind;            /* what is tried */
    uint64_t seed;                   /* of everything random */
    int nodes;                       /* in the cluster, ids from 1 */
    double fastest;                  /* rate of the fastest clock */
    const struct schedule *schedule; /* what is done to them */
    const struct world_watch *watch; /* is told all, too; may be NULL */
    FILE *told;                      /* takes what clients do; may be NULL */
    uint64_t until_us;               /* it ends then; 0: when all is judged */

    /* Is told of every order before it is obeyed, and of the end; NULL: no. */
    void (*before)(void *arg, struct world *world, const char *order);
    void *arg; /* given to it */
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
    uint64_t commits;              /* the highest index that was applied */
    uint64_t answers;              /* proposals that were answered */
    uint32_t cuts;                 /* of the power, that were judged */
    struct world_counts counts;    /* what the world went through */
};

/* The kind that a word names; TRIAL_KINDS: none. */
enum trial_kind trial_kind(const char *word);

/* The configuration that the nodes are given; of the trial, the kind, the seed
 * and the number of nodes decide. */
void trial_config(const struct trial *trial, char text[TRIAL_MAX_CONFIG]);

/* Runs it. */
void trial_run(const struct trial *trial, struct trial_result *result);

/* Fails the trial that is running, from the handler of a crash. */
void trial_crash(struct trial_result *result, int node, const char *how);

#endif
