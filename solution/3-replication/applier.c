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
    // BEGIN SOLUTION:
    // | /* Your code here. */
    // | (void)decide;
    /* What is committed will be applied here, whoever leads by then. */
    list_each(at, &waiting) {
        struct waiting *one = list_entry(at, struct waiting, link);

        if (one->at.index > raft.commit_index)
            decide(one, PROPOSED_LOST);
    }
    applier_wake();
    // END SOLUTION
}

enum proposed await_propose(struct bytes bytes, struct proposal *proposal,
                            struct buf *result)
{
    // BEGIN SOLUTION:
    // | /* Your code here. */
    // | (void)bytes;
    // | (void)proposal;
    // | (void)result;
    // | (void)waiting_count;
    // | return PROPOSED_NOT_LEADER;
    struct waiting self = {.result = result};

    if (raft.role != LEADER)
        return PROPOSED_NOT_LEADER;
    if (bytes.len > MAX_COMMAND_BYTES)
        return PROPOSED_TOO_LARGE;
    if (waiting_count >= node_config()->proposals_max)
        return PROPOSED_BUSY;

    self.at.term = raft.current_term;
    self.at.index = leader_append(bytes);
    *proposal = self.at;
    event_init(&self.decided, "a proposal to be applied");
    list_add(&waiting, &self.link);
    waiting_count++;
    int outcome = await_event(&self.decided);
    waiting_count--;
    list_remove(&self.link);
    if (outcome != OK)
        return PROPOSED_CANCELLED;
    return (enum proposed)self.decided.value;
    // END SOLUTION
}

/* ---- Applying ----------------------------------------------------------- */

// BEGIN SOLUTION:
/* The proposal that an entry was made by, if it waits here. Those before it
 * have seen their places taken. */
static struct waiting *proposal_of(uint64_t index, uint64_t term)
{
    struct waiting *first = first_waiting();

    while (first && (first->at.index < index ||
                     (first->at.index == index && first->at.term != term))) {
        decide(first, PROPOSED_LOST);
        first = first_waiting();
    }
    return first && first->at.index == index ? first : NULL;
}

/* Applies the entry after the last one. */
static void await_apply_next(void)
{
    uint64_t index = raft.last_applied + 1;
    struct log_entry entry = store_entry(index);
    uint64_t term = entry.term;
    struct waiting *proposer = proposal_of(index, term);

    /* Copies: the log may move while we wait, and the proposer may leave. */
    buf_clear(&command);
    put_bytes(&command, entry.data);
    buf_clear(&machine_reply);
    if (await_machine_apply(index, term, buf_span(&command),
                            proposer ? &machine_reply : NULL) != OK) {
        /* A snapshot has brought the machine further: we shall be told. */
        if (raft.last_applied < index)
            await_cond(&raft.progress);
        return;
    }
    raft.last_applied = index;

    proposer = proposal_of(index, term);
    if (!proposer)
        return;
    if (proposer->result)
        put_bytes(proposer->result, buf_span(&machine_reply));
    decide(proposer, PROPOSED_OK);
}

/* Whether the next entry is committed, and in the log: one that a snapshot
 * covers is not, and replication_restored is about to say so. */
static bool has_next(void)
{
    return raft.last_applied < raft.commit_index &&
           raft.last_applied >= store_base_index();
}

// END SOLUTION
/* Figure 2, All Servers, rule 1; for as long as the node lives. */
static void applier(void *arg)
{
    (void)arg;
    // BEGIN SOLUTION:
    // | /* Your code here. */
    // | (void)command;
    // | (void)machine_reply;
    for (;;) {
        if (has_next()) {
            await_apply_next();
            if (!has_next() || raft.last_applied % TELL_EVERY == 0)
                applier_wake(); /* others wait for the state, too */
        } else {
            await_cond(&raft.progress);
        }
    }
    // END SOLUTION
}

void replication_restored(uint64_t index)
{
    // BEGIN SOLUTION:
    // | /* Your code here. */
    // | (void)index;
    // | (void)first_waiting;
    if (index > raft.last_applied)
        raft.last_applied = index;
    set_commit(index);
    /* What the machine has said to them went by in another node. */
    while (first_waiting() && first_waiting()->at.index <= index)
        decide(first_waiting(), PROPOSED_LOST);
    applier_wake();
    // END SOLUTION
}

void applier_start(void)
{
    co_spawn("applier", applier, NULL);
}
