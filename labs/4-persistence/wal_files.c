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
    /* Your fields here. */
} files;

/* Your code here: the next segment, the old ones, the housekeeper. */

void wal_files_keep_house(void)
{
    LOG("wal", "the log holds %llu to %llu, in %zu files",
        (unsigned long long)files.written.base_index + 1,
        (unsigned long long)files.written.last_index, files.end.count);
    /* Your code here. */
}

void wal_files_batch_ended(void)
{
    /* Your code here. */
}

/* ---- Opening and writing ------------------------------------------------- */

int await_wal_files_open(bool *is_new)
{
    *is_new = false;
    /* Your code here. */
    return await_recover(&files.end);
}

int await_wal_files_room(struct buf *batch)
{
    /* Your code here. What begins a segment, docs/protocol.md says. */
    (void)batch;
    return DISK_FULL;
}

int await_wal_files_write(struct buf *batch, const struct summary *after)
{
    /* Your code here. */
    (void)batch;
    (void)after;
    return DISK_ERROR;
}
