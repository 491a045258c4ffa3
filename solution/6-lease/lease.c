/*
 * lease.c - Elective: the promise of a voter, and what it is worth to a leader.
 *
 *     real time ------------------------------------------------------------->
 *
 *     leader     sends          answered
 *                  |---------------|
 *                  |<--- the lease: lease_us() of its clock --->|
 *                   \             /
 *     voter           `-- heard --'
 *                           |<---- the promise: promise_us() of its clock --->|
 *
 * The promise begins later than the lease, since a message cannot arrive before
 * it was sent, and lasts longer, however fast the voter's clock is and however
 * slow the leader's. So, of each voter that counts,
 *
 *     the invariant: while the lease holds, the promise stands.
 *
 * Whoever wants to lead needs the votes of a majority, one of whom is among the
 * majority that has promised; and the leader itself, who votes for nobody while
 * it leads its term. A voter's own candidacy keeps the promise as well: an
 * election timeout is at least election_min, and the leader's voice starts it
 * anew (Figure 2, Followers, rule 2).
 *
 * A process that was stopped finds out from its clock, which went on. What was
 * promised is not on disk; a node that starts does not know what it was, and so
 * keeps the longest that it can have been.
 */
#include "lease.h"

#include "event.h"
#include "node.h"
#include "raft.h"
#include "raft_msg.h"
#include "retry.h"
#include "store.h"

// BEGIN SOLUTION:
// | /* Your code here: what the stage remembers. */
// |
/* When this node heard the leader of its term last, or started. */
static uint64_t heard_us;

/* Of each peer, by id: the latest AppendEntries that it has answered. */
static struct {
    uint64_t term;    /* in which it was sent; 0: none yet */
    uint64_t sent_us; /* when, on this node's clock */
} answered[MAX_NODES];

// END SOLUTION
/* How long a voter's promise lasts, on the voter's clock. */
static uint64_t promise_us(void)
{
    return 1000 * (uint64_t)node_config()->election_min_ms;
}

/* How much of it a leader may count on, by its own clock: as long as the
 * promise of a voter whose clock is as fast as a clock can be, told by one that
 * is as slow. */
static uint64_t lease_us(void)
{
    // BEGIN SOLUTION:
    // | /* Your code here. */
    // | (void)promise_us;
    // | return 0;
    uint32_t drift = node_config()->clock_drift_percent;

    return promise_us() * (100 - drift) / (100 + drift);
    // END SOLUTION
}

/* ---- The leader ---------------------------------------------------------- */

bool lease_holds(void)
{
    // BEGIN SOLUTION:
    // | /* Your code here. */
    // | (void)lease_us;
    // | return false;
    const struct config *config = node_config();
    uint64_t now_us = node_now_us();
    int promised = 1; /* by this node, to itself */

    if (raft.role != LEADER)
        return false;
    for (int i = 0; i < config->node_count; i++) {
        int id = config->nodes[i].id;

        if (id != node_id() && answered[id].term == raft.current_term &&
            now_us - answered[id].sent_us < lease_us())
            promised++;
    }
    return promised >= majority(config->node_count);
    // END SOLUTION
}

// BEGIN SOLUTION:
/* Takes note of an answer to AppendEntries. One of the same term shows that the
 * voter heard this leader, whether or not their logs matched. */
static void note_answer(const struct rpc_call *call, uint64_t sent_us,
                        struct bytes reply)
{
    struct append_entries args;
    struct append_reply answer;

    if (get_append_entries(call->body, &args) != OK ||
        get_append_reply(reply, &answer) != OK || answer.term != args.term)
        return;
    /* Answers overtake each other: a later one may be to an earlier call. */
    if (args.term > answered[call->peer].term) {
        answered[call->peer].term = args.term;
        answered[call->peer].sent_us = sent_us;
    } else if (args.term == answered[call->peer].term &&
               sent_us > answered[call->peer].sent_us) {
        answered[call->peer].sent_us = sent_us;
    }
}

// END SOLUTION
/* Every call that this node makes. */
static int await_calling(void *arg, struct rpc_chain rest,
                         const struct rpc_call *call, struct buf *reply)
{
    (void)arg;
    // BEGIN SOLUTION:
    // | /* Your code here. */
    // | return await_next_client(rest, call, reply);
    size_t begin = reply->len;
    uint64_t sent_us = node_now_us();
    int outcome = await_next_client(rest, call, reply);

    if (outcome == OK && call->method == METHOD_APPEND_ENTRIES)
        note_answer(call, sent_us,
                    bytes_of(reply->data + begin, reply->len - begin));
    return outcome;
    // END SOLUTION
}

/* ---- The voter ----------------------------------------------------------- */

// BEGIN SOLUTION:
// | /* Your code here: when it is promised, by what, and how to refuse. */
// |
/* Whether this node may help nobody into office. A leader's own promise is the
 * lease: when it does not hold, the others may have forgotten it. */
static bool is_promised(void)
{
    return raft.role == LEADER ? lease_holds()
                               : node_now_us() - heard_us < promise_us();
}

/* Whether a request is the voice of the leader of this node's term, or of a
 * later one, which is about to be its term. */
static bool is_leaders(const struct rpc_request *request)
{
    struct append_entries append;
    struct install_snapshot install;

    if (request->method == METHOD_APPEND_ENTRIES &&
        get_append_entries(request->body, &append) == OK)
        return append.term >= raft.current_term;
    return request->method == METHOD_INSTALL_SNAPSHOT &&
           get_install_snapshot(request->body, &install) == OK &&
           install.term >= raft.current_term;
}

/* Refuses a vote. The candidate's term stays outside: to enter it would depose
 * the leader as surely as the vote would. */
static int await_refusal(struct buf *reply)
{
    struct vote_reply answer = {.granted = false};

    /* The term that the answer tells must be on disk, like every other that is
     * told; it may have come in this very moment with an AppendEntries. */
    do {
        answer.term = raft.current_term;
        if (await_store_sync() != OK) {
            put_bytes(reply, bytes_text("RequestVote: the store does not "
                                        "sync"));
            return RPC_FAILED;
        }
    } while (answer.term != raft.current_term);
    put_vote_reply(reply, &answer);
    return OK;
}

// END SOLUTION
/* Every request that this node serves. */
static int await_serving(void *arg, struct rpc_chain rest,
                         const struct rpc_request *request, struct buf *reply)
{
    (void)arg;
    // BEGIN SOLUTION:
    // | /* Your code here. */
    if (request->method == METHOD_REQUEST_VOTE && is_promised())
        return await_refusal(reply);
    if (is_leaders(request))
        heard_us = node_now_us();
    // END SOLUTION
    return await_next_server(rest, request, reply);
}

void lease_start(void)
{
    // BEGIN SOLUTION:
    // | /* Your code here: and what has this node promised? */
    heard_us = node_now_us();
    // END SOLUTION
    rpc_intercept_server(await_serving, NULL);
    rpc_intercept_client(await_calling, NULL);
}
