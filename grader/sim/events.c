/*
 * events.c - a binary heap. See events.h.
 */
#include "events.h"

#include <stdbool.h>
#include <string.h>

#include "../net/alloc.h"

static bool is_before(const struct event *a, const struct event *b)
{
    if (a->at_us != b->at_us)
        return a->at_us < b->at_us;
    if (a->place != b->place)
        return a->place < b->place;
    return a->sequence < b->sequence;
}

struct event *event_new(const void *data, size_t len)
{
    struct event *event = alloc_resize(NULL, sizeof(*event) + len);

    memset(event, 0, sizeof(*event));
    event->len = len;
    if (len > 0)
        memcpy(event->bytes, data, len);
    return event;
}

void events_put(struct events *events, struct event *event)
{
    size_t slot = events->count;

    if (events->count == events->capacity) {
        events->capacity = events->capacity == 0 ? 64 : 2 * events->capacity;
        events->heap = alloc_resize(events->heap,
                                    events->capacity * sizeof(*events->heap));
    }
    events->count++;
    while (slot > 0 && is_before(event, events->heap[(slot - 1) / 2])) {
        events->heap[slot] = events->heap[(slot - 1) / 2];
        slot = (slot - 1) / 2;
    }
    events->heap[slot] = event;
}

struct event *events_first(const struct events *events)
{
    return events->count == 0 ? NULL : events->heap[0];
}

struct event *events_take(struct events *events)
{
    struct event *first = events->heap[0];
    struct event *moved = events->heap[--events->count];
    size_t slot = 0;

    for (;;) {
        size_t child = 2 * slot + 1;

        if (child >= events->count)
            break;
        if (child + 1 < events->count &&
            is_before(events->heap[child + 1], events->heap[child]))
            child++;
        if (!is_before(events->heap[child], moved))
            break;
        events->heap[slot] = events->heap[child];
        slot = child;
    }
    if (events->count > 0)
        events->heap[slot] = moved;
    return first;
}
