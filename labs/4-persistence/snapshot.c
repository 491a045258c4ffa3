/*
 * snapshot.c - Lab 4, part B: when a snapshot is taken, and what a node begins
 * with.
 *
 * A log that only grows fills every disk, and replaying it takes for ever. So
 * now and then the state machine is written down as it is, and what the log
 * holds up to there is dropped (section 7).
 *
 *     log     [ 1 2 3 4 5 6 7 ] 8 9        the machine has applied 7
 *                   |
 *                   v  snapshot of 7: temp file, sync, rename, sync of the
 *                      folder; only now it is there whatever happens
 *     log       base 7          8 9
 *
 *     the invariant: at every moment a crash would find a snapshot and a log
 *     that holds what follows it. The snapshot may be newer than the log's
 *     base, or than the whole log: then opening cuts the log. It is never
 *     older than the base.
 *
 * So SNAPSHOT_FILE changes first and the base after it, and nobody changes
 * either but in his turn (snapshot_file.h): a snapshot that this node takes and
 * one that comes from a leader never mix, and neither replaces a newer one.
 *
 * The stage in files: snapshot_file.c the file; snapshot_send.c and
 * snapshot_receive.c its way to another node.
 */
#include "snapshot.h"

#include "co.h"
#include "disk.h"
#include "machine.h"
#include "node.h"
#include "snapshot_file.h"
#include "snapshot_receive.h"
#include "store.h"

#define SLOWEST_WATCH 16 /* heartbeat intervals between two attempts, at most */

/* ---- Taking -------------------------------------------------------------- */

int await_snapshot_take(void)
{
    /* Your code here. */
    return RPC_NO_METHOD;
}

/* Whether the log has become longer than it should, and a snapshot would help.
 * What has not been applied cannot be cut away. */
static bool is_log_long(void)
{
    /* Your code here. */
    return false;
}

/*
 * Keeps the log short: looks whenever something has been applied, which is when
 * there is more to cut. When a snapshot could not be taken, or has not made the
 * log short enough (its end is not applied yet), the next attempt waits twice
 * as long, up to a bound: a full disk is not worked at in a hot loop, and
 * between two attempts the log grows by no more than that time's load.
 */
static void watch_log(void *arg)
{
    /* Your code here. */
    (void)arg;
    (void)is_log_long;
}

/* ---- Opening ------------------------------------------------------------- */

int await_snapshot_open(void)
{
    /* Your code here. */
    snapshot_file_start((struct snapshot_id){0});
    return OK;
}

void snapshot_start(void)
{
    snapshot_receive_start();
    if (node_config()->snapshot_log_bytes > 0)
        co_spawn("log's length", watch_log, NULL);
}
