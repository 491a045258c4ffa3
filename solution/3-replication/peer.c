/*
 * peer.c - Lab 3: the leader's side of AppendEntries, one coroutine a peer.
 *
 * Of each peer a leader knows match, up to which the logs are known to be equal,
 * and next, the entry to be sent next, which is a guess (Figure 2). Everything
 * between them is on its way, or lost.
 *
 *                 match            next
 *                   v               v
 *      1 1 1 2 2 3 3 3 3 3 3 3 3 3 3 3 3 3 3
 *      known to match  |  under way  | to be sent
 *
 * How it sends depends on how sure it is of its guess:
 *
 *               a success reaches next - 1
 *             +-----------------------------+
 *             v                             |
 *        STREAMING --- a rejection ---> PROBING <--+ a rejection
 *             |                           |  ^-----+
 *             | an answer that           same|
 *             | does not come             v  | the next heartbeat
 *             +----------------------> RESTING
 *
 *   STREAMING  the logs match before next: entries leave as they come, in
 *              batches, up to append_window requests at once
 *   PROBING    they may not: one request at a time, without entries, goes where
 *              the last rejection pointed
 *   RESTING    nobody answers: not a byte before the next heartbeat is due
 * So what fits is sent at once, and once. A request whose answer did not come
 * may have arrived: the probe asks behind it, and it is not sent again.
 *
 * The invariants: match only rises, and only to what an answer of this term
 * confirms; match < next <= last index + 1.
 */
#include <stdlib.h>

#include "co.h"
#include "node.h"
#include "raft_msg.h"
#include "replica.h"
#include "retry.h"
#include "store.h"

#define ENTRY_HEAD_BYTES 12 /* of an encoded entry: term, length */

enum pace { STREAMING, PROBING, RESTING };

/* What a leader knows of a peer. Made anew with each leadership. */
struct peer {
    int id;               /* which node */
    uint64_t term;        /* of the leadership */
    uint64_t next;        /* Figure 2's nextIndex */
    uint64_t match;       /* Figure 2's matchIndex */
    enum pace pace;       /* how it is sent to */
    uint64_t beat_us;     /* when it has to hear from us at the latest */
    uint64_t round_sent;  /* the newest round that a request carried */
    uint64_t round_known; /* the newest round that was answered */
    uint32_t under_way;   /* requests without an answer yet */
    uint64_t attempt;     /* rises when next is set anew: what was sent before
                             does not speak of it */
    uint32_t in_attempt;  /* requests of this attempt under way */
};

/* One AppendEntries on its way. */
struct append {
    struct peer *peer; /* whom it goes to */
    uint64_t term;     /* of the leadership; later, *peer means another one */
    uint64_t prev;     /* the entry that it follows */
    uint64_t last;     /* its last entry; prev if it has none */
    uint64_t round;    /* the round of confirmation when it was sent */
    uint64_t attempt;  /* the peer's, when it was sent */
    struct buf body;   /* the request */
};

static struct peer peers[MAX_NODES];    /* by id */
static struct cond may_send[MAX_NODES]; /* by id: there is something to send */

uint64_t peer_match(int id)
{
    return peers[id].match;
}

uint64_t peer_round(int id)
{
    return peers[id].round_known;
}

/* ---- What to send, and when --------------------------------------------- */

/* Whether there is something to send to a peer now. */
static bool has_work(const struct peer *peer)
{
    // BEGIN SOLUTION:
    // | /* Your code here. */
    // | (void)peer;
    // | return false;
    if (peer->under_way >= node_config()->append_window)
        return false;
    if (node_now_us() >= peer->beat_us)
        return true;
    if (peer->pace != STREAMING)
        return peer->pace == PROBING && peer->in_attempt == 0;
    /* A round rides on whatever is sent. For its own sake it is sent only if
     * nothing is under way, so that all who ask meanwhile share the next. */
    return peer->next <= store_last_index() ||
           (leader_round() > peer->round_sent && peer->under_way == 0 &&
            leader_asks(peer->id));
    // END SOLUTION
}

