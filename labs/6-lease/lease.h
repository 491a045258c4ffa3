/*
 * lease.h - Elective: reads without a round (Ongaro's thesis, section 6.4.1).
 *
 * Before it answers a read, a leader asks a majority whether it still leads. A
 * lease is that question answered in advance: whoever has heard the leader
 * promises to help nobody else into office for a while, and as long as such
 * promises of a majority stand, nobody else can lead.
 *
 *     voter      RequestVote is refused for election_min_ms after the leader
 *                was heard, and after this node has started
 *     leader     the lease holds for a little less, counted from when it sent
 *                what the voters have answered
 *
 * Both times are of the node's own monotonic clock. Nobody compares clocks; all
 * that is assumed of them is how fast they run: clock_drift_percent (config.h).
 *
 * The stage lies around those below it. It sees the calls that they make and
 * serve (the interceptors of retry.h), reads raft.h, and writes nothing that
 * is theirs.
 */
#ifndef CONCLAVE_LEASE_H
#define CONCLAVE_LEASE_H

#include <stdbool.h>

/*
 * Begins the promise of a node that has just started, and registers the
 * interceptors. Called once, after raft_init and before rpc_start: no request
 * gets past it.
 */
void lease_start(void);

/*
 * Whether this node leads and nobody else can, at this moment: its clock is
 * read in the call. A read that was asked before needs no await_leadership
 * then; all else that a read needs, it still needs. Does not suspend.
 * Lab 5 asks it; in node-kv, which has no lease stage, it is always false.
 */
bool lease_holds(void);

#endif
