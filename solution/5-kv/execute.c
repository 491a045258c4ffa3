/*
 * execute.c - Lab 5, parts B and C: what becomes of a command.
 *
 * Writes are an entry: it is proposed, and the state machine's answers to the
 * entry are theirs. Reads need no entry, but they must not be answered by a
 * leader that has been deposed and does not know (section 8):
 *
 *     1  note the commit index: all that was answered before the read began is
 *        at or before it, once an entry of this term is committed
 *     2  await_leadership: a majority still follows, so that nobody else can
 *        have committed anything meanwhile that the read would miss
 *     3  wait until the state holds the noted entry, and read
 *
 * The round of step 2 is shared by all reads that wait for one, and is not
 * needed at all while a lease holds (lease.h).
 *
 * A key whose time has come by this node's clock, but not yet by the state's,
 * must not be seen, nor may it come back when another leads whose clock is
 * late: so the read first puts the time into the log.
 */
#include "kv.h"

#include "kv_pairs.h"
#include "node.h"
#include "raft.h"
#include "state.h"
#include "store.h"

/* This node's wall clock in milliseconds; never negative. */
static uint64_t wall_ms(void)
{
    int64_t now_us = node_wall_us();

    return now_us > 0 ? (uint64_t)now_us / 1000 : 0;
}

/* Many keys are many places in memory: one wait for all, not one for each. */
static void fetch(const struct kv_command commands[], uint32_t count)
{
    struct bytes keys[PAIRS_AHEAD];
    size_t ahead = 0;

    for (uint32_t i = 0; i < count && ahead < PAIRS_AHEAD; i++)
        if (commands[i].key_count > 0)
            keys[ahead++] = commands[i].keys[0];
    pairs_fetch(keys, ahead);
}

/* Writes, and perhaps reads among them: their entry, and the state machine's
 * answers. */
static enum proposed await_entry(const struct kv_command commands[],
                                 uint32_t count, struct buf *answers)
{
    // BEGIN SOLUTION:
    // | /* Your code here (part B). */
    // | (void)commands;
    // | (void)count;
    // | (void)answers;
    // | (void)wall_ms;
    // | return PROPOSED_NOT_LEADER;
    struct buf entry = {0};
    struct proposal proposal;

    put_kv_head(&entry, wall_ms(), count);
    for (uint32_t i = 0; i < count; i++)
        put_kv_command(&entry, &commands[i]);
    enum proposed proposed = await_propose(buf_span(&entry), &proposal,
                                           answers);
    buf_free(&entry);
    return proposed;
    // END SOLUTION
}

// BEGIN SOLUTION:
// | /* Your code here (part C): what a read needs. */
/* Whether an entry of this term is committed: until then this leader does not
 * know what its predecessors have committed. */
static bool knows_commits(void)
{
    return store_term_at(raft.commit_index) == raft.current_term;
}

/* Waits until the commit index or the state has moved on. */
static enum proposed await_progress(uint64_t term)
{
    if (await_cond(&raft.progress) != OK)
        return PROPOSED_CANCELLED;
    return raft.role == LEADER && raft.current_term == term ? PROPOSED_OK
                                                            : PROPOSED_LOST;
}

/* Waits until the state holds all that was committed when this began, on a
 * node that led meanwhile. */
static enum proposed await_current_state(void)
{
    enum proposed proposed = PROPOSED_OK;
    uint64_t term = raft.current_term;

    if (raft.role != LEADER)
        return PROPOSED_NOT_LEADER;
    /* The leader's own no-op is on its way. */
    while (!knows_commits() && proposed == PROPOSED_OK)
        proposed = await_progress(term);
    if (proposed != PROPOSED_OK)
        return proposed;
    uint64_t read_index = raft.commit_index;
    if (!lease_holds())
        proposed = await_leadership();
    while (proposed == PROPOSED_OK && raft.last_applied < read_index)
        proposed = await_progress(term);
    return proposed;
}
// END SOLUTION

static enum proposed await_reads(const struct kv_command commands[],
                                 uint32_t count, struct buf *answers)
{
    // BEGIN SOLUTION:
    // | /* Your code here (part C). */
    // | (void)fetch;
    // | (void)commands;
    // | (void)count;
    // | (void)answers;
    // | return PROPOSED_NOT_LEADER;
    static const struct kv_command tick = {.op = KV_TICK};
    enum proposed proposed = await_current_state();

    while (proposed == PROPOSED_OK && pairs_next_expiry_ms() <= wall_ms()) {
        struct buf ignored = {0};
        proposed = await_entry(&tick, 1, &ignored);
        buf_free(&ignored);
    }
    if (proposed == PROPOSED_OK && count > 1)
        fetch(commands, count);
    uint64_t now_ms = wall_ms();
    for (uint32_t i = 0; i < count && proposed == PROPOSED_OK; i++)
        state_read(&commands[i], now_ms, answers);
    /* Reads have no effect: they cannot be lost, only asked elsewhere. */
    return proposed == PROPOSED_LOST ? PROPOSED_NOT_LEADER : proposed;
    // END SOLUTION
}

enum proposed await_kv(const struct kv_command commands[], uint32_t count,
                       struct buf *answers)
{
    if (count == 1 && commands[0].key_count > 0)
        pairs_expect(commands[0].keys[0]);
    for (uint32_t i = 0; i < count; i++)
        if (!KV_IS_READ(commands[i].op))
            return await_entry(commands, count, answers);
    return await_reads(commands, count, answers);
}
