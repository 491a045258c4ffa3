/*
 * frame.c - the grader's own frame decoder. See frame.h.
 */
#include "frame.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "le.h"

#define LENGTH_MIN          12u /* an empty payload */
#define LENGTH_MAX          (12u + FRAME_MAX_PAYLOAD_BYTES) /* the largest */
#define IDLE_CAPACITY_BYTES (128u << 10) /* kept by a decoder with nothing */

/* Makes room for len more bytes behind end. */
static void make_room(struct frame_decoder *decoder, size_t len)
{
    size_t held = decoder->end - decoder->begin;

    if (decoder->capacity - decoder->end >= len)
        return;
    if (decoder->begin > 0)
        memmove(decoder->held, decoder->held + decoder->begin, held);
    decoder->begin = 0;
    decoder->end = held;
    if (decoder->capacity - held >= len)
        return;
    decoder->capacity = 2 * (held + len);
    decoder->held = alloc_resize(decoder->held, decoder->capacity);
}

void frame_feed(struct frame_decoder *decoder, const void *data, size_t len)
{
    if (decoder->begin == decoder->end) {
        decoder->begin = decoder->end = 0;
        if (decoder->capacity > IDLE_CAPACITY_BYTES) {
            free(decoder->held);
            decoder->held = NULL;
            decoder->capacity = 0;
        }
    }
    if (len == 0)
        return;
    make_room(decoder, len);
    memcpy(decoder->held + decoder->end, data, len);
    decoder->end += len;
}

/*
 * Looks at as much of a head as is there. The whole frame's length goes to
 * *len once it is known, else 0. False: these bytes begin no frame.
 */
static bool check_head(const uint8_t *at, size_t held, size_t *len)
{
    *len = 0;
    if (held >= 4) {
        struct le_in in = le_in(at, 4);
        uint32_t length = le_u32(&in);

        if (length < LENGTH_MIN || length > LENGTH_MAX)
            return false;
        *len = 4 + (size_t)length;
    }
    if (held >= 5 && at[4] != FRAME_MAGIC)
        return false;
    return held < 6 || (at[5] >= FRAME_REQUEST && at[5] <= FRAME_PONG);
}

enum frame_state frame_next(struct frame_decoder *decoder, struct frame *frame)
{
    size_t held = decoder->end - decoder->begin;
    const uint8_t *at;
    size_t len;

    if (decoder->is_broken)
        return FRAME_BROKEN;
    if (held == 0)
        return FRAME_PARTIAL;
    at = decoder->held + decoder->begin;
    if (!check_head(at, held, &len)) {
        decoder->is_broken = true;
        return FRAME_BROKEN;
    }
    if (len == 0 || held < len)
        return FRAME_PARTIAL;

    struct le_in in = le_in(at + 6, FRAME_HEAD_BYTES - 6);
    frame->type = (enum frame_type)at[5];
    frame->method = le_u16(&in);
    frame->call_id = le_u64(&in);
    frame->payload = at + FRAME_HEAD_BYTES;
    frame->payload_len = len - FRAME_HEAD_BYTES;
    frame->bytes = at;
    frame->len = len;
    decoder->begin += len;
    decoder->offset += len;
    return FRAME_WHOLE;
}

const uint8_t *frame_rest(struct frame_decoder *decoder, size_t *len)
{
    const uint8_t *rest = decoder->held;

    *len = decoder->end - decoder->begin;
    if (*len > 0)
        rest += decoder->begin;
    decoder->begin = decoder->end;
    return rest;
}

void frame_free(struct frame_decoder *decoder)
{
    free(decoder->held);
    *decoder = (struct frame_decoder){0};
}

const char *frame_type_name(enum frame_type type)
{
    switch (type) {
    case FRAME_REQUEST:
        return "REQUEST";
    case FRAME_REPLY:
        return "REPLY";
    case FRAME_CANCEL:
        return "CANCEL";
    case FRAME_PING:
        return "PING";
    case FRAME_PONG:
        return "PONG";
    }
    return "unknown type";
}
