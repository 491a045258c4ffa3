/*
 * frame.h - frames out of a stream's bytes, as docs/protocol.md has them.
 *
 *     0          4       5      6         8                 16
 *     +----------+-------+------+---------+-----------------+------------+
 *     | length   | magic | type | method  | call id         | payload    |
 *     | u32      | 0xC5  | u8   | u16     | u64             | length-12  |
 *     +----------+-------+------+---------+-----------------+------------+
 *
 * The decoder is fed bytes cut anywhere and gives whole frames. Bytes that no
 * frame can begin with are noticed as soon as the first wrong byte is there;
 * from that frame on nothing of the stream decodes any more.
 *
 *     frame_feed(&decoder, data, len);
 *     while ((state = frame_next(&decoder, &frame)) == FRAME_WHOLE)
 *         use(&frame);
 *     if (state == FRAME_BROKEN)
 *         pass_on(frame_rest(&decoder, &len), len);
 */
#ifndef CONCLAVE_FRAME_H
#define CONCLAVE_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FRAME_HEAD_BYTES        16         /* before the payload */
#define FRAME_MAX_PAYLOAD_BYTES (1u << 20) /* of one frame */
#define FRAME_MAGIC             0xC5       /* the fifth byte */

/* What a frame is. */
enum frame_type {
    FRAME_REQUEST = 1,
    FRAME_REPLY = 2,
    FRAME_CANCEL = 3,
    FRAME_PING = 4,
    FRAME_PONG = 5,
};

/* One frame; its spans are borrowed from the decoder until the next feed. */
struct frame {
    enum frame_type type;   /* what it is */
    uint16_t method;        /* what is called */
    uint64_t call_id;       /* which call, on its stream */
    const uint8_t *payload; /* after the head */
    size_t payload_len;     /* bytes of the payload */
    const uint8_t *bytes;   /* the whole frame, head included */
    size_t len;             /* bytes of the whole frame */
};

/* What the front of the bytes is. */
enum frame_state {
    FRAME_PARTIAL, /* maybe a frame, but not all of it is there */
    FRAME_WHOLE,   /* a frame */
    FRAME_BROKEN,  /* not a frame, whatever may follow */
};

/* One direction of one stream; {0} is a fresh one. */
struct frame_decoder {
    uint8_t *held;   /* bytes not yet given out */
    size_t begin;    /* where they begin in held */
    size_t end;      /* where they end */
    size_t capacity; /* bytes allocated */
    uint64_t offset; /* of the stream's bytes: how many were given out */
    bool is_broken;  /* nothing decodes from offset on */
};

/* Takes more of the stream. */
void frame_feed(struct frame_decoder *decoder, const void *data, size_t len);

/* The next whole frame, if there is one. FRAME_BROKEN stays for good. */
enum frame_state frame_next(struct frame_decoder *decoder, struct frame *frame);

/*
 * Takes out what is held, *len bytes: those of a broken stream, or the piece of
 * a frame that the end of the stream left. Borrowed until the next feed.
 */
const uint8_t *frame_rest(struct frame_decoder *decoder, size_t *len);

/* Gives the decoder's memory back. */
void frame_free(struct frame_decoder *decoder);

/* "REQUEST", "REPLY", "CANCEL", "PING", "PONG". */
const char *frame_type_name(enum frame_type type);

#endif
