/*
 * frame.h - Lab 1, part A: frames on a byte stream.
 *
 * A stream delivers bytes, cut anywhere: half a frame, or three and a half.
 * docs/protocol.md, "Frames", gives the layout:
 *
 *      0        4       5      6        8                16
 *      +--------+-------+------+--------+----------------+---------+
 *      | length | magic | type | method | call id        | payload |
 *      +--------+-------+------+--------+----------------+---------+
 */
#ifndef CONCLAVE_FRAME_H
#define CONCLAVE_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#include "wire.h"

#define FRAME_MAGIC        0xC5
#define FRAME_HEADER_BYTES 16
#define FRAME_LENGTH_BYTES 4          /* the length does not count itself */
#define FRAME_MAX_PAYLOAD  (1u << 20) /* bytes after the header */

enum frame_type {
    FRAME_REQUEST = 1,
    FRAME_REPLY = 2,
    FRAME_CANCEL = 3,
    FRAME_PING = 4,
    FRAME_PONG = 5,
};

/* One frame; its payload is borrowed. */
struct frame {
    enum frame_type type; /* what it is */
    uint16_t method;      /* of a request and its reply; else 0 */
    uint64_t call_id;     /* whose it is */
    struct bytes payload; /* the rest */
};

/* What has arrived of a frame that is not yet whole; {0} at first. */
struct frame_reader {
    struct buf partial; /* never more than the frame it belongs to */
    bool was_given;     /* partial held the frame given last */
};

/*
 * Takes the next frame from the front of *in, which shrinks by what was used;
 * what is left of a frame that is not yet whole is kept in the reader. Returns
 * 1 and a frame (valid until the next call), 0 when *in is used up, or
 * BAD_BYTES: a length out of bounds, a wrong magic, an unknown type. No memory
 * is made for a frame whose header has not been checked.
 */
int frame_next(struct frame_reader *reader, struct bytes *in,
               struct frame *frame);

void frame_reader_free(struct frame_reader *reader);

/*
 * Appends a frame's header to out. The caller appends exactly payload_len
 * bytes behind it.
 */
void frame_put_header(struct buf *out, enum frame_type type, uint16_t method,
                      uint64_t call_id, size_t payload_len);

#endif
