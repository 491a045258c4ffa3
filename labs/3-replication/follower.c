/*
 * follower.c - Lab 3: the receiver of AppendEntries (Figure 2).
 *
 * Requests overlap: a leader sends several without waiting, the network may
 * turn their order round or bring one twice, and each is served by a coroutine
 * of its own. So a request changes the log between two awaits, at once and
 * whole; and it changes only what it must. An old request that comes late finds
 * its entries in the log, with those of its successors behind them, and leaves
 * them all alone.
 *
 *     prev    entries               what the log holds behind prev
 *      |
 *      v      +---+---+---+
 *      ...    | 3 | 3 | 4 |         3 3 4 4     all there: nothing changes
 *             +---+---+---+         3 3         the third is appended
 *                                   3 2 2       cut after the first, then two
 *
 * The invariant: an entry is cut away only if the leader of the current term
 * has another at its place; and never if it is committed.
 */
#include "node.h"
#include "raft.h"
#include "raft_msg.h"
#include "replica.h"
#include "store.h"

/* Whether the log holds what the new entries follow (AppendEntries rule 2). If
 * not, the answer says where the leader should look next. */
static bool matches_at_prev(const struct append_entries *args,
                            struct append_reply *answer)
{
    /* Your code here. */
    (void)args;
    (void)answer;
    return false;
}

/* Takes the entries that are not there yet, in the place of those that
 * contradict them (rules 3 and 4). False, and nothing has changed, if one that
 * is committed does: no leader that Raft could elect says so. */
static bool take_entries(struct append_entries *args)
{
    /* Your code here. */
    (void)args;
    return false;
}

/* What the request changes, and what can be said of it once that is durable. */
static bool follow(struct append_entries *args, struct append_reply *answer)
{
    /* Your code here. */
    (void)args;
    (void)matches_at_prev;
    (void)take_entries;
    answer->success = false;
    return true;
}

/* Serves one AppendEntries. */
static int await_append(void *arg, const struct rpc_request *request,
                        struct buf *reply)
{
    struct append_entries args;
    struct append_reply answer = {0};
    (void)arg;

    if (get_append_entries(request->body, &args) != OK) {
        put_bytes(reply, bytes_text("AppendEntries: the body does not decode"));
        return RPC_FAILED;
    }
    if (args.leader != request->from) {
        put_bytes(reply, bytes_text("AppendEntries: speaks for another node"));
        return RPC_FAILED;
    }
    /* Your code here: what changes, and when may it be told? */
    (void)follow;
    put_append_reply(reply, &answer);
    return OK;
}

void follower_start(void)
{
    rpc_handle(METHOD_APPEND_ENTRIES, await_append, NULL);
}
