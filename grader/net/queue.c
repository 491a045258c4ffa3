/*
 * queue.c - a binary heap: heap[i] is due before heap[2i+1] and heap[2i+2].
 * See queue.h.
 */
#include "queue.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"

static bool is_before(const struct delivery *a, const struct delivery *b)
{
    return a->at_us != b->at_us ? a->at_us < b->at_us : a->order < b->order;
}

static size_t footprint(const struct delivery *delivery)
{
    return sizeof(*delivery) + delivery->len;
}

static void sift_up(struct queue *queue, size_t slot)
{
    struct delivery *moved = queue->heap[slot];

    while (slot > 0 && is_before(moved, queue->heap[(slot - 1) / 2])) {
        queue->heap[slot] = queue->heap[(slot - 1) / 2];
        slot = (slot - 1) / 2;
    }
    queue->heap[slot] = moved;
}

static void sift_down(struct queue *queue, size_t slot)
{
    struct delivery *moved = queue->heap[slot];

    for (;;) {
        size_t child = 2 * slot + 1;

        if (child >= queue->count)
            break;
        if (child + 1 < queue->count &&
            is_before(queue->heap[child + 1], queue->heap[child]))
            child++;
        if (!is_before(queue->heap[child], moved))
            break;
        queue->heap[slot] = queue->heap[child];
        slot = child;
    }
    queue->heap[slot] = moved;
}

struct delivery *queue_put(struct queue *queue, uint64_t at_us,
                           enum delivery_kind kind, const void *bytes,
                           size_t len)
{
    struct delivery *delivery = alloc_new(sizeof(*delivery) + len);

    delivery->at_us = at_us;
    delivery->order = queue->next_order++;
    delivery->kind = kind;
    delivery->len = len;
    if (len > 0)
        memcpy(delivery->bytes, bytes, len);
    if (queue->count == queue->capacity) {
        queue->capacity = queue->capacity == 0 ? 16 : 2 * queue->capacity;
        queue->heap = alloc_resize(queue->heap,
                                   queue->capacity * sizeof(*queue->heap));
    }
    queue->heap[queue->count++] = delivery;
    queue->size_bytes += footprint(delivery);
    sift_up(queue, queue->count - 1);
    return delivery;
}

struct delivery *queue_first(const struct queue *queue)
{
    return queue->count == 0 ? NULL : queue->heap[0];
}

struct delivery *queue_take(struct queue *queue)
{
    struct delivery *first;

    assert(queue->count > 0);
    first = queue->heap[0];
    queue->size_bytes -= footprint(first);
    queue->count--;
    if (queue->count > 0) {
        queue->heap[0] = queue->heap[queue->count];
        sift_down(queue, 0);
    }
    return first;
}

void queue_free(struct queue *queue)
{
    for (size_t i = 0; i < queue->count; i++)
        free(queue->heap[i]);
    free(queue->heap);
    *queue = (struct queue){0};
}
