/*
 * election.h - Lab 2: choosing a leader (the Raft paper, section 5.2).
 *
 * This stage writes raft.current_term, voted_for, role and leader (raft.h), and
 * keeps the first two in the store. It campaigns, votes, and steps down. What a
 * leader then does with its office is the replication stage's business: in
 * this lab the kit's plain heartbeats.
 */
#ifndef CONCLAVE_ELECTION_H
#define CONCLAVE_ELECTION_H

#include "raft.h"
#include "rpc.h"

/*
 * Registers the RequestVote handler and starts the election timer. Called once,
 * after the store has been opened and raft_init has read it.
 */
void election_start(void);

/*
 * Tells the election stage that a message carried this term. If it is higher
 * than ours: adopt it, forget the vote, become a follower (Figure 2, All
 * Servers). Takes effect at once, in memory and in the store; whoever answers
 * the message calls await_store_sync first. May be called from any stage.
 */
void election_saw_term(uint64_t term);

/*
 * Tells the election stage that the current term's leader has spoken (an
 * AppendEntries or InstallSnapshot of raft.current_term): a candidate yields,
 * and the election timer starts anew.
 */
void election_heard_leader(int leader);

/*
 * Provided by the replication stage: this node has become leader of
 * raft.current_term. Called once for each leadership; must not suspend. The
 * stage spawns what it needs and stops by itself when the term or role moves
 * on (raft.changed).
 */
void replication_lead(void);

#endif
