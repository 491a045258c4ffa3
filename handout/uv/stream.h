/*
 * stream.h - one stream, as the files behind peers.h share it.
 *
 *     peers.c   every stream: the door, what it hears when it is UP
 *     dial.c    those of this node: WAITING and DIALLING
 *     greet.c   those of its peers: GREETING
 */
#ifndef CONCLAVE_UV_STREAM_H
#define CONCLAVE_UV_STREAM_H

#include "conn.h"
#include "peers.h"
#include "preface.h"

enum stream_state { WAITING, DIALLING, GREETING, UP }; /* see peers.h */

/* One stream. */
struct stream {
    uint64_t id;                    /* the node's name for it; 0: GREETING */
    struct host *host;              /* whose it is */
    struct peer *peer;              /* at the other end; NULL: GREETING */
    struct conn *conn;              /* its connection; NULL: WAITING */
    enum stream_state state;        /* see peers.h */
    bool is_dialled;                /* by this node */
    bool is_proven;                 /* a byte has come */
    uint64_t since_ms;              /* when the state began */
    struct list link;               /* in peer->unready or peers->greetings */
    uint8_t preface[PREFACE_BYTES]; /* as much as has come */
    size_t preface_len;             /* bytes of it */
};

/* Makes a stream that has no number and no peer yet. */
struct stream *stream_new(struct host *host, enum stream_state state);

/* Forgets a stream. Its connection must be closed or be over. */
void stream_free(struct stream *stream);

/* Gives a stream its number; 0 when there are MAX_STREAMS. */
uint64_t stream_number(struct stream *stream);

void stream_set_state(struct stream *stream, enum stream_state state);

/* Tells the node that a stream is up. The node may close it, or end. */
void stream_report_up(struct stream *stream);

/* What a connection's owner hears when the stream is UP. */
void stream_on_bytes(struct conn *conn, const uint8_t *data, size_t len);
void stream_on_down(struct conn *conn);

/* The peer with an id, or NULL. */
struct peer *peers_find(struct host *host, int64_t id);

/* dial.c: puts a WAITING stream on its way. */
void dial_begin(struct stream *stream);

/* dial.c: a stream is over; does that count as a failed dial? */
void dial_judge(const struct stream *stream);

/* dial.c: the timer of a peer. */
void dial_on_timer(uv_timer_t *timer);

/* greet.c: a peer has connected. */
void greet_on_connection(uv_stream_t *listener, int error);

/* greet.c: closes those that have no preface yet. */
void greet_stop(struct host *host);

#endif
