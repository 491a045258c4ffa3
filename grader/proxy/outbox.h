/*
 * outbox.h - bytes in front of a socket, and where frames end in them.
 *
 * A frame counts as handed over when the piece with its last byte is written.
 */
#ifndef CONCLAVE_OUTBOX_H
#define CONCLAVE_OUTBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The end of a frame. */
struct outbox_mark {
    uint64_t end; /* position behind its last byte, from the stream's start */
    uint64_t number; /* the frame's */
    uint64_t token;  /* the checker's for it */
    int copy;        /* 0, or 1 for a duplicate */
};

/* {0} is an empty one. */
struct outbox {
    uint8_t *data;             /* heap memory */
    size_t begin;              /* where the unsent bytes begin in data */
    size_t end;                /* where they end */
    size_t capacity;           /* bytes allocated */
    uint64_t sent;             /* bytes dropped so far */
    struct outbox_mark *marks; /* ends of frames, ascending */
    size_t first_mark;         /* the first that is still to come */
    size_t mark_count;         /* behind the last */
    size_t mark_capacity;      /* room for so many */
};

/* How many bytes are unsent, and the first of them. */
size_t outbox_len(const struct outbox *outbox);
const uint8_t *outbox_front(const struct outbox *outbox);

/* Adds bytes; marks the end of what was added last as that of a frame. */
void outbox_add(struct outbox *outbox, const void *data, size_t len);
void outbox_mark(struct outbox *outbox, uint64_t number, uint64_t token,
                 int copy);

/* Takes out the next mark within the first len bytes, if there is one. */
bool outbox_take_mark(struct outbox *outbox, size_t len,
                      struct outbox_mark *mark);

/* Drops bytes that have been sent. */
void outbox_drop(struct outbox *outbox, size_t len);

void outbox_free(struct outbox *outbox);

#endif
