/*
 * recover.c - reading the log back; see recover.h.
 *
 * Batches are numbered 1, 2, 3, ... through all segments, and batch n+1 is
 * written only after batch n is durable. Everything rests on that:
 *
 *     wal.00000007                              wal.00000008
 *     +-------+-------+-------+-----------+     +-------+-------+-----------+
 *     | 41    | 42    | 43    | zeros     |     | 44    | 45    | zeros     |
 *     +-------+-------+-------+-----------+     +-------+-------+-----------+
 *
 *   - The chain goes on in the next file as soon as that begins with the right
 *     number. What lies between the last batch of a file and its end means
 *     nothing.
 *   - Batch n is not there, and no whole batch with a higher number is there
 *     either: a crash came before n was durable. Nobody has been told of it, so
 *     the log ends before n. This is a torn tail.
 *   - Batch n is not there, but a higher one is: n was durable, and has been
 *     damaged since. What it held may have been promised to others. There is
 *     nothing right that this node could do by itself: it ends with a sentence.
 *   - A segment is made only when the one before it has a batch. So a file
 *     without any is damage too, unless it is the last.
 *
 * A torn tail is mended by zeros up to the end of its file. Else what is left of
 * a long batch would lie behind a shorter one written over its front. The
 * numbers in a batch would keep those remains from being taken for batches,
 * unless somebody has proposed bytes that look like one; with the zeros there
 * is nothing to argue about. They are durable before await_recover returns, so
 * nobody acts upon an end that might move. A crash while mending leaves fewer
 * of the torn bytes than there were: still a torn tail. (In a file that is used
 * again, what lies behind the end are batches of the file that it was: their
 * numbers are lower, and of another segment. They are cleared as well.)
 *
 * The last file is synced even if nothing was torn. After the death of the
 * process alone, its end may be read from memory that the disk has not seen.
 */
#include "recover.h"

#include <stdlib.h>

#include "mirror.h"
#include "node.h"

/* The log was durable once and is not what it was: there is no going on. */
static _Noreturn void refuse(uint64_t number, uint64_t offset, const char *why)
{
    char name[MAX_DISK_PATH_BYTES];

    segment_name(number, name);
    node_fatal("%s is damaged at offset %llu: %s. What this node has promised "
               "may be lost: bring the file back from a copy of it, or replace "
               "this node by a new one",
               name, (unsigned long long)offset, why);
}

// BEGIN SOLUTION:
// | /* Your code here: reading one segment, and then all of them. */
static _Noreturn void refuse_missing(uint64_t number)
{
    char name[MAX_DISK_PATH_BYTES];

    segment_name(number, name);
    node_fatal("%s is missing: the log goes on behind it, and nothing covers "
               "what it held. Bring the file back, or replace this node by a "
               "new one",
               name);
}

/* Has the mirror take a batch's records. The first of a segment says what all
 * segments before come to; *last_before is from there. */
static void take_records(uint64_t number, uint64_t offset, struct bytes records,
                         uint64_t *last_before)
{
    struct wire_in in = wire_in(records);

    for (bool is_first = offset == 0; in.left > 0; is_first = false) {
        struct record record;

        get_record(&in, &record);
        if (in.bad || is_first != (record.kind == RECORD_STATE) ||
            mirror_take(&record) != OK)
            refuse(number, offset,
                   "a record of the batch there does not fit the log before "
                   "it, though its checksum is right");
        if (is_first)
            *last_before = record.summary.last_index;
    }
}

/* A segment that does not begin with the batch that should come. */
static void judge_beginning(const struct log_end *end, uint64_t number,
                            struct bytes file, bool is_last)
{
    struct batch_place next = {end->log, number, end->batch};
    size_t offset = 1;
    bool goes_on = find_batch(file, 0, next, &offset);

    /* It has its first batch, but that is a later one. */
    if (goes_on && offset == 0)
        refuse(end->segments[end->count - 1].number, end->offset,
               "the batch that should be there is not whole, but the next "
               "file holds a later one");
    if (goes_on)
        refuse(number, 0, "the first batch is not whole, but a later one is");
    if (!is_last)
        refuse(number, 0,
               "the first batch is not whole, but there is a later file");
}

