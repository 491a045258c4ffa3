/*
 * conn.h - a TCP connection with a queue of bytes to send.
 *
 * Peers' streams and clients are both made of these. Bytes are only queued
 * while an upcall runs; conns_flush sends what each connection got, in one
 * write if the socket takes it.
 *
 *     written during the upcall      handed to libuv, partly sent
 *     +--------------------------+   +---------+----------------+
 *     | out                      |   |  (sent) | sending        |
 *     +--------------------------+   +---------+----------------+
 *
 * A connection has an owner, who hears its events until one of them says that
 * it is over, or until the owner closes it. From then on the owner must forget
 * it: it sends what is queued, tells the other side, and frees itself.
 */
#ifndef CONCLAVE_UV_CONN_H
#define CONCLAVE_UV_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <uv.h>

#include "list.h"
#include "wire.h"

#define CONN_LINGER_MS  5000         /* for the other side to take the rest */
#define CONN_EXIT_MS    500          /* the same, when the whole process ends */
#define CONN_KEEP_BYTES (256u << 10) /* a larger empty queue is given back */
#define CONN_READ_BYTES (64u << 10)  /* read at once */
#define CONN_BACKLOG    511          /* connections not yet accepted */

struct host;
struct conn;

/* What an owner hears. */
struct conn_events {
    /* A dialled connection is there (0), or is over (a negative error). */
    void (*connected)(struct conn *conn, int error);
    /* Bytes came. The owner may close the connection meanwhile. */
    void (*bytes)(struct conn *conn, const uint8_t *data, size_t len);
    /* It is over: the other side closed it, or it broke. */
    void (*down)(struct conn *conn);
};

/* One connection. */
struct conn {
    uv_tcp_t tcp;                     /* libuv's */
    struct host *host;                /* whose it is */
    const struct conn_events *events; /* what the owner hears; NULL: nobody */
    void *owner;                      /* the owner's */
    uint64_t id;                      /* the owner's */
    struct list all;                  /* its place among all connections */
    struct list dirty;                /* or among those to be flushed */
    struct list lingering;            /* or among those that nobody owns */
    struct buf out;                   /* queued, not yet given to libuv */
    struct buf sending;               /* given to libuv */
    uv_connect_t connect;             /* while it is being dialled */
    uv_write_t write;                 /* while sending is under way */
    uv_shutdown_t shutdown;           /* after the last byte */
    bool is_up;                       /* connected */
    bool is_writing;                  /* write is in use */
    bool is_shut;                     /* shutdown has been asked for */
    bool has_ended;                   /* the other side will send no more */
    bool is_broken;                   /* what is queued cannot be sent */
    uint64_t closed_ms;               /* when the owner closed it */
};

/* All connections of a host. */
struct conns {
    struct list all;         /* every one */
    struct list dirty;       /* to be flushed after the upcall */
    struct list lingering;   /* closed, not yet gone; oldest first */
    uv_timer_t linger_timer; /* gives up on lingering ones */
    uint64_t linger_ms;      /* after this long */
    uint8_t read_buffer[CONN_READ_BYTES]; /* of whichever reads now */
};

void conns_start(struct host *host);

/* Sends what was queued; after every upcall. */
void conns_flush(struct host *host);

/* Closes every connection, politely but soon: the process ends. */
void conns_close(struct host *host);

/* Reads "host:port" or "[host]:port", asking the name service if it must.
 * Returns 0 or a negative error of libuv. */
int conn_resolve(const char *text, struct sockaddr_storage *address);

/* Listens on an address. Returns 0 or a negative error of libuv. */
int conn_listen(struct host *host, uv_tcp_t *listener, const char *address,
                uv_connection_cb on_connection);

/* Begins to dial; NULL if that fails at once. */
struct conn *conn_dial(struct host *host, const struct sockaddr_storage *to,
                       const struct conn_events *events, void *owner);

/* Takes a connection that a listener announced; NULL if it is gone. */
struct conn *conn_accept(struct host *host, uv_stream_t *listener,
                         const struct conn_events *events, void *owner);

/*
 * Queues bytes; they are sent when the next upcall ends. Returns 0, or
 * TOO_LARGE, queueing nothing, if more than max_bytes would then be unsent.
 */
int conn_write(struct conn *conn, const void *data, size_t len,
               size_t max_bytes);

/* Gives a connection up; what is queued is still sent. */
void conn_close(struct conn *conn);

#endif
