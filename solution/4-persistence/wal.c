/*
 * wal.c - Lab 4, part A: a store that a crash cannot shake (store.h).
 *
 * Every change becomes a record. Memory (mirror.h) takes it at once; its bytes
 * wait in `pending` until somebody syncs. Then all that wait go to the end of
 * the log as one batch: one write, one sync (record.h, segment.h).
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
 * SEGMENTS. While one file fills, a housekeeper makes the next, so that nobody
 * waits for it. A file begins with a summary of all before it: as soon as the
 * base has passed the last index that it names, no older file is needed. Some
 * of those are kept, and used again: to fill a new file costs more than to write
 * what comes into it.
 *
 * A FAILED SYNC. Its bytes are gone, and the next sync would say OK without
 * them. A disk that has lost what it had accepted is not one to go on with: the
 * store is dead from then on, and whatever is asked of it is DISK_ERROR. What
 * was acknowledged before is on disk, and a restart brings it back. The making
 * of the *next* segment may fail without harm: nothing is in it, and the next
 * attempt makes it anew from the first byte.
 *
 * A FULL DISK. Room is taken a segment at a time, so a batch finds the disk
 * full before any of it is written. It goes back to the front of `pending`,
 * those who wait are told DISK_FULL, and the next sync takes it along.
 */
#include "store.h"

#include <stdlib.h>
#include <string.h>

#include "co.h"
#include "event.h"
#include "mirror.h"
#include "node.h"
#include "recover.h"

