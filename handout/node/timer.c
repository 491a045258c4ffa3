/*
 * timer.c - a binary heap of pointers to timers, earliest first. Each timer
 * knows its slot, so that it can be taken out from the middle.
 */
#include "timer.h"

#include <stdio.h>
#include <stdlib.h>

static struct timer **heap; /* slots 1 to count; slot 0 is unused */
static uint32_t count;      /* timers that are set */
static uint32_t room;       /* slots allocated */
static uint64_t orders;     /* timers ever set */

static bool earlier(const struct timer *a, const struct timer *b)
{
    if (a->at_us != b->at_us)
        return a->at_us < b->at_us;
    return a->order < b->order;
}

static void place(struct timer *timer, uint32_t slot)
{
    heap[slot] = timer;
    timer->slot = slot;
}

static void sift_up(struct timer *timer, uint32_t slot)
{
    while (slot > 1 && earlier(timer, heap[slot / 2])) {
        place(heap[slot / 2], slot);
        slot /= 2;
    }
    place(timer, slot);
}

static void sift_down(struct timer *timer, uint32_t slot)
{
    for (uint32_t child = slot * 2; child <= count; child = slot * 2) {
        if (child < count && earlier(heap[child + 1], heap[child]))
            child++;
        if (!earlier(heap[child], timer))
            break;
        place(heap[child], slot);
        slot = child;
    }
    place(timer, slot);
}

void timer_set(struct timer *timer, uint64_t at_us, void (*ring)(void *),
               void *arg)
{
    timer_stop(timer);
    timer->at_us = at_us;
    timer->order = ++orders;
    timer->ring = ring;
    timer->arg = arg;

    if (count + 1 >= room) {
        room = room ? room * 2 : 64;
        heap = realloc(heap, room * sizeof *heap);
        if (!heap) {
            fprintf(stderr, "out of memory: %u timers\n", count);
            abort();
        }
    }
    count++;
    sift_up(timer, count);
}

void timer_stop(struct timer *timer)
{
    uint32_t slot = timer->slot;

    if (slot == 0)
        return;
    timer->slot = 0;

    struct timer *last = heap[count--];
    if (last == timer)
        return;
    if (slot > 1 && earlier(last, heap[slot / 2]))
        sift_up(last, slot);
    else
        sift_down(last, slot);
}

bool timer_is_set(const struct timer *timer)
{
    return timer->slot != 0;
}

void timers_ring(uint64_t now_us)
{
    while (count > 0 && heap[1]->at_us <= now_us) {
        struct timer *timer = heap[1];

        timer_stop(timer);
        timer->ring(timer->arg);
    }
}

uint64_t timers_next_us(void)
{
    return count > 0 ? heap[1]->at_us : UINT64_MAX;
}
