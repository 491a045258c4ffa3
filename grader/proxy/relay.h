/*
 * relay.h - streams: a dialler, a node that is dialled, two flows between.
 *
 *     accepted --32 bytes--> dialling the target --> up --> closed
 *
 * A stream is up once the target has accepted it. A side that closes has its
 * end passed on after all that it sent (a reset as a reset); a target that
 * refuses gets the dialler reset.
 */
#ifndef CONCLAVE_RELAY_H
#define CONCLAVE_RELAY_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "flow.h"

#define RELAY_MAX_STREAMS 1024 /* open at once; one more is reset */
#define PREFACE_BYTES     32   /* what a dialler sends first */

struct proxy;
struct proxy_node;

/* One connection between two nodes. */
struct stream {
    struct proxy *proxy;            /* the one */
    struct stream *next, *previous; /* in the proxy's list */
    uint64_t number;                /* never used twice, from 1 */
    int dialler;                    /* place of the node that dialled */
    int dialled;                    /* place of the node that was dialled */
    uint64_t incarnation;           /* of the dialler */
    uint8_t preface[PREFACE_BYTES]; /* as it came */
    size_t preface_len;             /* bytes of it so far */
    uv_tcp_t ends[2];               /* to the dialler, to the dialled */
    uv_connect_t connect;           /* dialling */
    struct flow flows[2];           /* from the dialler, from the dialled */
    int handles;                    /* of libuv's, not yet closed */
    bool is_dialled;                /* ends[1] and the flows exist */
    bool is_up;                     /* both ends are connected */
    bool is_closed;                 /* gone, but for its handles */
};

/* Listens for diallers of a node. 0, or libuv's error. */
int relay_listen(struct proxy_node *node);

/* Writes what has become due by a change of faults. */
void relay_pump(struct proxy *proxy);

/* Reads again, or not, after a change of the watcher's backlog. */
void relay_update_reading(struct proxy *proxy);

/* Resets the streams from a place to a place; -1: any. */
void relay_reset(struct proxy *proxy, int dialler, int dialled);

/* For flows: the one that reads this end. */
struct flow *stream_flow_from(struct stream *stream, const uv_tcp_t *end);

/* For flows: the sink of this one is dead. */
void stream_half_died(struct stream *stream, const struct flow *flow);

/* For flows: closes the stream if both directions are over. */
void stream_settle(struct stream *stream);

/* For flows: one of their handles is closed. */
void stream_handle_closed(struct stream *stream);

/* Closes both ends, with resets if asked for. */
void stream_close(struct stream *stream, bool by_reset);

#endif