/* All that the store knows beside the mirror. */
static struct {
    uint64_t changes;   /* made since the start */
    uint64_t durable;   /* the first so many of them are on disk */
    struct buf pending; /* records that are in no batch yet; as begin_batch
                           leaves it, or empty */
    // BEGIN SOLUTION:
    // | /* Your fields here. */
    struct buf spare;        /* memory for the next pending, or empty */
    struct log_end end;      /* where the next batch goes */
    struct summary written;  /* what the log comes to at that place */
    bool is_writing;         /* somebody writes a batch */
    struct cond written_one; /* broadcast when he has done so */
    uint64_t failed_changes; /* the last batch that failed held up to these */
    int failed_outcome;      /* how it failed */
    bool is_dead;            /* a sync has failed: for good */
    bool is_making;          /* somebody makes the next segment */
    uint64_t made_bytes;     /* its size if it is made, else 0 */
    bool is_begun;           /* the current segment has a durable batch */
    bool wants_next;         /* the housekeeper should make the next one */
    struct cond made;        /* broadcast when he has tried */
    struct cond chores;      /* broadcast when the housekeeper has work */
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
// | /* Your code here: segments, batches, the housekeeper. */
/* ---- Segments ------------------------------------------------------------ */

static uint64_t current_segment(void)
{
    return store.end.count > 0 ? store.end.segments[store.end.count - 1].number
                               : 0;
}

/* How many of the oldest segments nobody needs any more. What counts is what is
 * durable: the base, and the summary that says so at the front of a file. */
static size_t unneeded_segments(void)
{
    size_t not_begun = store.is_begun ? 0 : 1;
    size_t count = 0;

    while (count + 1 + not_begun < store.end.count &&
           store.end.segments[count + 1].last_before <=
               store.written.base_index)
        count++;
    return count;
}

/* Takes the oldest segment out of the list: its number. From then on its file is
 * the caller's. */
static uint64_t forget_oldest(void)
{
    uint64_t number = store.end.segments[0].number;

    store.end.count--;
    memmove(store.end.segments, store.end.segments + 1,
            store.end.count * sizeof store.end.segments[0]);
    return number;
}

/* Waits until the segment after the current one is made, with room for at least
 * so many bytes. */
static int await_next_segment(uint64_t need)
{
    uint64_t size = node_config()->segment_bytes;
    int outcome = OK;

    while (store.is_making && outcome == OK)
        outcome = await_cond(&store.made);
    if (outcome != OK || (store.made_bytes > 0 && store.made_bytes >= need))
        return outcome;
    bool has_old = unneeded_segments() > 0;
    if (!has_old && store.end.count >= MAX_SEGMENTS - 1) {
        LOG("wal", "the log has %zu files, and more are not allowed",
            store.end.count);
        return DISK_FULL;
    }
    if (size < need)
        size = need; /* a batch that is too large for any other */
    store.is_making = true;
    store.made_bytes = 0;
    uint64_t number = current_segment() + 1;
    if (has_old)
        outcome = await_segment_reuse(forget_oldest(), number, size);
    if (!has_old || outcome != OK)
        outcome = await_segment_make(number, size);
    if (outcome == OK)
        store.made_bytes = size;
    store.is_making = false;
    cond_broadcast(&store.made);
    return outcome;
}

/* Makes room for a batch: if the current segment has none, the next segment
 * becomes the current one, and its summary goes to the front of the batch. */
static int await_room(struct buf *batch)
{
    struct record state = {.kind = RECORD_STATE, .summary = store.written};
    struct buf whole = {0};

    if (store.end.offset + batch->len <= store.end.size)
        return OK;
    begin_batch(&whole);
    put_record(&whole, &state);
    put_bytes(&whole, bytes_of(batch->data + BATCH_HEAD_BYTES,
                               batch->len - BATCH_HEAD_BYTES));
    int outcome = await_next_segment(whole.len);
    if (outcome != OK) {
        buf_free(&whole);
        return outcome;
    }
    buf_free(batch);
    *batch = whole;
    store.end.segments[store.end.count] = (struct segment){
        current_segment() + 1, store.written.last_index};
    store.end.count++;
    store.end.offset = 0;
    store.end.size = store.made_bytes;
    store.made_bytes = 0;
    store.is_begun = false;
    store.wants_next = false;
    return OK;
}

/* Removes the oldest segments. If this fails, it is done after the next start. */
static void await_remove_segments(size_t count)
{
    uint64_t numbers[MAX_SEGMENTS] = {0};

    for (size_t i = 0; i < count; i++)
        numbers[i] = forget_oldest();
    int outcome = await_segments_remove(numbers, count);
    LOG("wal", "%zu old files removed: %s", count, outcome_name(outcome));
}

/* How many files that nobody needs are kept to be used again: as many as the
 * log will have filled when the next of them become free. */
static size_t spare_segments(void)
{
    const struct config *config = node_config();

    return config->snapshot_log_bytes / config->segment_bytes;
}

/* Does what must be done but need not be waited for. */
static void keep_house(void *arg)
{
    (void)arg;
    for (;;) {
        size_t unneeded = unneeded_segments();

        if (store.wants_next && !store.is_making) {
            store.wants_next = false;
            await_next_segment(0);
        } else if (unneeded > spare_segments()) {
            await_remove_segments(unneeded - spare_segments());
        } else if (await_cond(&store.chores) != OK) {
            return;
        }
    }
}

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

/* The current segment has a batch that is durable: now the next one may be
 * made, which recovery takes for the proof of it. */
static void begin_segment(void)
{
    store.is_begun = true;
    store.wants_next = true;
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
    int outcome = await_room(&batch);
    if (outcome != OK) {
        give_back(&batch);
        store.failed_changes = changes;
        store.failed_outcome = outcome;
        return outcome;
    }
    seal_batch(&batch, &(struct batch_place){store.end.log, current_segment(),
                                             store.end.batch});
    outcome = await_segment_write(current_segment(), store.end.offset,
                                  buf_span(&batch));
    store.end.offset += batch.len;
    store.end.batch++;
    keep_memory(&batch);
    if (outcome != OK) {
        LOG("wal", "a batch could not be made durable: %s; nothing more will",
            outcome_name(outcome));
        store.is_dead = true;
        return DISK_ERROR;
    }
    store.durable = changes;
    store.written = summary;
    store.failed_changes = 0;
    if (!store.is_begun)
        begin_segment();
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
    cond_broadcast(&store.chores);
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
    cond_init(&store.made, "the log's next file");
    cond_init(&store.chores, "chores of the log");
    int outcome = await_recover(&store.end);
    if (outcome != OK)
        return outcome;
    store.written = mirror_summary();
    if (store.end.log == 0) {
        /* The seeds go into the first batch: a log either has them or is none.
         * Its number tells its batches from others', and from clients' bytes. */
        store.end.log = node_random() | 1;
        store.end.batch = 1;
        seed_log();
        outcome = await_write_for_all();
        if (outcome != OK)
            return outcome;
    } else {
        begin_segment();
    }
    LOG("wal", "the log holds %llu to %llu, in %zu files",
        (unsigned long long)store_base_index() + 1,
        (unsigned long long)store_last_index(), store.end.count);
    co_spawn("log's housekeeper", keep_house, NULL);
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
