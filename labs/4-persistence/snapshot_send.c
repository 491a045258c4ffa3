/*
 * snapshot_send.c - Lab 4, part B: a snapshot on its way to a peer.
 *
 * What travels is the state that the file holds, one chunk a call and one call
 * at a time; each is read from disk when its turn comes, so that ten lagging
 * peers cost no more memory than ten chunks.
 *
 *     leader                                  follower
 *       |-- offset 0,     64 KB        --------->|  a new transfer
 *       |<--------- next_offset 65536  ----------|
 *       |-- offset 65536, 64 KB        --------->|  (lost, or it restarts)
 *       |-- offset 65536, 64 KB        --------->|
 *       |<--------- next_offset 0      ----------|  "begin again"
 *       |   ...                                  |
 *       |-- offset n, the rest, done   --------->|  installs, makes it durable
 *       |<--------- next_offset: the end --------|
 *
 * The invariant: the follower alone knows where it stands. The offset of each
 * chunk is what its last answer asked for, and the sender keeps nothing that
 * could be out of date: a transfer that failed leaves no trace here.
 *
 * A new snapshot may take the file's place during a transfer. Then the transfer
 * begins again with the new one, as if it had just begun. Keeping the old file
 * for the sake of one slow peer would let every such peer hold a file for as
 * long as it likes; and what the peer would get is older than the log's base
 * already, so that it would need the new one right after. The price is that a
 * peer which takes longer to receive a snapshot than the log takes to grow by
 * snapshot_log_bytes waits until the load gives way.
 */
#include "co.h"
#include "disk.h"
#include "node.h"
#include "raft_msg.h"
#include "rpc.h"
#include "snapshot.h"
#include "snapshot_file.h"

int await_snapshot_send(int peer, uint64_t term, uint64_t *match_index)
{
    /* Your code here. Until then the peer is left alone. */
    (void)peer;
    (void)term;
    (void)match_index;
    await_sleep(node_config()->heartbeat_ms);
    return RPC_NO_METHOD;
}
