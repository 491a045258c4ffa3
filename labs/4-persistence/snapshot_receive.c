/*
 * snapshot_receive.c - Lab 4, part B: a snapshot that a leader sends (Figure
 * 13).
 *
 * Chunks go into RECEIVED_FILE, each behind the last. A transfer is named by
 * the leader's term and the snapshot's index and term; whoever has the same
 * name sends the same bytes. So a chunk of another transfer begins again from
 * 0, one at the wrong place is answered with the right one, and nothing of a
 * transfer outlives a restart.
 *
 *     the invariant: `arriving` says what RECEIVED_FILE holds, and both change
 *     only in one's turn (snapshot_file.h). Each request is served by a
 *     coroutine of its own, and this node may be taking a snapshot too; in its
 *     turn each asks anew whether what it brings is still wanted.
 *
 * With the last chunk the file gets its header, and becomes durable before
 * anything else changes. A crash
 *
 *     before the sync of the folder    finds the old snapshot and the old log
 *     after it                         finds the new one: opening cuts the log
 *
 * and both are states in which this node could well have been. The machine, the
 * commit index and the log's base change together, between two awaits: nobody
 * sees a log that begins behind what has been applied.
 */
#include "snapshot_receive.h"

#include "disk.h"
#include "machine.h"
#include "node.h"
#include "raft_msg.h"
#include "snapshot.h"
#include "snapshot_file.h"
#include "store.h"

/* Serves one InstallSnapshot. */
static int await_chunk(void *arg, const struct rpc_request *request,
                       struct buf *reply)
{
    struct install_snapshot args;
    struct snapshot_reply answer = {0};
    (void)arg;

    if (get_install_snapshot(request->body, &args) != OK) {
        put_bytes(reply,
                  bytes_text("InstallSnapshot: the body does not decode"));
        return RPC_FAILED;
    }
    if (args.leader != request->from) {
        put_bytes(reply, bytes_text("InstallSnapshot: speaks for another "
                                    "node"));
        return RPC_FAILED;
    }
    /* Your code here. Until then no chunk is taken. */
    put_bytes(reply, bytes_text("InstallSnapshot: not written yet"));
    return RPC_FAILED;
    put_snapshot_reply(reply, &answer);
    return OK;
}

void snapshot_receive_start(void)
{
    rpc_handle(METHOD_INSTALL_SNAPSHOT, await_chunk, NULL);
}
