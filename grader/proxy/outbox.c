/*
 * outbox.c - see outbox.h.
 */
#include "outbox.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "../net/alloc.h"

#define IDLE_CAPACITY_BYTES (256u << 10) /* kept by an outbox with nothing */

size_t outbox_len(const struct outbox *outbox)
{
    return outbox->end - outbox->begin;
}

const uint8_t *outbox_front(const struct outbox *outbox)
{
    return outbox->data + outbox->begin;
}

void outbox_add(struct outbox *outbox, const void *data, size_t len)
{
    size_t held = outbox_len(outbox);

    if (outbox->capacity - outbox->end < len) {
        if (outbox->begin > 0)
            memmove(outbox->data, outbox->data + outbox->begin, held);
        outbox->begin = 0;
        outbox->end = held;
    }
    if (outbox->capacity - held < len) {
        outbox->capacity = 2 * (held + len);
        outbox->data = alloc_resize(outbox->data, outbox->capacity);
    }
    memcpy(outbox->data + outbox->end, data, len);
    outbox->end += len;
}

void outbox_mark(struct outbox *outbox, uint64_t number, uint64_t token,
                 int copy)
{
    if (outbox->mark_count == outbox->mark_capacity) {
        outbox->mark_capacity = outbox->mark_capacity == 0
                                    ? 16
                                    : 2 * outbox->mark_capacity;
        outbox->marks = alloc_resize(outbox->marks, outbox->mark_capacity *
                                                        sizeof(*outbox->marks));
    }
    outbox->marks[outbox->mark_count++] = (struct outbox_mark){
        .end = outbox->sent + outbox_len(outbox),
        .number = number,
        .token = token,
        .copy = copy,
    };
}

bool outbox_take_mark(struct outbox *outbox, size_t len,
                      struct outbox_mark *mark)
{
    if (outbox->first_mark == outbox->mark_count ||
        outbox->marks[outbox->first_mark].end > outbox->sent + len)
        return false;
    *mark = outbox->marks[outbox->first_mark++];
    if (outbox->first_mark == outbox->mark_count)
        outbox->first_mark = outbox->mark_count = 0;
    return true;
}

void outbox_drop(struct outbox *outbox, size_t len)
{
    assert(len <= outbox_len(outbox));
    outbox->begin += len;
    outbox->sent += len;
    if (outbox->begin < outbox->end)
        return;
    outbox->begin = outbox->end = 0;
    if (outbox->capacity > IDLE_CAPACITY_BYTES) {
        free(outbox->data);
        outbox->data = NULL;
        outbox->capacity = 0;
    }
}

void outbox_free(struct outbox *outbox)
{
    free(outbox->data);
    free(outbox->marks);
    *outbox = (struct outbox){0};
}
