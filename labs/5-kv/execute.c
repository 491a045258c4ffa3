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
    /* Your code here (part B). */
    (void)commands;
    (void)count;
    (void)answers;
    (void)wall_ms;
    return PROPOSED_NOT_LEADER;
}

/* Your code here (part C): what a read needs. */

static enum proposed await_reads(const struct kv_command commands[],
                                 uint32_t count, struct buf *answers)
{
    /* Your code here (part C). */
    (void)fetch;
    (void)commands;
    (void)count;
    (void)answers;
    return PROPOSED_NOT_LEADER;
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
