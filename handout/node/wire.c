/*
 * wire.c - spans, growable buffers and little-endian codecs; see wire.h.
 *
 * The invariants: a buffer's len never passes its cap, and a decoder never
 * reads past its input, whatever a length field in it claims.
 */
#include "wire.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "node.h"

#define MIN_BUF_BYTES 64 /* of a buffer's first allocation */

struct bytes bytes_of(const void *data, size_t len)
{
    return (struct bytes){.data = data, .len = len};
}

struct bytes bytes_text(const char *text)
{
    return bytes_of(text, strlen(text));
}

bool bytes_equal(struct bytes a, struct bytes b)
{
    /* memcmp takes no NULL, not even for no bytes. */
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

struct bytes buf_span(const struct buf *buf)
{
    return bytes_of(buf->data, buf->len);
}

/* Gives a buffer more memory: at least extra bytes behind its len. */
static void grow(struct buf *buf, size_t extra)
{
    if (extra > SIZE_MAX / 2 - buf->len)
        node_fatal("a buffer of %zu bytes cannot grow by %zu", buf->len, extra);

    /* Doubling makes a byte's share of all the copying constant. */
    size_t cap = buf->cap ? buf->cap : MIN_BUF_BYTES;
    while (cap < buf->len + extra)
        cap *= 2;
    buf->data = realloc(buf->data, cap);
    if (!buf->data)
        node_fatal("out of memory for a buffer of %zu bytes", cap);
    buf->cap = cap;
}

uint8_t *buf_room(struct buf *buf, size_t extra)
{
    if (extra > buf->cap - buf->len || !buf->data)
        grow(buf, extra);
    return buf->data + buf->len;
}

void buf_drop(struct buf *buf, size_t len)
{
    assert(len <= buf->len);
    if (len == 0)
        return;
    buf->len -= len;
    memmove(buf->data, buf->data + len, buf->len);
}

void buf_clear(struct buf *buf)
{
    buf->len = 0;
}

void buf_free(struct buf *buf)
{
    free(buf->data);
    *buf = (struct buf){0};
}

/* Lowest byte first, whatever the machine's own order is. Without a loop:
 * compilers see that this is one store, and of load_u32 that it is one load. */
static void store_u32(uint8_t *to, uint32_t value)
{
    to[0] = (uint8_t)value;
    to[1] = (uint8_t)(value >> 8);
    to[2] = (uint8_t)(value >> 16);
    to[3] = (uint8_t)(value >> 24);
}

static uint32_t load_u32(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 |
           (uint32_t)at[3] << 24;
}

void put_u8(struct buf *out, uint8_t value)
{
    *buf_room(out, 1) = value;
    out->len++;
}

void put_u16(struct buf *out, uint16_t value)
{
    put_u8(out, (uint8_t)value);
    put_u8(out, (uint8_t)(value >> 8));
}

void put_u32(struct buf *out, uint32_t value)
{
    store_u32(buf_room(out, 4), value);
    out->len += 4;
}

void put_u64(struct buf *out, uint64_t value)
{
    uint8_t *to = buf_room(out, 8);

    store_u32(to, (uint32_t)value);
    store_u32(to + 4, (uint32_t)(value >> 32));
    out->len += 8;
}

void put_bytes(struct buf *out, struct bytes bytes)
{
    if (bytes.len == 0)
        return;
    memcpy(buf_room(out, bytes.len), bytes.data, bytes.len);
    out->len += bytes.len;
}

void put_span(struct buf *out, struct bytes span)
{
    assert(span.len <= UINT32_MAX);
    put_u32(out, (uint32_t)span.len);
    put_bytes(out, span);
}

void set_u32(struct buf *out, size_t offset, uint32_t value)
{
    assert(offset <= out->len && out->len - offset >= 4);
    store_u32(out->data + offset, value);
}

struct wire_in wire_in(struct bytes bytes)
{
    return (struct wire_in){.at = bytes.data, .left = bytes.len};
}

/* The next len bytes, or NULL and a sticky error if there are fewer. */
static const uint8_t *take(struct wire_in *in, size_t len)
{
    if (in->bad || len > in->left) {
        in->bad = true;
        return NULL;
    }

    const uint8_t *at = in->at;
    if (len > 0)
        in->at += len;
    in->left -= len;
    return at;
}

uint8_t get_u8(struct wire_in *in)
{
    const uint8_t *at = take(in, 1);

    return at ? *at : 0;
}

uint16_t get_u16(struct wire_in *in)
{
    const uint8_t *at = take(in, 2);

    return at ? (uint16_t)(at[0] | at[1] << 8) : 0;
}

uint32_t get_u32(struct wire_in *in)
{
    const uint8_t *at = take(in, 4);

    return at ? load_u32(at) : 0;
}

uint64_t get_u64(struct wire_in *in)
{
    const uint8_t *at = take(in, 8);

    return at ? load_u32(at) | (uint64_t)load_u32(at + 4) << 32 : 0;
}

bool get_bool(struct wire_in *in)
{
    uint8_t value = get_u8(in);

    if (value > 1)
        in->bad = true;
    return value == 1;
}

struct bytes get_bytes(struct wire_in *in, size_t len)
{
    const uint8_t *at = take(in, len);

    return at ? bytes_of(at, len) : (struct bytes){0};
}

struct bytes get_span(struct wire_in *in)
{
    return get_bytes(in, get_u32(in));
}

struct bytes get_rest(struct wire_in *in)
{
    return get_bytes(in, in->left);
}

int wire_end(const struct wire_in *in)
{
    return in->bad || in->left > 0 ? BAD_BYTES : OK;
}
