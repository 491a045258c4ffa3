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
    // BEGIN SOLUTION:
    // | /* Your fields here. */
    struct buf spare;        /* memory for the next pending, or empty */
    bool is_writing;         /* somebody writes a batch */
    struct cond written_one; /* broadcast when he has done so */
    uint64_t failed_changes; /* the last batch that failed held up to these */
    int failed_outcome;      /* how it failed */
    bool is_dead;            /* a sync has failed: for good */
    // END SOLUTION
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
    // BEGIN SOLUTION:
    // | /* Your code here: which of the two records is it? */
    // | (void)index;
    // | (void)term;
    if (index <= store_base_index())
        return;
    bool is_held = index <= store_last_index() && store_term_at(index) == term;
    change(&(struct record){.kind = is_held ? RECORD_BASE : RECORD_RESET,
                            .index = index,
                            .term = term});
    // END SOLUTION
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

// BEGIN SOLUTION:
// | /* Your code here: batches, and who waits for them. */
/* ---- Batches ------------------------------------------------------------- */

/* A batch that found no room goes back to the front of those that wait. */
static void give_back(struct buf *batch)
{
    if (store.pending.len > 0)
        put_bytes(batch, bytes_of(store.pending.data + BATCH_HEAD_BYTES,
                                  store.pending.len - BATCH_HEAD_BYTES));
    buf_free(&store.pending);
    store.pending = *batch;
}

#define MAX_SPARE_BYTES (4u << 20) /* of memory kept for the next batch */

/* The memory of a batch that has been written is the next but one's. */
static void keep_memory(struct buf *batch)
{
    if (batch->cap > MAX_SPARE_BYTES)
        buf_free(batch);
    buf_clear(batch);
    store.spare = *batch;
}

/* Writes all that is pending as the next batch. */
static int await_write_batch(void)
{
    struct buf batch = store.pending;
    struct summary summary = mirror_summary();
    uint64_t changes = store.changes;

    store.pending = store.spare;
    store.spare = (struct buf){0};
    if (batch.len == 0)
        begin_batch(&batch);
    int outcome = await_wal_files_room(&batch);
    if (outcome != OK) {
        give_back(&batch);
        store.failed_changes = changes;
        store.failed_outcome = outcome;
        return outcome;
    }
    outcome = await_wal_files_write(&batch, &summary);
    keep_memory(&batch);
    if (outcome != OK) {
        LOG("wal", "a batch could not be made durable: %s; nothing more will",
            outcome_name(outcome));
        store.is_dead = true;
        return DISK_ERROR;
    }
    store.durable = changes;
    store.failed_changes = 0;
    return OK;
}

/* The same, alone and to its end. */
static int await_write_for_all(void)
{
    store.is_writing = true;
    /* A batch under way cannot be called back because its writer gives up. */
    struct cancel *former = co_use(NULL);
    await_yield(); /* whoever is ready to run now may still come along */
    int outcome = await_write_batch();
    co_use(former);
    store.is_writing = false;
    cond_broadcast(&store.written_one);
    wal_files_batch_ended();
    return outcome;
}
// END SOLUTION

/* ---- Opening and syncing ------------------------------------------------- */

int await_store_open(void)
{
    // BEGIN SOLUTION:
    // | /* Your code here: recover, or begin a log and seed it. */
    // | seed_log();
    // | return OK;
    cond_init(&store.written_one, "the log's batch under way");
    bool is_new = false;
    int outcome = await_wal_files_open(&is_new);
    if (outcome == OK && is_new) {
        /* They go into the first batch: a log either has them or is none. */
        seed_log();
        outcome = await_write_for_all();
    }
    if (outcome != OK)
        return outcome;
    wal_files_keep_house();
    return OK;
    // END SOLUTION
}

int await_store_sync(void)
{
    // BEGIN SOLUTION:
    // | /* Your code here. A store that cannot sync must not say that it did. */
    // | return store.durable == store.changes ? OK : DISK_ERROR;
    uint64_t wanted = store.changes;
    int outcome = OK;

    while (store.durable < wanted && outcome == OK) {
        if (store.is_dead) {
            outcome = DISK_ERROR;
        } else if (!store.is_writing) {
            outcome = await_write_for_all();
        } else {
            outcome = await_cond(&store.written_one);
            if (outcome == OK && store.failed_changes >= wanted)
                outcome = store.failed_outcome;
        }
    }
    return outcome;
    // END SOLUTION
}
