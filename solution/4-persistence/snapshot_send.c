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

// BEGIN SOLUTION:
/* A snapshot on its way. */
struct transfer {
    int peer;              /* to whom */
    uint64_t term;         /* of the leadership that sends it */
    struct snapshot_id id; /* which one it is */
    uint64_t offset;       /* what the peer wants next */
};

static bool leads(uint64_t term)
{
    return raft.role == LEADER && raft.current_term == term;
}

/* Whether SNAPSHOT_FILE is still the one that is being sent. */
static bool is_current(const struct transfer *transfer)
{
    return snapshot_file_current().index == transfer->id.index;
}

/* Makes one call. OK, and the answer; or why there is none. */
static int await_call_peer(const struct transfer *transfer, struct bytes chunk,
                           struct snapshot_reply *answer)
{
    struct buf body = {0};
    struct buf reply = {0};

    put_install_snapshot(&body, &(struct install_snapshot){
                                    .term = transfer->term,
                                    .leader = node_id(),
                                    .last_included_index = transfer->id.index,
                                    .last_included_term = transfer->id.term,
                                    .offset = transfer->offset,
                                    .done = transfer->offset + chunk.len ==
                                            transfer->id.size_bytes,
                                    .data = chunk});
    int outcome = await_rpc_call(
        &(struct rpc_call){.peer = transfer->peer,
                           .method = METHOD_INSTALL_SNAPSHOT,
                           .body = buf_span(&body),
                           .timeout_ms = node_config()->rpc_timeout_ms},
        &reply);
    if (outcome == OK)
        outcome = get_snapshot_reply(buf_span(&reply), answer);
    buf_free(&body);
    buf_free(&reply);
    return outcome;
}

/* Sends the chunk that the peer wants. OK: it has answered. */
static int await_send_chunk(const struct transfer *transfer,
                            struct snapshot_reply *answer)
{
    struct buf chunk = {0};
    int outcome = await_disk_read(SNAPSHOT_FILE,
                                  SNAPSHOT_HEADER_BYTES + transfer->offset,
                                  node_config()->snapshot_chunk_bytes, &chunk);

    /* While we read, another file may have come, or another term. */
    if (outcome == OK && !(is_current(transfer) && leads(transfer->term)))
        outcome = CANCELLED;
    if (outcome == OK)
        outcome = await_call_peer(transfer, buf_span(&chunk), answer);
    buf_free(&chunk);
    if (outcome == OK)
        election_saw_term(answer->term); /* Figure 2, All Servers, rule 2 */
    return outcome;
}

/* Takes note of what the peer wants next. Whether it has come closer. */
static bool advance(struct transfer *transfer, uint64_t next_offset)
{
    bool is_further = next_offset > transfer->offset;

    transfer->offset = next_offset;
    return is_further;
}
// END SOLUTION

int await_snapshot_send(int peer, uint64_t term, uint64_t *match_index)
{
    // BEGIN SOLUTION:
    // | /* Your code here. Until then the peer is left alone. */
    // | (void)peer;
    // | (void)term;
    // | (void)match_index;
    // | await_sleep(node_config()->heartbeat_ms);
    // | return RPC_NO_METHOD;
    struct transfer transfer = {.peer = peer, .term = term};

    while (leads(term)) {
        struct snapshot_reply answer = {0};

        if (!is_current(&transfer)) {
            transfer.id = snapshot_file_current();
            transfer.offset = 0;
            LOG("snapshot", "of %llu entries, %llu bytes, to node %d",
                (unsigned long long)transfer.id.index,
                (unsigned long long)transfer.id.size_bytes, peer);
        }
        int outcome = await_send_chunk(&transfer, &answer);
        if (!leads(term))
            break;
        if (outcome == OK && answer.next_offset >= transfer.id.size_bytes) {
            *match_index = transfer.id.index;
            return OK;
        }
        /* No answer, or one that takes us no further, is no reason to hurry;
         * the next chunk is the peer's heartbeat as well. */
        if ((outcome != OK || !advance(&transfer, answer.next_offset)) &&
            await_sleep(node_config()->heartbeat_ms) != OK)
            break;
    }
    return CANCELLED;
    // END SOLUTION
}
