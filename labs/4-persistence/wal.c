/*
 * wal.c - Lab 4, part A: a store that a crash cannot shake (store.h).
 *
 * Every change becomes a record. Memory (mirror.h) takes it at once; its bytes
 * wait in `pending` until somebody syncs. Then all that wait go to the end of
 * the log as one batch: one write, one sync (record.h, wal_files.h).
 *
 *     store_append ... --> record --+--> mirror          reads come from here
 *     store_set_vote                |
 *                                   +--> pending --batch--> wal.00000007
 *                                                one at a time
 *
 *     the invariant: batch n+1 is written only after the sync of batch n has
 *     ended well, and nobody is told OK before the batch with his changes has.
 *
 * Recovery (recover.c) rests on the first half, Raft on the second.
 *
 * GROUP COMMIT. A sync takes as long for a hundred entries as for one. Whoever
 * finds no batch under way writes the next one, for all; whoever finds one
 * waits, and what comes meanwhile is the next batch.
 *
 * A FAILED SYNC. Its bytes are gone, and the next sync would say OK without
 * them. A disk that has lost what it had accepted is not one to go on with: the
 * store is dead from then on, and whatever is asked of it is DISK_ERROR. What
 * was acknowledged before is on disk, and a restart brings it back.
 *
 * A FULL DISK. Room is taken a segment at a time, so a batch finds the disk
 * full before any of it is written. It goes back to the front of `pending`,
 * those who wait are told DISK_FULL, and the next sync takes it along.
 */
#include "store.h"

#include <stdlib.h>

#include "co.h"
#include "event.h"
#include "mirror.h"
#include "node.h"
#include "wal_files.h"

/* All that the store knows beside the mirror. */
static struct {
    uint64_t changes;   /* made since the start */
    uint64_t durable;   /* the first so many of them are on disk */
    struct buf pending; /* records that are in no batch yet; as begin_batch
                           leaves it, or empty */
    /* Your fields here. */
} store;

/* ---- Changes ------------------------------------------------------------- */

/* Makes a change: in memory now, on disk with the next batch. */
static void change(const struct record *record)
{
    if (mirror_take(record) != OK)
        node_fatal("the store was asked for what cannot be: record kind %d, "
                   "index %llu, with a log from %llu to %llu",
                   (int)record->kind, (unsigned long long)record->index,
                   (unsigned long long)store_base_index(),
                   (unsigned long long)store_last_index());
    if (store.pending.len == 0)
        begin_batch(&store.pending);
    put_record(&store.pending, record);
    if (store.pending.len > MAX_BATCH_BYTES)
        node_fatal("more than %u bytes of log wait to be written: who appends "
                   "must wait for await_store_sync now and then",
                   MAX_BATCH_BYTES);
    store.changes++;
}

void store_set_vote(uint64_t term, int voted_for)
{
    if (term == store_term() && voted_for == store_voted_for())
        return;
    change(&(struct record){
        .kind = RECORD_VOTE, .term = term, .voted_for = voted_for});
}

void store_append(uint64_t term, struct bytes data)
{
    change(&(struct record){.kind = RECORD_ENTRY,
                            .index = store_last_index() + 1,
                            .term = term,
                            .data = data});
}

void store_truncate_after(uint64_t index)
{
    if (index < store_last_index())
        change(&(struct record){.kind = RECORD_TRUNCATE, .index = index});
}

void store_compact(uint64_t index, uint64_t term)
{
    /* Your code here: which of the two records is it? */
    (void)index;
    (void)term;
}

/* The log that the configuration gives a node for its first start. */
static void seed_log(void)
{
    const struct config_node *self = config_find(node_config(), node_id());
    uint64_t term = 0;

    for (size_t i = 0; i < self->log_count; i++)
        if (self->log[i] > term)
            term = self->log[i];
    store_set_vote(term, NO_NODE);
    for (size_t i = 0; i < self->log_count; i++)
        store_append(self->log[i], (struct bytes){0});
}

/* Your code here: batches, and who waits for them. */

/* ---- Opening and syncing ------------------------------------------------- */

int await_store_open(void)
{
    /* Your code here: recover, or begin a log and seed it. */
    seed_log();
    return OK;
}

int await_store_sync(void)
{
    /* Your code here. A store that cannot sync must not say that it did. */
    return store.durable == store.changes ? OK : DISK_ERROR;
}
