/*
 * raft.h - Figure 2's state, shared by the stages of one node.
 *
 * Every stage reads all of it; each field has one stage that writes it. What
 * must survive a crash (term, vote, log) is written through store.h by the
 * same stage.
 */
#ifndef CONCLAVE_RAFT_H
#define CONCLAVE_RAFT_H

#include <stdint.h>

#include "event.h"
#include "host.h"

/* Figure 4: what a server is. */
enum role { FOLLOWER, CANDIDATE, LEADER };

struct raft {
    /* Written by the election stage (lab 2). */
    uint64_t current_term; /* latest term seen; mirrors store_term() */
    int voted_for;         /* who got this term's vote, or NO_NODE; mirrors
                              store_voted_for() */
    enum role role;        /* of this node in current_term */
    int leader;            /* of current_term if known, or NO_NODE */
    struct cond changed;   /* broadcast when one of the above changes */

    /* Written by the replication stage (lab 3). */
    uint64_t commit_index; /* highest entry known to be committed */
    uint64_t last_applied; /* highest entry given to the state machine */
    struct cond progress;  /* broadcast when one of them rises, and when a
                              leadership ends */
};

/* The node's one. */
extern struct raft raft;

/* Figure 2's initial values, with what the store brought back (store_term,
 * store_voted_for). Called once, before any stage starts. */
void raft_init(uint64_t term, int voted_for);

/* "follower", "candidate", "leader". */
const char *role_name(enum role role);

#endif
