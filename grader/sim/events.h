/*
 * events.h - what will happen, in the order of (time, place, sequence).
 */
#ifndef CONCLAVE_SIM_EVENTS_H
#define CONCLAVE_SIM_EVENTS_H

#include <stddef.h>
#include <stdint.h>

struct conn;
struct disk_work;

enum event_kind {
    EVENT_ALARM,        /* the node's alarm may be due */
    EVENT_DIAL,         /* a dial reaches whom it is meant for */
    EVENT_DIALLED,      /* a dial has succeeded; its dialler learns of it */
    EVENT_REFUSED,      /* a dial has failed; its dialler learns of it */
    EVENT_FRAME,        /* a frame arrives */
    EVENT_RAW,          /* bytes that do not decode arrive */
    EVENT_END,          /* the end of a stream arrives */
    EVENT_RESET,        /* a stream is reset */
    EVENT_DISK,         /* a disk operation ends */
    EVENT_CLIENT_BYTES, /* bytes of a client arrive at the node */
    EVENT_CLIENT_END,   /* a client's end arrives at the node */
    EVENT_TEST_BYTES,   /* bytes of a node arrive at its client */
    EVENT_TEST_END,     /* a node's end of a client arrives there */
};

/* One event. It owns its bytes and its disk operation. */
struct event {
    uint64_t at_us;         /* when */
    uint64_t sequence;      /* of its place */
    uint32_t place;         /* where: a place's index */
    enum event_kind kind;   /* what */
    int end;                /* of a stream: which end sent it */
    int copy;               /* of a frame: 1: the duplicate */
    uint64_t life;          /* of the place, for what dies with it */
    struct conn *conn;      /* of a stream's events */
    struct disk_work *work; /* of a disk's */
    uint64_t number;        /* of the frame or the client */
    uint64_t token;         /* of a frame: the checker's */
    struct event *next;     /* among those that wait for a link or a place */
    size_t len;             /* bytes below */
    uint8_t bytes[];        /* what arrives */
};

/* A heap; {0} is an empty one. */
struct events {
    struct event **heap; /* heap[0] is first */
    size_t count;        /* in it */
    size_t capacity;     /* room for so many */
};

/* A new event with a copy of some bytes; the rest is zero. */
struct event *event_new(const void *data, size_t len);

void events_put(struct events *events, struct event *event);
struct event *events_first(const struct events *events);

/* Takes the first out; there must be one. */
struct event *events_take(struct events *events);

#endif
