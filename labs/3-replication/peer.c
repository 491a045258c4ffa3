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
    /* Your code here. */
    (void)peer;
    return false;
}

/* How many of the entries from first on go into one request. */
static uint32_t batch_from(uint64_t first)
{
    /* Your code here. */
    (void)first;
    return 0;
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

/* Makes one call of AppendEntries and takes in what it comes to. */
static void call(void *arg)
{
    /* Your code here. */
    (void)arg;
}

/* Sends one AppendEntries on its way. */
static void send_append(struct peer *peer)
{
    /* Your code here. */
    (void)peer;
    (void)batch_from;
    (void)put_request;
    (void)call;
}

/* Replicates to one peer until the leadership is over. */
static void replicate(void *arg)
{
    /* Your code here. */
    (void)arg;
    (void)has_work;
    (void)send_append;
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
        /* Your code here. */
        (void)replicate;
    }
}

void peer_start(void)
{
    for (int id = 0; id < MAX_NODES; id++)
        cond_init(&may_send[id], "something to send");
}
