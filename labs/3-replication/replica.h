/*
 * replica.h - Lab 3: how the files of the stage fit together.
 *
 *     await_propose       leader.c     the leadership: its own log, the commit
 *          |                 |  ^      rule, rounds of confirmation
 *          v                 v  |
 *     applier.c <-------- peer.c       one coroutine a peer: what to send when
 *          ^   set_commit                    |
 *          |                          AppendEntries
 *          |                                 v
 *          +-------------- follower.c  what another leader says
 *
 *     replication.c   what all of them share
 *
 * Nobody outside of the stage includes this header.
 */
#ifndef CONCLAVE_REPLICA_H
#define CONCLAVE_REPLICA_H

#include "replication.h"

/* ---- replication.c ---- */

/*
 * Waits until everything in the store is durable, whatever becomes of the
 * request that asked for it. A store that cannot do it ends the node: memory
 * and disk differ from then on, and nobody knows by how much.
 */
void await_durable(void);

/* Raises raft.commit_index to an index and wakes the applier; never lowers. */
void set_commit(uint64_t index);

/* ---- leader.c ---- */

void leader_start(void);

/* Whether this node (still) leads in a term. */
bool leads(uint64_t term);

/* Takes a command into the log of this leader; its index. */
uint64_t leader_append(struct bytes command);

/* The newest round of confirmation that somebody has asked for. */
uint64_t leader_round(void);

/* Whether a peer is sent a request for the sake of a round alone. A heartbeat
 * carries the round to all of them anyway. */
bool leader_asks(int id);

/* What some peer is known to hold, or has answered, has risen: count again. */
void leader_recount(void);

/* ---- peer.c ---- */

void peer_start(void);

/* A leadership of raft.current_term begins: nothing is known of any peer. */
void peer_lead_all(void);

/* The leadership, its log or its round has changed: whoever may send, will. */
void peer_wake_all(void);

/* The last entry that a peer is known to hold as this leader does; the newest
 * round that it has answered. */
uint64_t peer_match(int id);
uint64_t peer_round(int id);

/* ---- follower.c ---- */

/* Registers the AppendEntries handler. */
void follower_start(void);

/* ---- applier.c ---- */

void applier_start(void);

/* raft.commit_index or raft.last_applied has risen: tells all who wait for
 * raft.progress, the applier among them. */
void applier_wake(void);

/* The leadership has ended: whoever waits for an entry that is not committed
 * waits in vain. */
void applier_lose_uncommitted(void);

#endif
