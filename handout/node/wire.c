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

uint8_t *buf_room(struct buf *buf, size_t extra)
{
    if (extra > SIZE_MAX / 2 - buf->len)
        node_fatal("a buffer of %zu bytes cannot grow by %zu", buf->len, extra);

    size_t need = buf->len + extra;
    if (need > buf->cap || !buf->data) {
        /* Doubling makes a byte's share of all the copying constant. */
        size_t cap = buf->cap ? buf->cap : MIN_BUF_BYTES;
        while (cap < need)
            cap *= 2;
        buf->data = realloc(buf->data, cap);
        if (!buf->data)
            node_fatal("out of memory for a buffer of %zu bytes", cap);
        buf->cap = cap;
    }
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

/* The low count bytes of a value, lowest first. */
static void store_le(uint8_t *to, uint64_t value, int count)
{
    for (int i = 0; i < count; i++)
        to[i] = (uint8_t)(value >> (8 * i));
}

static void put_le(struct buf *out, uint64_t value, int count)
{
    store_le(buf_room(out, (size_t)count), value, count);
    out->len += (size_t)count;
}

void put_u8(struct buf *out, uint8_t value)
{
    put_le(out, value, 1);
}

void put_u16(struct buf *out, uint16_t value)
{
    put_le(out, value, 2);
}

void put_u32(struct buf *out, uint32_t value)
{
    put_le(out, value, 4);
}

void put_u64(struct buf *out, uint64_t value)
{
    put_le(out, value, 8);
}

void put_bytes(struct buf *out, struct bytes bytes)
{
    if (bytes.len == 0)
        return;
    memcpy(buf_room(out, bytes.len), bytes.data, bytes.len);
    out->len += bytes.len;
}

void set_u32(struct buf *out, size_t offset, uint32_t value)
{
    assert(offset <= out->len && out->len - offset >= 4);
    store_le(out->data + offset, value, 4);
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

static uint64_t get_le(struct wire_in *in, int count)
{
    const uint8_t *at = take(in, (size_t)count);
    uint64_t value = 0;

    if (!at)
        return 0;
    for (int i = 0; i < count; i++)
        value |= (uint64_t)at[i] << (8 * i);
    return value;
}

uint8_t get_u8(struct wire_in *in)
{
    return (uint8_t)get_le(in, 1);
}

uint16_t get_u16(struct wire_in *in)
{
    return (uint16_t)get_le(in, 2);
}

uint32_t get_u32(struct wire_in *in)
{
    return (uint32_t)get_le(in, 4);
}

uint64_t get_u64(struct wire_in *in)
{
    return get_le(in, 8);
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

struct bytes get_rest(struct wire_in *in)
{
    return get_bytes(in, in->left);
}

int wire_end(const struct wire_in *in)
{
    return in->bad || in->left > 0 ? BAD_BYTES : OK;
}