/* How many of the entries from first on go into one request. */
static uint32_t batch_from(uint64_t first)
{
    // BEGIN SOLUTION:
    // | /* Your code here. */
    // | (void)first;
    // | return 0;
    uint64_t left = store_last_index() + 1 - first;
    size_t bytes = 0;

    if (left > MAX_APPEND_ENTRIES)
        left = MAX_APPEND_ENTRIES;
    for (uint32_t count = 0; count < left; count++) {
        bytes += ENTRY_HEAD_BYTES + store_entry(first + count).data.len;
        if (count > 0 && bytes > node_config()->append_max_bytes)
            return count;
    }
    return (uint32_t)left;
    // END SOLUTION
}

/* Writes the request that an append stands for. */
static void put_request(struct append *append)
{
    struct append_entries head = {
        .term = append->term,
        .leader = node_id(),
        .prev_log_index = append->prev,
        .prev_log_term = store_term_at(append->prev),
        .leader_commit = raft.commit_index,
        .count = (uint32_t)(append->last - append->prev),
    };

    put_append_entries(&append->body, &head);
    for (uint64_t index = append->prev + 1; index <= append->last; index++) {
        struct log_entry entry = store_entry(index);
        put_entry(&append->body, &entry);
    }
}

// BEGIN SOLUTION:
/* Another guess: what is under way says nothing about it. */
static void guess_next(struct peer *peer, uint64_t next, enum pace pace)
{
    peer->next = next;
    peer->pace = pace;
    peer->attempt++;
    peer->in_attempt = 0;
}

/*
 * Where to look after a rejection at prev (section 5.3). The follower has an
 * entry of conflict_term there, and its first of that term at conflict_index.
 * Ours match at best up to our last entry of a term that is not higher.
 */
static uint64_t next_after_conflict(const struct peer *peer, uint64_t prev,
                                    const struct append_reply *answer)
{
    uint64_t next = answer->conflict_index;

    if (answer->conflict_term > 0) {
        uint64_t fit = prev;

        while (fit > store_base_index() &&
               store_term_at(fit) > answer->conflict_term)
            fit--;
        if (store_term_at(fit) == answer->conflict_term || fit + 1 < next)
            next = fit + 1;
    }
    if (next > prev) /* whatever it says: back, */
        next = prev;
    /* but not behind what is known */
    return next > peer->match ? next : peer->match + 1;
}

static void on_success(struct peer *peer, const struct append *append,
                       uint64_t matched)
{
    bool is_fresh = append->attempt == peer->attempt;

    /* It is the answer to this request, whatever the log holds by now; and it
     * may confirm but a part. */
    if (matched > append->last)
        matched = append->last;
    bool has_risen = matched > peer->match;
    if (has_risen)
        peer->match = matched;
    if (peer->match + 1 >= peer->next) {
        peer->next = peer->match + 1;
        peer->pace = STREAMING;
    } else if (is_fresh && append->last > peer->match) {
        guess_next(peer, peer->match + 1, has_risen ? STREAMING : RESTING);
    }
}

static void on_rejection(struct peer *peer, const struct append *append,
                         const struct append_reply *answer)
{
    /* One that takes back what it has confirmed leaves no way to go on. */
    if (append->attempt == peer->attempt && append->prev > peer->match)
        guess_next(peer, next_after_conflict(peer, append->prev, answer),
                   PROBING);
    else if (append->attempt == peer->attempt)
        guess_next(peer, peer->next, RESTING);
}

/* Takes in an answer; NULL: none came. */
static void take_answer(const struct append *append,
                        const struct append_reply *answer)
{
    struct peer *peer = append->peer;
    bool is_fresh = append->attempt == peer->attempt;

    peer->under_way--;
    if (is_fresh)
        peer->in_attempt--;
    if (answer && answer->success)
        on_success(peer, append, answer->match_index);
    else if (answer)
        on_rejection(peer, append, answer);
    else if (is_fresh && (append->last > peer->match || peer->pace == PROBING))
        guess_next(peer, peer->next, RESTING);
    /* else an idle heartbeat was lost: the next one asks the same. */

    if (answer) {
        if (append->round > peer->round_known)
            peer->round_known = append->round;
        leader_recount();
    }
    if (has_work(peer))
        cond_broadcast(&may_send[peer->id]);
}

