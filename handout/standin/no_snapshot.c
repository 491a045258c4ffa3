/*
 * no_snapshot.c - lab 3's snapshot stage: there are no snapshots yet.
 *
 * The memory store keeps the whole log, so no peer ever needs what is gone.
 */
#include "node.h"
#include "snapshot.h"

int await_snapshot_open(void)
{
    return OK;
}

void snapshot_start(void)
{
}

int await_snapshot_take(void)
{
    return RPC_NO_METHOD;
}

int await_snapshot_send(int peer, uint64_t term, uint64_t *match_index)
{
    (void)term;
    (void)match_index;
    node_fatal("the replication stage wants to send node %d a snapshot, but "
               "the log is whole (its base is 0): next index fell to 0",
               peer);
}