/* What stands in a file from at on; an empty file has no bytes to count from. */
static struct bytes rest_of(struct bytes file, size_t at)
{
    return at == 0 ? file : bytes_of(file.data + at, file.len - at);
}

/* Takes what one segment holds. *is_torn: there is something behind it. */
static void replay(struct log_end *end, uint64_t number, struct bytes file,
                   bool is_last, bool *is_torn)
{
    struct batch_place place = {.log = end->log, .segment = number};
    struct segment segment = {.number = number};
    struct bytes records;
    size_t len;
    size_t at = 0;

    while (get_batch(rest_of(file, at), &place, &records, &len) &&
           (end->log == 0 || place.batch == end->batch)) {
        take_records(number, at, records, &segment.last_before);
        end->log = place.log;
        end->batch = place.batch + 1;
        at += len;
    }
    if (at == 0) {
        judge_beginning(end, number, file, is_last);
        return;
    }

    size_t later;
    place.batch = end->batch;
    if (find_batch(file, at, place, &later))
        refuse(number, at,
               "the batch there is not whole, but a later one in the same "
               "file is");
    end->segments[end->count++] = segment;
    end->offset = at;
    end->size = file.len;
    *is_torn = false;
    for (; at < file.len && !*is_torn; at++)
        *is_torn = file.data[at] != 0;
}

/* Makes sure that the log ends where it seems to, whatever happens next. */
static int await_mend(const struct log_end *end, bool is_torn)
{
    uint64_t number = end->segments[end->count - 1].number;
    char name[MAX_DISK_PATH_BYTES];
    int outcome = OK;

    segment_name(number, name);
    if (is_torn) {
        LOG("wal", "%s holds remains behind offset %llu: cleared", name,
            (unsigned long long)end->offset);
        outcome = await_segment_clear(number, end->offset, end->size);
    }
    if (outcome == OK)
        outcome = await_disk_sync(name);
    return outcome;
}

/* Where the last files begin that follow each other without a gap. Files from
 * before a gap were being removed, or are needed: in the end, we know. */
static size_t start_of_run(const uint64_t *numbers, size_t count)
{
    size_t first = count - 1;

    while (first > 0 && numbers[first - 1] + 1 == numbers[first])
        first--;
    return first;
}

/* Takes what the files hold. */
static int await_replay(const uint64_t *numbers, size_t count,
                        struct log_end *end, bool *is_torn)
{
    size_t first = start_of_run(numbers, count);
    int outcome = OK;

    for (size_t i = 0; i < first; i++)
        end->segments[end->count++].number = numbers[i];
    for (size_t i = first; i < count && outcome == OK; i++) {
        struct buf file = {0};
        outcome = await_segment_read(numbers[i], &file);
        if (outcome == OK)
            replay(end, numbers[i], buf_span(&file), i + 1 == count, is_torn);
        buf_free(&file);
    }
    if (outcome != OK)
        return outcome;
    /* A first file without a batch: the node died while it made the log. But
     * any other number tells of a log that was. */
    bool is_empty = end->log == 0;
    if ((is_empty && numbers[first] > 1) || !mirror_is_whole())
        refuse_missing(numbers[first] - 1);
    return OK;
}
// END SOLUTION

int await_recover(struct log_end *end)
{
    *end = (struct log_end){0};
    // BEGIN SOLUTION:
    // | /* Your code here. */
    // | (void)refuse;
    // | return OK;
    uint64_t numbers[MAX_SEGMENTS];
    size_t count;
    bool is_torn = false;

    int outcome = await_segments(numbers, &count);
    if (outcome == OK && count > 0)
        outcome = await_replay(numbers, count, end, &is_torn);
    if (outcome == OK && end->log != 0)
        outcome = await_mend(end, is_torn);
    return outcome;
    // END SOLUTION
}