// END SOLUTION
/* Makes one call of AppendEntries and takes in what it comes to. */
static void call(void *arg)
{
    // BEGIN SOLUTION:
    // | /* Your code here. */
    // | (void)arg;
    struct append *append = arg;
    struct append_reply answer;
    struct buf reply = {0};
    struct rpc_call rpc = {.peer = append->peer->id,
                           .method = METHOD_APPEND_ENTRIES,
                           .body = buf_span(&append->body),
                           .timeout_ms = node_config()->rpc_timeout_ms};
    int outcome = leads(append->term) ? await_call(&rpc, &reply)
                                      : RPC_CANCELLED;

    if (outcome == OK)
        outcome = get_append_reply(buf_span(&reply), &answer);
    if (outcome == OK)
        election_saw_term(answer.term); /* Figure 2, All Servers, rule 2 */
    bool is_answer = outcome == OK && answer.term == append->term;
    if (leads(append->term))
        take_answer(append, is_answer ? &answer : NULL);
    buf_free(&reply);
    buf_free(&append->body);
    free(append);
    // END SOLUTION
}

/* Sends one AppendEntries on its way. */
static void send_append(struct peer *peer)
{
    // BEGIN SOLUTION:
    // | /* Your code here. */
    // | (void)peer;
    // | (void)batch_from;
    // | (void)put_request;
    // | (void)call;
    struct append *append = calloc(1, sizeof *append);

    if (!append)
        node_fatal("out of memory for an AppendEntries");
    *append = (struct append){.peer = peer,
                              .term = peer->term,
                              .prev = peer->next - 1,
                              .last = peer->next - 1,
                              .round = leader_round(),
                              .attempt = peer->attempt};
    if (peer->pace == STREAMING)
        append->last += batch_from(peer->next);
    else
        peer->pace = PROBING;
    put_request(append);

    peer->next = append->last + 1;
    peer->under_way++;
    peer->in_attempt++;
    peer->round_sent = append->round;
    peer->beat_us = node_now_us() +
                    1000 * (uint64_t)node_config()->heartbeat_ms;
    co_spawn("append entries", call, append);
    // END SOLUTION
}

// BEGIN SOLUTION:
/* The log no longer holds what the peer needs: a snapshot does. */
static void await_snapshot(struct peer *peer)
{
    uint64_t match = 0;
    uint64_t term = peer->term;
    int outcome = await_snapshot_send(peer->id, term, &match);

    if (outcome != OK || !leads(term) || match <= peer->match) {
        await_sleep(node_config()->heartbeat_ms);
        return;
    }
    peer->match = match;
    guess_next(peer, match + 1, STREAMING);
    leader_recount();
}

/* Until there is something to send, or the next heartbeat is due. */
static void await_work(const struct peer *peer)
{
    struct cancel scope;

    cancel_open(&scope);
    cancel_at(&scope, peer->beat_us);
    await_cond(&may_send[peer->id]);
    cancel_close(&scope);
}

// END SOLUTION
/* Replicates to one peer until the leadership is over. */
static void replicate(void *arg)
{
    // BEGIN SOLUTION:
    // | /* Your code here. */
    // | (void)arg;
    // | (void)has_work;
    // | (void)send_append;
    struct peer *peer = arg;
    uint64_t term = peer->term;

    while (leads(term)) {
        if (peer->next <= store_base_index())
            await_snapshot(peer);
        else if (has_work(peer))
            send_append(peer);
        else
            await_work(peer);
    }
    // END SOLUTION
}

void peer_wake_all(void)
{
    const struct config *config = node_config();

    for (int i = 0; i < config->node_count; i++) {
        int id = config->nodes[i].id;

        if (id != node_id() && has_work(&peers[id]))
            cond_broadcast(&may_send[id]);
    }
}

void peer_lead_all(void)
{
    const struct config *config = node_config();

    for (int i = 0; i < config->node_count; i++) {
        int id = config->nodes[i].id;

        if (id == node_id())
            continue;
        // BEGIN SOLUTION:
        // | /* Your code here. */
        // | (void)replicate;
        /* Figure 2: reinitialized after election. */
        peers[id] = (struct peer){
            .id = id,
            .term = raft.current_term,
            .next = store_last_index() + 1,
            .pace = STREAMING,
        };
        co_spawn("replicate", replicate, &peers[id]);
        // END SOLUTION
    }
}

void peer_start(void)
{
    for (int id = 0; id < MAX_NODES; id++)
        cond_init(&may_send[id], "something to send");
}
