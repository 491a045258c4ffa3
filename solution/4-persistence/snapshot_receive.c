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

// BEGIN SOLUTION:
/* The transfer under way. */
static struct {
    uint64_t leader_term; /* of the leader that sends it; 0: none */
    uint64_t index;       /* last_included_index */
    uint64_t term;        /* last_included_term */
    uint64_t next_offset; /* RECEIVED_FILE holds all before it */
} arriving;

/* Whether this node has all that the snapshot covers: in its own last snapshot,
 * among what is committed, or as the same entry in its log (rule 6). */
static bool is_held(const struct install_snapshot *args)
{
    return args->last_included_index <= store_base_index() ||
           args->last_included_index <= raft.commit_index ||
           (args->last_included_index <= store_last_index() &&
            store_term_at(args->last_included_index) ==
                args->last_included_term);
}

/* Makes the chunk's transfer the one under way. False if the chunk is a late
 * one of an older transfer: a leader's snapshots only grow. */
static bool await_is_of_transfer(const struct install_snapshot *args)
{
    if (args->term == arriving.leader_term &&
        args->last_included_index == arriving.index &&
        args->last_included_term == arriving.term)
        return true;
    if (args->term < arriving.leader_term ||
        (args->term == arriving.leader_term &&
         args->last_included_index < arriving.index))
        return false;
    await_disk_remove(RECEIVED_FILE);
    arriving.leader_term = args->term;
    arriving.index = args->last_included_index;
    arriving.term = args->last_included_term;
    arriving.next_offset = 0;
    return true;
}

/* What has arrived is worth nothing: the transfer begins again. */
static void await_begin_again(void)
{
    arriving.next_offset = 0;
    await_disk_remove(RECEIVED_FILE);
}

/* Makes the machine and the log what the snapshot says. It is durable. */
static int await_adopt(struct snapshot_id id, struct bytes state)
{
    int outcome = await_machine_restore(id.index, id.term, state);

    if (outcome == BAD_BYTES)
        node_fatal("the state machine cannot read the snapshot of entry %llu "
                   "that a leader has sent: do all nodes run the same version?",
                   (unsigned long long)id.index);
    /* From here to the next await nobody else runs. If the machine has come
     * further meanwhile, the cut is right all the same. */
    if (outcome == OK)
        replication_restored(id.index);
    store_compact(id.index, id.term);
    LOG("snapshot", "of %llu entries installed, the log reaches to %llu",
        (unsigned long long)id.index, (unsigned long long)store_last_index());
    return await_store_sync();
}

/* The last chunk is there. OK, or a DISK_ outcome. */
static int await_install(void)
{
    struct snapshot_id id = {arriving.index, arriving.term,
                             arriving.next_offset};
    struct buf state = {0};

    int outcome = await_snapshot_file_seal(RECEIVED_FILE, id, &state);
    if (outcome == OK)
        outcome = await_snapshot_file_publish(RECEIVED_FILE, id);
    if (outcome == OK)
        outcome = await_adopt(id, buf_span(&state));
    buf_free(&state);
    return outcome;
}

/* Takes a chunk, in our turn. OK and what we want next, or what prevents it. */
static int await_take_chunk(const struct install_snapshot *args,
                            uint64_t *next_offset)
{
    if (is_held(args)) {
        *next_offset = SNAPSHOT_HELD;
        return await_store_sync();
    }
    if (!await_is_of_transfer(args)) {
        *next_offset = 0;
        return OK;
    }
    *next_offset = arriving.next_offset;
    if (args->offset != arriving.next_offset)
        return OK;
    if (args->data.len > SNAPSHOT_MAX_BYTES - args->offset)
        return TOO_LARGE;

    int outcome = OK;
    if (args->data.len > 0)
        outcome = await_disk_write(
            RECEIVED_FILE, SNAPSHOT_HEADER_BYTES + args->offset, args->data);
    if (outcome == OK) {
        arriving.next_offset += args->data.len;
        *next_offset = arriving.next_offset;
        if (args->done)
            outcome = await_install();
    }
    if (outcome != OK)
        await_begin_again();
    return outcome;
}

/* Waits for the turn and takes the chunk, if it is still its leader's term. */
static int await_take_turn(const struct install_snapshot *args,
                           struct snapshot_reply *answer)
{
    int outcome = await_snapshot_turn();

    if (outcome != OK)
        return outcome;
    if (args->term == raft.current_term)
        outcome = await_take_chunk(args, &answer->next_offset);
    snapshot_give_back_turn();
    return outcome;
}
// END SOLUTION

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
    // BEGIN SOLUTION:
    // | /* Your code here. Until then no chunk is taken. */
    // | put_bytes(reply, bytes_text("InstallSnapshot: not written yet"));
    // | return RPC_FAILED;
    election_saw_term(args.term); /* Figure 2, All Servers, rule 2 */
    if (args.term == raft.current_term && raft.role == LEADER) {
        put_bytes(reply, bytes_text("InstallSnapshot: this node leads the "
                                    "term"));
        return RPC_FAILED;
    }
    if (args.term == raft.current_term)
        election_heard_leader(args.leader);
    /* The term is on disk before anything that was learnt in it is. */
    int outcome = await_store_sync();
    if (outcome == OK && args.term == raft.current_term) /* else rule 1 */
        outcome = await_take_turn(&args, &answer);
    /* Another term may have begun meanwhile, and again while that was made
     * durable. */
    while (outcome == OK && answer.term != raft.current_term) {
        answer.term = raft.current_term;
        outcome = await_store_sync();
    }
    if (outcome != OK) {
        put_bytes(reply, bytes_text("InstallSnapshot: the chunk was not "
                                    "taken: "));
        put_bytes(reply, bytes_text(outcome_name(outcome)));
        return RPC_FAILED;
    }
    // END SOLUTION
    put_snapshot_reply(reply, &answer);
    return OK;
}

void snapshot_receive_start(void)
{
    rpc_handle(METHOD_INSTALL_SNAPSHOT, await_chunk, NULL);
}
