/*
 * le.h - reading little-endian fields out of bytes from outside.
 *
 * A reader takes field after field; the first that does not fit makes `bad`
 * sticky and every later field 0, so a decoder asks once, at its end:
 *
 *     struct le_in in = le_in(body, len);
 *     vote->term = le_u64(&in);
 *     vote->granted = le_bool(&in);
 *     return le_end(&in);               // false: short, trailing, or bad
 *
 * The grader has a reader of its own, so that no mistake of the lab code's can
 * hide itself by being made on both sides.
 */
#ifndef CONCLAVE_LE_H
#define CONCLAVE_LE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is left to read. */
struct le_in {
    const uint8_t *at; /* the next byte */
    size_t left;       /* bytes from there on */
    bool bad;          /* sticky: a field did not fit or had no such value */
};

static inline struct le_in le_in(const uint8_t *data, size_t len)
{
    return (struct le_in){.at = data, .left = len};
}

/* The next count bytes as one integer. count is 1 to 8. */
static inline uint64_t le_take(struct le_in *in, size_t count)
{
    uint64_t value = 0;

    if (in->bad || in->left < count) {
        in->bad = true;
        return 0;
    }
    for (size_t i = count; i > 0; i--)
        value = value << 8 | in->at[i - 1];
    in->at += count;
    in->left -= count;
    return value;
}

static inline uint8_t le_u8(struct le_in *in)
{
    return (uint8_t)le_take(in, 1);
}

static inline uint16_t le_u16(struct le_in *in)
{
    return (uint16_t)le_take(in, 2);
}

static inline uint32_t le_u32(struct le_in *in)
{
    return (uint32_t)le_take(in, 4);
}

static inline uint64_t le_u64(struct le_in *in)
{
    return le_take(in, 8);
}

/* One byte that must be 0 or 1. */
static inline bool le_bool(struct le_in *in)
{
    uint8_t value = le_u8(in);

    if (value > 1)
        in->bad = true;
    return value == 1;
}

/* Passes over count bytes; where they began, NULL if there are fewer. */
static inline const uint8_t *le_skip(struct le_in *in, size_t count)
{
    const uint8_t *begin = in->at;

    if (in->bad || in->left < count) {
        in->bad = true;
        return NULL;
    }
    in->at += count;
    in->left -= count;
    return begin;
}

/* Whether every field fitted and nothing is left over. */
static inline bool le_end(const struct le_in *in)
{
    return !in->bad && in->left == 0;
}

#endif
