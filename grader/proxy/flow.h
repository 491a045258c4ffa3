/*
 * flow.h - one direction of a stream: bytes in, fates decided, bytes out.
 *
 *     source --read--> decoder --frames--> link_fate --> queue, until due
 *                                            |             |
 *                                          lost          outbox --write--> sink
 *
 * Bytes that do not decode take the same way, but are never lost: they, and
 * the stream's end, wait while the link is cut. A source is not read while
 * FLOW_MAX_BYTES are under way or the record's watcher is far behind.
 */
#ifndef CONCLAVE_FLOW_H
#define CONCLAVE_FLOW_H

#include <stdbool.h>
#include <uv.h>

#include "../net/frame.h"
#include "../net/link.h"
#include "../net/queue.h"
#include "outbox.h"

#define FLOW_MAX_BYTES   (16u << 20) /* under way in one flow */
#define FLOW_BATCH_BYTES (64u << 10) /* written at once, if frames are short */
#define FLOW_READ_BYTES  (64u << 10) /* read at once */
#define FLOW_REST_PIECES 8           /* pieces between two rests */

struct proxy;
struct stream;

struct flow {
    struct stream *stream;        /* whose direction this is */
    int from, to;                 /* places of the nodes at its ends */
    struct link *link;            /* what governs it */
    uv_tcp_t *source, *sink;      /* where bytes come from and go to */
    struct frame_decoder decoder; /* bytes not yet a whole frame */
    struct link_order order;      /* keeps frames in order */
    struct queue queue;           /* what is under way */
    struct outbox outbox;         /* what is due, in front of the sink */
    uv_timer_t timer;             /* the next is due, or a rest ends */
    uv_idle_t idle;               /* a rest of one turn of the loop */
    uv_write_t write;             /* the rest of a piece, being written */
    uv_shutdown_t shutdown;       /* passes the end on */
    size_t write_len;             /* bytes of that rest */
    unsigned pieces;              /* written since the outbox was empty */
    bool is_reading;              /* the source is being read */
    bool is_writing;              /* write is under way */
    bool is_resting;              /* between two pieces */
    bool has_ended;               /* the source's end has been read */
    bool is_done;                 /* and has been passed on */
    bool is_dead;                 /* the sink takes nothing more */
};

/* Prepares one direction. */
void flow_init(struct flow *flow, struct stream *stream, int from, int to,
               uv_tcp_t *source, uv_tcp_t *sink);

/* Begins to relay, after a head that the sink gets first. */
void flow_start(struct flow *flow, const void *head, size_t len);

/* Writes what is due; to be called when the link's faults have changed. May
 * close the stream. */
void flow_pump(struct flow *flow);

/* Reads the source, or leaves it, as the limits say. */
void flow_update_reading(struct flow *flow);

/* The source has ended, or has been found dead. */
void flow_take_end(struct flow *flow, bool by_reset);

/* Loses all that is under way, and stops. */
void flow_stop(struct flow *flow);

/* Gives the memory back; no callback is outstanding. */
void flow_free(struct flow *flow);

#endif
