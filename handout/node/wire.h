/*
 * wire.h - bytes in and out: spans, growable buffers, little-endian codecs.
 *
 * A decoder reads field after field and asks once, at the end, whether all
 * was well: the first field that does not fit makes the error sticky, and
 * every later field reads as 0.
 *
 *     struct wire_in in = wire_in(body);
 *     args->term = get_u64(&in);
 *     args->candidate = get_u32(&in);
 *     return wire_end(&in);             // BAD_BYTES if short or trailing
 *
 * An encoder cannot fail:
 *
 *     struct buf out = {0};
 *     put_u64(&out, args->term);
 *     ... buf_span(&out) ...
 *     buf_free(&out);
 */
#ifndef CONCLAVE_WIRE_H
#define CONCLAVE_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes that belong to somebody else. */
struct bytes {
    const uint8_t *data; /* may be NULL when len is 0 */
    size_t len;          /* in bytes */
};

/* Bytes that belong to the struct; {0} is an empty one. */
struct buf {
    uint8_t *data; /* heap memory, or NULL */
    size_t len;    /* bytes in use */
    size_t cap;    /* bytes allocated */
};

/* What a decoder has left to read. */
struct wire_in {
    const uint8_t *at; /* the next byte */
    size_t left;       /* bytes after it, itself included */
    bool bad;          /* sticky: some field did not fit */
};

/* A span over memory, or over a NUL-ended text without its NUL. */
struct bytes bytes_of(const void *data, size_t len);
struct bytes bytes_text(const char *text);
bool bytes_equal(struct bytes a, struct bytes b);

/* The bytes of a buffer; valid until it next grows or is freed. */
struct bytes buf_span(const struct buf *buf);

/* Makes room for extra more bytes and returns where they go; they count once
 * the caller has added them to len. Out of memory ends the node. */
uint8_t *buf_room(struct buf *buf, size_t extra);

/* Drops the first len bytes; the rest moves to the front. */
void buf_drop(struct buf *buf, size_t len);

/* Empties a buffer and keeps its memory; or gives the memory back. */
void buf_clear(struct buf *buf);
void buf_free(struct buf *buf);

void put_u8(struct buf *out, uint8_t value);
void put_u16(struct buf *out, uint16_t value);
void put_u32(struct buf *out, uint32_t value);
void put_u64(struct buf *out, uint64_t value);
void put_bytes(struct buf *out, struct bytes bytes);

/* A span's length, u32, and its bytes. */
void put_span(struct buf *out, struct bytes span);

/* Writes an integer over bytes that are already in the buffer. */
void set_u32(struct buf *out, size_t offset, uint32_t value);

struct wire_in wire_in(struct bytes bytes);
uint8_t get_u8(struct wire_in *in);
uint16_t get_u16(struct wire_in *in);
uint32_t get_u32(struct wire_in *in);
uint64_t get_u64(struct wire_in *in);

/* One byte that must be 0 or 1. */
bool get_bool(struct wire_in *in);

/* The next len bytes, borrowed from the input; empty if there are fewer. */
struct bytes get_bytes(struct wire_in *in, size_t len);

/* What put_span has put, borrowed in the same way. */
struct bytes get_span(struct wire_in *in);

/* All that is left. */
struct bytes get_rest(struct wire_in *in);

/* OK if every field fitted and nothing is left over, else BAD_BYTES. */
int wire_end(const struct wire_in *in);

#endif
