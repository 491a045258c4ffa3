/*
 * record.h - the log's bytes: records, and the batches that hold them.
 *
 * Everything that the store is told is one record. The records that are made
 * durable together are one batch: one write, one sync, one checksum.
 *
 *     0        4          8        16        24        32       36
 *     +--------+----------+--------+---------+---------+--------+---------+
 *     | magic  | checksum | log    | segment | batch   | length | records |
 *     | "CWL1" | u32      | u64    | u64     | u64     | u32    | length  |
 *     +--------+----------+--------+---------+---------+--------+---------+
 *                         |<--------- the checksum covers this ---------->|
 *
 * The records' bytes are in docs/protocol.md, "The log's files".
 */
#ifndef CONCLAVE_RECORD_H
#define CONCLAVE_RECORD_H

#include "wire.h"

#define BATCH_HEAD_BYTES 36         /* before the records */
#define MAX_BATCH_BYTES  (1u << 30) /* of one batch, its head included */

/* What a log comes to, but for the entries' contents. */
struct summary {
    uint64_t term;       /* Figure 2's currentTerm */
    int voted_for;       /* Figure 2's votedFor, or NO_NODE */
    uint64_t base_index; /* the entry that the log begins after */
    uint64_t base_term;  /* its term */
    uint64_t last_index; /* of the last entry; the base's if there is none */
};

/* The kinds, as they stand on disk. */
enum record_kind {
    RECORD_STATE = 1, /* summary: all before it, at the front of a segment */
    RECORD_VOTE,      /* term, voted_for */
    RECORD_ENTRY,     /* index, term, data: a new last entry */
    RECORD_TRUNCATE,  /* index: the entries after it go */
    RECORD_BASE,  /* index, term: the base moves there; what follows stays */
    RECORD_RESET, /* index, term: the same, but nothing follows it */
};

/* One record. Which fields mean something, the kind says. */
struct record {
    enum record_kind kind;  /* what has changed */
    uint64_t index;         /* of an entry */
    uint64_t term;          /* of that entry; VOTE: the current one */
    int voted_for;          /* VOTE */
    struct bytes data;      /* ENTRY: the command; borrowed */
    struct summary summary; /* STATE */
};

/* Appends a record's bytes; takes the next one's. A kind that is unknown makes
 * the decoder's error stick. */
void put_record(struct buf *out, const struct record *record);
void get_record(struct wire_in *in, struct record *record);

/* How many bytes of a log an entry with so many bytes of data takes. */
uint64_t entry_record_bytes(size_t data_len);

/* Where a batch belongs. */
struct batch_place {
    uint64_t log;     /* the log's own number, drawn at random, never 0 */
    uint64_t segment; /* the file's number */
    uint64_t batch;   /* the batch's: 1, 2, 3, ... through all segments */
};

/* Begins a batch in an empty buffer: leaves room for its head. */
void begin_batch(struct buf *out);

/* Fills in the head of a batch that holds all its records. */
void seal_batch(struct buf *batch, const struct batch_place *place);

/*
 * Reads the batch at the front of some bytes, if there is one that is whole:
 * its place, its records, and how long it is with its head. place->log and
 * place->segment are what the caller expects, place->batch is set; a log of 0
 * stands for any, and is set.
 */
bool get_batch(struct bytes bytes, struct batch_place *place,
               struct bytes *records, size_t *len);

/*
 * Looks for a whole batch of this log and segment, numbered place->batch or
 * more, that begins at any offset from `from` on. Says where.
 */
bool find_batch(struct bytes segment, size_t from, struct batch_place place,
                size_t *offset);

#endif
