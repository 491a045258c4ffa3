/*
 * applier.c - Lab 3: what is committed takes effect; who proposed it hears.
 *
 * One coroutine gives the entries to the state machine, in the order of the
 * log, and no other does: applying may have to wait, and two who do it would
 * meet half-way.
 *
 *     await_propose                     applier
 *       | into the log, into `waiting`    | waits for commit_index
 *       | waits                           | applies the next entry
 *       |<-- its index, its term? --------| answers the first of `waiting`
 *
 * Leaders append at the end, so the proposals wait in the order of their
 * indexes, and the one that an applied entry concerns is the first or none.
 *
 * The invariant: a proposal is answered PROPOSED_OK only when the entry applied
 * at its index is the very one that was proposed there: its term says so.
 */
#include "co.h"
#include "machine.h"
#include "node.h"
#include "raft.h"
#include "replica.h"
#include "store.h"

/* A proposal that waits; it lies on its proposer's stack. */
struct waiting {
    struct list link;     /* in the list of them */
    struct proposal at;   /* where its entry is */
    struct buf *result;   /* takes the machine's answer, or NULL */
    struct event decided; /* set with what became of it */
};

#define TELL_EVERY 256 /* entries applied until others hear of it, at most */

/* Proposals, in the order of their indexes. */
static struct list waiting = {&waiting, &waiting};
static uint32_t waiting_count;   /* how many */
static struct buf command;       /* of the entry being applied */
static struct buf machine_reply; /* to it */

void applier_wake(void)
{
    cond_broadcast(&raft.progress);
}

/* ---- Proposals ---------------------------------------------------------- */

/* The proposal that has waited longest, or NULL. */
static struct waiting *first_waiting(void)
{
    return list_empty(&waiting)
               ? NULL
               : list_entry(waiting.next, struct waiting, link);
}

static void decide(struct waiting *proposal, enum proposed proposed)
{
    list_remove(&proposal->link);
    event_set(&proposal->decided, proposed);
}

void applier_lose_uncommitted(void)
{
    /* Your code here. */
    (void)decide;
}

enum proposed await_propose(struct bytes bytes, struct proposal *proposal,
                            struct buf *result)
{
    /* Your code here. */
    (void)bytes;
    (void)proposal;
    (void)result;
    (void)waiting_count;
    return PROPOSED_NOT_LEADER;
}

/* ---- Applying ----------------------------------------------------------- */

/* Figure 2, All Servers, rule 1; for as long as the node lives. */
static void applier(void *arg)
{
    (void)arg;
    /* Your code here. */
    (void)command;
    (void)machine_reply;
}

void replication_restored(uint64_t index)
{
    /* Your code here. */
    (void)index;
    (void)first_waiting;
}

void applier_start(void)
{
    co_spawn("applier", applier, NULL);
}
