/*
 * leader.c - Lab 3: what a leader does beside sending.
 *
 * A leadership begins with an entry of its own, a no-op: only entries of its
 * own term can be committed by counting, so without one it could not even
 * commit what earlier leaders left (section 8). Then run, until the term or the
 * role moves on,
 *
 *     own log            makes what is appended durable, all that waits at once
 *     leadership watch   waits for the end, and tells those who wait in vain
 *     replicate          one a peer: see peer.c
 *
 * The invariant: an entry is counted for a node only once that node has it on
 * disk; the leader is a node like the others.
 *
 *     own log durable up to   7  ---+
 *     peer 2 match            9     +--> 9 8 7 5 4: three of five hold 7
 *     peer 3 match            5     |
 *     peer 4 match            8     |
 *     peer 5 match            4  ---+
 */
#include "co.h"
#include "node.h"
#include "raft.h"
#include "replica.h"
#include "store.h"

/* Somebody who wants to know whether this node still leads. */
struct asking {
    struct list link;   /* in lead.asking */
    uint64_t round;     /* whose answers will do, or those of a later one */
    struct event known; /* set with the answer */
};

/* This node's last leadership. */
static struct {
    uint64_t term;        /* in which it was elected; 0: never yet */
    uint64_t durable;     /* the own log is on disk up to here */
    uint64_t round;       /* of confirmation, the newest; rises for ever */
    struct list asking;   /* in the order of their rounds */
    struct cond appended; /* broadcast when the own log has grown */
} lead;

bool leads(uint64_t term)
{
    return raft.role == LEADER && raft.current_term == term;
}

uint64_t leader_round(void)
{
    return lead.round;
}

/* A majority confirms as well as all do, and wakes fewer: those are asked who
 * confirmed last. Should one of them be silent, then others answer the next
 * heartbeat, and are asked from then on. */
bool leader_asks(int id)
{
    // BEGIN SOLUTION:
    // | /* Your code here. To ask everybody is right, and costs more. */
    // | (void)id;
    // | return true;
    const struct config *config = node_config();
    int before = 0; /* how many are asked rather than this one */

    for (int i = 0; i < config->node_count; i++) {
        int other = config->nodes[i].id;

        if (other != node_id())
            before += peer_round(other) > peer_round(id) ||
                      (peer_round(other) == peer_round(id) && other < id);
    }
    return before < majority(config->node_count) - 1;
    // END SOLUTION
}

/* ---- What a majority has ------------------------------------------------ */

// BEGIN SOLUTION:
/* The highest number that a majority of the cluster has reached. */
static uint64_t reached(uint64_t own, uint64_t (*of_peer)(int id))
{
    const struct config *config = node_config();
    uint64_t sorted[MAX_NODES]; /* the highest first */

    for (int i = 0; i < config->node_count; i++) {
        int id = config->nodes[i].id;
        uint64_t value = id == node_id() ? own : of_peer(id);
        int place = i;

        for (; place > 0 && sorted[place - 1] < value; place--)
            sorted[place] = sorted[place - 1];
        sorted[place] = value;
    }
    return sorted[majority(config->node_count) - 1];
}

/* Tells all who asked up to a round. */
static void tell_askers(uint64_t round, enum proposed answer)
{
    while (!list_empty(&lead.asking)) {
        struct asking *first = list_entry(lead.asking.next, struct asking,
                                          link);

        if (first->round > round)
            break;
        list_remove(&first->link);
        event_set(&first->known, answer);
    }
}

// END SOLUTION
void leader_recount(void)
{
    // BEGIN SOLUTION:
    // | /* Your code here. */
    uint64_t index = reached(lead.durable, peer_match);

    /* Figure 2, Leaders, rule 4. Section 5.4.2: an entry of an older term may
     * be on a majority and yet be overwritten (Figure 8); one of our own
     * cannot, and takes all before it along. */
    if (store_term_at(index) == lead.term)
        set_commit(index);
    tell_askers(reached(UINT64_MAX, peer_round), PROPOSED_OK);
    // END SOLUTION
}

/* ---- The leader's own log ----------------------------------------------- */

uint64_t leader_append(struct bytes command)
{
    // BEGIN SOLUTION:
    // | /* Your code here. */
    // | (void)command;
    // | return 0;
    store_append(lead.term, command);
    cond_broadcast(&lead.appended);
    peer_wake_all();
    return store_last_index();
    // END SOLUTION
}

/* Keeps the own log durable: one sync for all that came during the last. The
 * network is not waited for, nor does it wait (thesis, section 10.2.1). */
static void own_log(void *arg)
{
    // BEGIN SOLUTION:
    // | /* Your code here. */
    // | (void)arg;
    uint64_t term = lead.term;
    (void)arg;

    while (leads(term)) {
        uint64_t last = store_last_index();

        if (lead.durable == last) {
            await_cond(&lead.appended);
            continue;
        }
        await_durable();
        if (!leads(term))
            return;
        lead.durable = last; /* what has come meanwhile was not covered */
        leader_recount();
    }
    // END SOLUTION
}

/* ---- Beginning and end -------------------------------------------------- */

/* Waits for the end of a leadership. */
static void watch_leadership(void *arg)
{
    // BEGIN SOLUTION:
    // | /* Your code here. */
    // | (void)arg;
    uint64_t term = lead.term;
    (void)arg;

    while (leads(term) && await_cond(&raft.changed) == OK)
        continue;
    LOG("leader", "the leadership of term %llu is over",
        (unsigned long long)term);
    tell_askers(UINT64_MAX, PROPOSED_LOST);
    applier_lose_uncommitted();
    cond_broadcast(&lead.appended);
    // END SOLUTION
}

void leader_start(void)
{
    list_init(&lead.asking);
    cond_init(&lead.appended, "an entry of this leader");
}

void replication_lead(void)
{
    // BEGIN SOLUTION:
    // | /* Your code here. */
    // | (void)own_log;
    // | (void)watch_leadership;
    lead.term = raft.current_term;
    lead.durable = 0; /* the first sync will say */
    peer_lead_all();
    leader_append((struct bytes){0});
    /* They run in this upcall, before anything can end the leadership. */
    co_spawn("leadership watch", watch_leadership, NULL);
    co_spawn("own log", own_log, NULL);
    // END SOLUTION
}

enum proposed await_leadership(void)
{
    // BEGIN SOLUTION:
    // | /* Your code here. */
    // | return PROPOSED_NOT_LEADER;
    if (!leads(lead.term))
        return PROPOSED_NOT_LEADER;

    /* What is sent from now on is of this round, or of a later one: everybody
     * who asks before it is sent shares it. */
    struct asking asking = {.round = ++lead.round};
    event_init(&asking.known, "a majority that still follows");
    list_add(&lead.asking, &asking.link);
    peer_wake_all();
    leader_recount(); /* a cluster of one is its own majority */

    int outcome = await_event(&asking.known);
    list_remove(&asking.link);
    if (outcome != OK)
        return PROPOSED_CANCELLED;
    return (enum proposed)asking.known.value;
    // END SOLUTION
}
