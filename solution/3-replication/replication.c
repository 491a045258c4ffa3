/*
 * replication.c - Lab 3: one log for all.
 *
 * A leader takes commands into its log, and sends its log to everybody. What a
 * majority has on disk is committed: no later leader can lack it, for it needed
 * the vote of somebody who has it. What is committed is applied, by every node,
 * in the order of the log. So all state machines make the same steps, and that
 * rests on
 *
 *     the invariant (Log Matching): if two logs hold an entry of the same index
 *     and term, they are equal up to that entry.
 *
 * It holds because one leader makes at most one entry of an index and term, and
 * because a follower takes an entry only behind one that matches.
 *
 *     log     1   1   2   3   3   3   3
 *     index   1   2   3   4   5   6   7
 *                     ^       ^       ^
 *          last_applied  commit_index  last index
 *
 * The stage in files: leader.c, peer.c, follower.c, applier.c; see replica.h.
 * This one holds what they share.
 */
#include "co.h"
#include "node.h"
#include "replica.h"
#include "store.h"

void await_durable(void)
{
    // BEGIN SOLUTION:
    // | /* Your code here. */
    /* Whoever waits for the answer may give up; the bytes are needed anyway,
     * and a disk that is slower than a caller's patience must not stop us. */
    struct cancel *former = co_use(NULL);
    int outcome = await_store_sync();
    co_use(former);

    if (outcome != OK)
        node_fatal("the log could not be made durable: %s; what this node "
                   "holds in memory is not what its disk holds, so it ends; "
                   "repair the disk or make room on it, and start it again",
                   outcome_name(outcome));
    // END SOLUTION
}

void set_commit(uint64_t index)
{
    // BEGIN SOLUTION:
    // | /* Your code here. */
    // | (void)index;
    if (index <= raft.commit_index)
        return;
    raft.commit_index = index;
    applier_wake();
    // END SOLUTION
}

void replication_start(void)
{
    leader_start();
    peer_start();
    follower_start();
    applier_start();
}
