/*
 * acts.h - what the node did to its state machine, written down for a grader.
 *
 * With --acts the host appends every act at the door (host.h: apply, snapshot,
 * restore), and every start, to the file .acts in the data folder. It is off
 * otherwise: the file only grows. All integers are little-endian:
 *
 *     0      1        9        17        21        29
 *     +------+--------+--------+---------+---------+---------------------+
 *     | kind | index  | term   | length  | hash    | the first           |
 *     | u8   | u64    | u64    | u32     | u64     | min(length, 64) of  |
 *     +------+--------+--------+---------+---------+ the bytes           |
 *                                                  +---------------------+
 *
 * The hash is 64-bit FNV-1a of all the bytes. A start has index 0, the
 * incarnation for its term, and no bytes.
 *
 * The invariant: an act is in the file before anything leaves the process that
 * was written in the same upcall or later; so whoever sees an answer finds the
 * acts behind it there, even if the process was killed meanwhile.
 */
#ifndef CONCLAVE_UV_ACTS_H
#define CONCLAVE_UV_ACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ACT_HEAD_BYTES 64 /* of an act's bytes, written down */

enum act_kind { ACT_START, ACT_APPLY, ACT_SNAPSHOT, ACT_RESTORE };

struct acts {
    bool is_on;    /* somebody wants them */
    int fd;        /* the file */
    uint8_t *data; /* what this upcall did, not yet written */
    size_t len;    /* bytes of it */
    size_t room;   /* bytes that fit */
};

/* Opens the file and notes the start. 0, or -1 with a sentence in error. */
int acts_open(struct acts *acts, int folder_fd, uint64_t incarnation,
              char *error, size_t error_bytes);

/* Notes an act, if they are on. */
void acts_add(struct acts *acts, enum act_kind kind, uint64_t index,
              uint64_t term, const void *data, size_t len);

/* Writes down what was noted: 0, or an errno. */
int acts_flush(struct acts *acts);

#endif
