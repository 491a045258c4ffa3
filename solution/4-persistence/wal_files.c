/*
 * wal_files.c - see wal_files.h.
 *
 * The invariants: a file is made only when the one before it has a durable
 * batch, and removed only when a later one says durably all that is needed of
 * it. Recovery (recover.c) tells damage from a crash by the first, and finds a
 * whole log by the second.
 *
 * THE NEXT ONE. While one file fills, a housekeeper makes the next, so that
 * nobody waits for it. This may fail without harm: nothing is in it, and the
 * next attempt makes it anew from the first byte.
 *
 * THE OLD ONES. A file begins with a summary of all before it: as soon as the
 * base has passed the last index that it names, no older file is needed. Some
 * of those are kept, and used again: to fill a new file costs more than to write
 * what comes into it.
 */
#include "wal_files.h"

#include <string.h>

#include "co.h"
#include "event.h"
#include "mirror.h"
#include "node.h"

/* The row, and what is under way with it. */
static struct {
    struct log_end end;     /* where the next batch goes */
    struct summary written; /* what the log comes to at that place */
    // BEGIN SOLUTION:
    // | /* Your fields here. */
    bool is_begun;       /* the current segment has a durable batch */
    bool is_making;      /* somebody makes the next segment */
    uint64_t made_bytes; /* its size if it is made, else 0 */
    bool wants_next;     /* the housekeeper should make the next one */
    struct cond made;    /* broadcast when he has tried */
    struct cond chores;  /* broadcast when the housekeeper has work */
    // END SOLUTION
} files;

// BEGIN SOLUTION:
// | /* Your code here: the next segment, the old ones, the housekeeper. */
static uint64_t current_segment(void)
{
    return files.end.count > 0 ? files.end.segments[files.end.count - 1].number
                               : 0;
}

/* The current segment has a batch that is durable: now the next one may be
 * made, which recovery takes for the proof of it. */
static void begin_segment(void)
{
    files.is_begun = true;
    files.wants_next = true;
}

/* ---- The old ones -------------------------------------------------------- */

/* How many of the oldest segments nobody needs any more. What counts is what is
 * durable: the base, and the summary that says so at the front of a file. */
static size_t unneeded_segments(void)
{
    size_t not_begun = files.is_begun ? 0 : 1;
    size_t count = 0;

    while (count + 1 + not_begun < files.end.count &&
           files.end.segments[count + 1].last_before <=
               files.written.base_index)
        count++;
    return count;
}

/* How many files that nobody needs are kept to be used again: as many as the
 * log will have filled when the next of them become free. */
static size_t spare_segments(void)
{
    const struct config *config = node_config();

    return config->snapshot_log_bytes / config->segment_bytes;
}

/* Takes the oldest segment out of the list: its number. From then on its file is
 * the caller's. */
static uint64_t forget_oldest(void)
{
    uint64_t number = files.end.segments[0].number;

    files.end.count--;
    memmove(files.end.segments, files.end.segments + 1,
            files.end.count * sizeof files.end.segments[0]);
    return number;
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

/* ---- The next one -------------------------------------------------------- */

/* Waits until the segment after the current one is made, with room for at least
 * so many bytes. */
static int await_next_segment(uint64_t need)
{
    uint64_t size = node_config()->segment_bytes;
    int outcome = OK;

    while (files.is_making && outcome == OK)
        outcome = await_cond(&files.made);
    if (outcome != OK || (files.made_bytes > 0 && files.made_bytes >= need))
        return outcome;
    bool has_old = unneeded_segments() > 0;
    if (!has_old && files.end.count >= MAX_SEGMENTS - 1) {
        LOG("wal", "the log has %zu files, and more are not allowed",
            files.end.count);
        return DISK_FULL;
    }
    if (size < need)
        size = need; /* a batch that is too large for any other */
    files.is_making = true;
    files.made_bytes = 0;
    uint64_t number = current_segment() + 1;
    if (has_old)
        outcome = await_segment_reuse(forget_oldest(), number, size);
    if (!has_old || outcome != OK)
        outcome = await_segment_make(number, size);
    if (outcome == OK)
        files.made_bytes = size;
    files.is_making = false;
    cond_broadcast(&files.made);
    return outcome;
}

/* The segment that has been made is the current one from now on. */
static void use_next_segment(void)
{
    files.end.segments[files.end.count] = (struct segment){
        current_segment() + 1, files.written.last_index};
    files.end.count++;
    files.end.offset = 0;
    files.end.size = files.made_bytes;
    files.made_bytes = 0;
    files.is_begun = false;
    files.wants_next = false;
}

/* Does what must be done but need not be waited for. */
static void keep_house(void *arg)
{
    (void)arg;
    for (;;) {
        size_t unneeded = unneeded_segments();

        if (files.wants_next && !files.is_making) {
            files.wants_next = false;
            await_next_segment(0);
        } else if (unneeded > spare_segments()) {
            await_remove_segments(unneeded - spare_segments());
        } else if (await_cond(&files.chores) != OK) {
            return;
        }
    }
}
// END SOLUTION

void wal_files_keep_house(void)
{
    LOG("wal", "the log holds %llu to %llu, in %zu files",
        (unsigned long long)files.written.base_index + 1,
        (unsigned long long)files.written.last_index, files.end.count);
    // BEGIN SOLUTION: /* Your code here. */
    co_spawn("log's housekeeper", keep_house, NULL);
    // END SOLUTION
}

void wal_files_batch_ended(void)
{
    // BEGIN SOLUTION: /* Your code here. */
    cond_broadcast(&files.chores);
    // END SOLUTION
}

/* ---- Opening and writing ------------------------------------------------- */

int await_wal_files_open(bool *is_new)
{
    *is_new = false;
    // BEGIN SOLUTION:
    // | /* Your code here. */
    // | return await_recover(&files.end);
    cond_init(&files.made, "the log's next file");
    cond_init(&files.chores, "chores of the log");
    int outcome = await_recover(&files.end);
    if (outcome != OK)
        return outcome;
    files.written = mirror_summary();
    *is_new = files.end.log == 0;
    if (*is_new) {
        /* Its number tells its batches from others', and clients' bytes. */
        files.end.log = node_random() | 1;
        files.end.batch = 1;
    } else {
        begin_segment();
    }
    return OK;
    // END SOLUTION
}

int await_wal_files_room(struct buf *batch)
{
    // BEGIN SOLUTION:
    // | /* Your code here. What begins a segment, docs/protocol.md says. */
    // | (void)batch;
    // | return DISK_FULL;
    struct record state = {.kind = RECORD_STATE, .summary = files.written};
    struct buf whole = {0};

    if (files.end.offset + batch->len <= files.end.size)
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
    use_next_segment();
    return OK;
    // END SOLUTION
}

int await_wal_files_write(struct buf *batch, const struct summary *after)
{
    // BEGIN SOLUTION:
    // | /* Your code here. */
    // | (void)batch;
    // | (void)after;
    // | return DISK_ERROR;
    struct log_end *end = &files.end;
    uint64_t number = current_segment();

    seal_batch(batch, &(struct batch_place){end->log, number, end->batch});
    int outcome = await_segment_write(number, end->offset, buf_span(batch));
    end->offset += batch->len;
    end->batch++;
    if (outcome != OK)
        return outcome;
    files.written = *after;
    if (!files.is_begun)
        begin_segment();
    return OK;
    // END SOLUTION
}
