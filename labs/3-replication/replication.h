/*
 * replication.h - Lab 3: one log for all (the Raft paper, sections 5.3, 5.4).
 *
 * This stage writes raft.commit_index and raft.last_applied (raft.h) and the
 * log (store.h). While its node leads it sends AppendEntries to every peer,
 * heartbeats among them; it answers those of other leaders; it gives committed
 * entries to the state machine (machine.h), each once and in order.
 */
#ifndef CONCLAVE_REPLICATION_H
#define CONCLAVE_REPLICATION_H

#include "election.h"
#include "raft.h"
#include "wire.h"

/*
 * Registers the AppendEntries handler and starts the applier. Called once,
 * after the store and the last snapshot have been opened, before the election
 * stage starts.
 */
void replication_start(void);

/* What became of a proposal. */
enum proposed {
    PROPOSED_OK = 0,     /* committed, and applied here */
    PROPOSED_NOT_LEADER, /* not taken: raft.leader may know better */
    PROPOSED_LOST,       /* the leadership ended first: it may yet be committed,
                            or never */
    PROPOSED_BUSY,       /* not taken: proposals_max are waiting already */
    PROPOSED_CANCELLED,  /* the current token fired: as PROPOSED_LOST */
    PROPOSED_TOO_LARGE,  /* not taken: over MAX_COMMAND_BYTES */
};

/* An entry has to fit into one AppendEntries: its head, and the entry's. */
#define MAX_COMMAND_BYTES (RPC_MAX_BODY_BYTES - 40 - 12)

/* Where a proposal stands in the log. */
struct proposal {
    uint64_t index; /* its entry's */
    uint64_t term;  /* the term in which it was proposed */
};

/*
 * Proposes a command (not an empty one: those are no-ops) and waits until it
 * has been applied here. If this node leads, the command is in its log, and
 * *proposal says where, before the call first suspends: commands that are
 * proposed in some order are in the log in that order. The state machine's
 * answer is appended to result, which may be NULL. The command is copied.
 */
enum proposed await_propose(struct bytes command, struct proposal *proposal,
                            struct buf *result);

/*
 * Waits until this node is known to have led for a moment after the call
 * began: a majority, itself included, has answered AppendEntries of this term
 * that were sent since (section 8: a leader must know that it has not been
 * deposed before it answers a read). All who wait share one round. PROPOSED_OK,
 * PROPOSED_NOT_LEADER, PROPOSED_LOST (the leadership ended meanwhile) or
 * PROPOSED_CANCELLED.
 */
enum proposed await_leadership(void);

/*
 * The snapshot stage tells that the machine has been restored from a snapshot
 * of everything up to index: raft.commit_index and raft.last_applied are at
 * least there. Must not suspend. A node that starts from a snapshot is told so
 * before replication_start is called.
 */
void replication_restored(uint64_t index);

/*
 * Provided by the snapshot stage: brings a peer whose next entry is at or below
 * store_base_index() up to a snapshot, by InstallSnapshot. Called by the
 * peer's replication coroutine, which sends nothing else meanwhile. OK, and
 * *match_index is the last entry that the peer now holds; any other outcome
 * (the peer does not answer, the leadership of term has ended): look again.
 */
int await_snapshot_send(int peer, uint64_t term, uint64_t *match_index);

#endif
