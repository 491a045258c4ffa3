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
    // BEGIN SOLUTION:
    // | /* Your code here. */
    // | (void)args;
    // | (void)answer;
    // | return false;
    uint64_t prev = args->prev_log_index;
    uint64_t base = store_base_index();

    if (prev > store_last_index()) {
        answer->conflict_index = store_last_index() + 1;
        return false;
    }
    /* What a snapshot covers is committed, and so the leader's too. */
    if (prev < base || store_term_at(prev) == args->prev_log_term)
        return true;

    /* Section 5.3: one rejection a term, not one an entry. */
    uint64_t first = prev;
    answer->conflict_term = store_term_at(prev);
    while (first > base + 1 &&
           store_term_at(first - 1) == answer->conflict_term)
        first--;
    answer->conflict_index = first;
    return false;
    // END SOLUTION
}

/* Takes the entries that are not there yet, in the place of those that
 * contradict them (rules 3 and 4). False, and nothing has changed, if one that
 * is committed does: no leader that Raft could elect says so. */
static bool take_entries(struct append_entries *args)
{
    // BEGIN SOLUTION:
    // | /* Your code here. */
    // | (void)args;
    // | return false;
    uint64_t index = args->prev_log_index;

    for (uint32_t i = 0; i < args->count; i++) {
        struct log_entry entry = next_entry(args);

        index++;
        if (index <= store_base_index())
            continue;
        if (index <= store_last_index()) {
            if (store_term_at(index) == entry.term)
                continue;
            if (index <= raft.commit_index)
                return false;
            LOG("log", "cut after %llu", (unsigned long long)(index - 1));
            store_truncate_after(index - 1);
        }
        store_append(entry.term, entry.data);
    }
    return true;
    // END SOLUTION
}

/* What the request changes, and what can be said of it once that is durable. */
static bool follow(struct append_entries *args, struct append_reply *answer)
{
    // BEGIN SOLUTION:
    // | /* Your code here. */
    // | (void)args;
    // | (void)matches_at_prev;
    // | (void)take_entries;
    // | answer->success = false;
    // | return true;
    if (!matches_at_prev(args, answer))
        return args->prev_log_index > raft.commit_index;
    if (!take_entries(args))
        return false;
    answer->success = true;
    answer->match_index = args->prev_log_index + args->count;
    return true;
    // END SOLUTION
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
    // BEGIN SOLUTION:
    // | /* Your code here: what changes, and when may it be told? */
    // | (void)follow;
    uint64_t term;

    election_saw_term(args.term); /* Figure 2, All Servers, rule 2 */
    answer.term = raft.current_term;
    if (args.term == raft.current_term) { /* else AppendEntries rule 1 */
        election_heard_leader(args.leader);
        if (raft.role == LEADER || !follow(&args, &answer)) {
            LOG("log", "refused: node %d contradicts what is certain",
                args.leader);
            put_bytes(reply, bytes_text("AppendEntries: contradicts what is "
                                        "committed, or the term's leader"));
            return RPC_FAILED;
        }
    }
    /* Figure 2: updated on stable storage before responding. Meanwhile another
     * term may have begun, in which the answer is no longer true. */
    do {
        term = raft.current_term;
        await_durable();
    } while (term != raft.current_term);
    if (term != answer.term)
        answer = (struct append_reply){.term = term};

    /* Rule 5: up to the last entry that is known to be the leader's; what lies
     * behind it may be anybody's. */
    if (answer.success)
        set_commit(args.leader_commit < answer.match_index
                       ? args.leader_commit
                       : answer.match_index);
    // END SOLUTION
    put_append_reply(reply, &answer);
    return OK;
}

void follower_start(void)
{
    rpc_handle(METHOD_APPEND_ENTRIES, await_append, NULL);
}
