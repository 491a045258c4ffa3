/*
 * queue.h - what is under way on one direction of one stream.
 *
 * Deliveries, earliest first; those of the same time in the order in which
 * they were put in. A delivery owns its bytes, and the queue owns its
 * deliveries.
 */
#ifndef CONCLAVE_QUEUE_H
#define CONCLAVE_QUEUE_H

#include <stddef.h>
#include <stdint.h>

/* What is delivered. */
enum delivery_kind {
    DELIVERY_FRAME, /* a whole frame */
    DELIVERY_RAW,   /* bytes that do not decode */
    DELIVERY_END,   /* the sender has closed its side */
    DELIVERY_RESET, /* the sender is gone, by a reset */
};

struct delivery {
    uint64_t at_us;          /* when it is due */
    uint64_t order;          /* breaks ties; the queue's */
    enum delivery_kind kind; /* what it is */
    int copy;                /* of a frame: 0, or 1 for the duplicate */
    uint64_t number;         /* of a frame: the frame's */
    uint64_t token;          /* of a frame: the checker's (election.h) */
    size_t len;              /* bytes below */
    uint8_t bytes[];         /* what to hand over */
};

/* A heap of deliveries; {0} is an empty one. */
struct queue {
    struct delivery **heap; /* heap[0] is due first */
    size_t count;           /* deliveries in it */
    size_t capacity;        /* room for so many */
    size_t size_bytes;      /* memory of the deliveries, overhead included */
    uint64_t next_order;    /* of the next one put in */
};

/* Puts in a delivery with a copy of its bytes; returns it to be filled in. */
struct delivery *queue_put(struct queue *queue, uint64_t at_us,
                           enum delivery_kind kind, const void *bytes,
                           size_t len);

/* The delivery that is due first, or NULL; it stays in. */
struct delivery *queue_first(const struct queue *queue);

/* Takes the first out; the caller frees it. The queue must not be empty. */
struct delivery *queue_take(struct queue *queue);

/* Frees all that is left. */
void queue_free(struct queue *queue);

#endif
