/*
 * recover.h - reading the log back: from files to the mirror.
 */
#ifndef CONCLAVE_RECOVER_H
#define CONCLAVE_RECOVER_H

#include "record.h"
#include "segment.h"

/* A file of the log that is there. */
struct segment {
    uint64_t number;      /* in its name */
    uint64_t last_before; /* the last index when it began: whoever needs no
                             entry up to there needs no file before this one */
};

/* Where the log goes on. */
struct log_end {
    uint64_t log;                          /* its number; 0: there is no log */
    uint64_t batch;                        /* number of the next batch */
    uint64_t offset;                       /* in the last segment */
    uint64_t size;                         /* of the last segment, in bytes */
    struct segment segments[MAX_SEGMENTS]; /* in order, the last in use */
    size_t count;                          /* of segments */
};

/*
 * Has the mirror take all that was durable, mends what a crash has left, and
 * says where to go on. OK or a DISK_ outcome. A log that was damaged, rather
 * than torn, ends the node with a sentence that names the file and the offset.
 */
int await_recover(struct log_end *end);

#endif
