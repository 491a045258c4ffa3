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
    /* Your code here. To ask everybody is right, and costs more. */
    (void)id;
    return true;
}

/* ---- What a majority has ------------------------------------------------ */

void leader_recount(void)
{
    /* Your code here. */
}

/* ---- The leader's own log ----------------------------------------------- */

uint64_t leader_append(struct bytes command)
{
    /* Your code here. */
    (void)command;
    return 0;
}

/* Keeps the own log durable: one sync for all that came during the last. The
 * network is not waited for, nor does it wait (thesis, section 10.2.1). */
static void own_log(void *arg)
{
    /* Your code here. */
    (void)arg;
}

/* ---- Beginning and end -------------------------------------------------- */

/* Waits for the end of a leadership. */
static void watch_leadership(void *arg)
{
    /* Your code here. */
    (void)arg;
}

void leader_start(void)
{
    list_init(&lead.asking);
    cond_init(&lead.appended, "an entry of this leader");
}

void replication_lead(void)
{
    /* Your code here. */
    (void)own_log;
    (void)watch_leadership;
}

enum proposed await_leadership(void)
{
    /* Your code here. */
    return PROPOSED_NOT_LEADER;
}
