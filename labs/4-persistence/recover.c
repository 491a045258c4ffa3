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

/* Your code here: reading one segment, and then all of them. */

int await_recover(struct log_end *end)
{
    *end = (struct log_end){0};
    /* Your code here. */
    (void)refuse;
    return OK;
}
