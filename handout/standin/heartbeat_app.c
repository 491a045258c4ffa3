/*
 * heartbeat_app.c - lab 2's node: RPC, the memory store, the student's
 * election, and in the place of replication a leader that only heartbeats.
 *
 *     leader                                   follower
 *       |-- AppendEntries, no entries, term ---->|  election_saw_term
 *       |                                        |  election_heard_leader
 *       |<------------- reply: term, success ----|  await_store_sync
 *       |  election_saw_term                     |
 *
 * One coroutine a peer sends, every heartbeat_ms for as long as its term and
 * the node's leadership in it last. Nothing is replicated: every heartbeat
 * stands behind entry 0, where all logs match, and claims nothing of the rest.
 */
#include <stdlib.h>

#include "app.h"
#include "co.h"
#include "election.h"
#include "node.h"
#include "raft.h"
#include "raft_msg.h"
#include "rpc.h"
#include "store.h"

/* What a heartbeat coroutine is told. */
struct beat {
    uint64_t term; /* the leadership that it belongs to */
    int peer;      /* whom it keeps quiet */
};

static bool leads(uint64_t term)
{
    return raft.role == LEADER && raft.current_term == term;
}

/* Sends one heartbeat and takes notice of the reply's term. */
static void await_beat(const struct beat *beat)
{
    struct append_reply answer;
    struct buf body = {0};
    struct buf reply = {0};

    put_append_entries(&body, &(struct append_entries){
                                  .term = beat->term,
                                  .leader = node_id(),
                                  .prev_log_index = 0,
                                  .prev_log_term = 0,
                                  .leader_commit = raft.commit_index,
                              });
    int outcome = await_rpc_call(
        &(struct rpc_call){.peer = beat->peer,
                           .method = METHOD_APPEND_ENTRIES,
                           .body = buf_span(&body),
                           .timeout_ms = node_config()->rpc_timeout_ms},
        &reply);
    if (outcome == OK && get_append_reply(buf_span(&reply), &answer) == OK)
        election_saw_term(answer.term); /* Figure 2, All Servers, rule 2 */
    buf_free(&body);
    buf_free(&reply);
}

/* Heartbeats one peer until the leadership is over. */
static void keep_quiet(void *arg)
{
    struct beat *beat = arg;
    uint64_t interval_us = 1000 * (uint64_t)node_config()->heartbeat_ms;

    while (leads(beat->term)) {
        /* From one sending to the next, however long the call takes. */
        uint64_t next_us = node_now_us() + interval_us;

        await_beat(beat);
        uint64_t now_us = node_now_us();
        if (now_us < next_us)
            await_sleep_us(next_us - now_us);
    }
    free(beat);
}

void replication_lead(void)
{
    const struct config *config = node_config();

    for (int i = 0; i < config->node_count; i++) {
        if (config->nodes[i].id == node_id())
            continue;
        struct beat *beat = malloc(sizeof *beat);
        if (!beat)
            node_fatal("out of memory for a heartbeat");
        *beat = (struct beat){raft.current_term, config->nodes[i].id};
        co_spawn("heartbeat", keep_quiet, beat);
    }
}

/* Serves one AppendEntries. */
static int await_append(void *arg, const struct rpc_request *request,
                        struct buf *reply)
{
    struct append_entries args;
    (void)arg;

    if (get_append_entries(request->body, &args) != OK ||
        args.leader != request->from) {
        put_bytes(reply, bytes_text("AppendEntries: the body is not right"));
        return RPC_FAILED;
    }
    election_saw_term(args.term); /* Figure 2, All Servers, rule 2 */
    bool is_current = args.term == raft.current_term; /* AppendEntries rule 1 */
    if (is_current)
        election_heard_leader(args.leader);
    struct append_reply answer = {
        .term = raft.current_term,
        .success = is_current && args.prev_log_index == 0,
    };

    if (await_store_sync() != OK) {
        put_bytes(reply, bytes_text("AppendEntries: the store does not sync"));
        return RPC_FAILED;
    }
    put_append_reply(reply, &answer);
    return OK;
}

/* Everything that has to wait for the store. */
static void boot(void *arg)
{
    (void)arg;
    int outcome = await_store_open();
    if (outcome != OK)
        node_fatal("the memory store does not open: %s; remove the node's "
                   "data folder, or repair its disk, and start it again",
                   outcome_name(outcome));
    raft_init(store_term(), store_voted_for());
    rpc_handle(METHOD_APPEND_ENTRIES, await_append, NULL);
    election_start();
    /* Last: a peer that has been dialled by this node knows that it is ready.
     * Raft's requests may safely come twice and are small, so that of lab 1
     * part A is enough. */
    rpc_start();
}

void app_start(void)
{
    raft_init(0, NO_NODE);
    co_spawn("boot", boot, NULL);
}
