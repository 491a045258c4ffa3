/*
 * link.h - Lab 1, part A: how frame.c, link.c, rpc.c and serve.c fit together.
 *
 *      rpc.c     calls of ours          serve.c   requests of theirs
 *         |  ^                             |  ^
 *         v  | call_on_...                 v  | serve_on_...
 *      link.c    one link a stream: bytes <-> frames, who is up
 *         |  ^
 *         v  | rpc_stream_...
 *      the node's streams (node.h)
 *
 * Nobody above includes this header.
 */
#ifndef CONCLAVE_LINK_H
#define CONCLAVE_LINK_H

#include "frame.h"
#include "list.h"
#include "rpc.h"

/*
 * A stream with what hangs on it. There is one more, for this node itself,
 * with stream 0: its frames are handed over and never become a stream's bytes.
 */
struct link {
    struct list all;            /* among all links */
    uint64_t stream;            /* the host's id of it; 0: this node itself */
    int peer;                   /* who is at the other end */
    bool is_dialled;            /* by this node: its requests leave here */
    bool is_up;                 /* bytes can be written */
    struct frame_reader reader; /* of the bytes that arrive */
    struct list calls;          /* rpc.c's: calls of ours that wait */
    struct list servings;       /* serve.c's: requests of theirs under way */
};

/* ---- link.c ---- */

/* Makes the link to this node itself, and dials every peer. */
void link_start(void);

/* The link on which requests to a peer leave; NULL if it is not up. */
struct link *link_to(int peer);

/*
 * Begins a frame: the caller appends exactly payload_len bytes to what this
 * returns, then calls link_send, before anything else is sent.
 */
struct buf *link_begin(enum frame_type type, uint16_t method, uint64_t call_id,
                       size_t payload_len);

/* Sends the frame that was begun. OK, or RPC_UNREACHABLE if the stream takes no
 * more. */
int link_send(struct link *link);

/* Closes a stream that cannot be trusted, or is silent; dials anew. */
void link_close(struct link *link);

/* ---- rpc.c: calls of ours ---- */

void call_on_reply(struct link *link, const struct frame *frame);
void call_on_pong(struct link *link, const struct frame *frame);

/* The link ends: its calls are answered with RPC_UNREACHABLE. */
void call_on_link_end(struct link *link);

/* ---- serve.c: requests of theirs ---- */

void serve_on_request(struct link *link, const struct frame *frame);
void serve_on_cancel(struct link *link, const struct frame *frame);

/* The link ends: nobody waits for these replies, their work is cancelled. */
void serve_on_link_end(struct link *link);

#endif
