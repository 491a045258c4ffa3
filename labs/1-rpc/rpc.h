/*
 * rpc.h - Lab 1, part A: one call.
 *
 * A stream carries bytes; this stage makes calls of them. The caller sends a
 * REQUEST frame and waits for the REPLY with the same call id, but never longer
 * than its deadline; the server runs each request in a coroutine of its own.
 * docs/protocol.md gives every byte.
 *
 *     struct buf reply = {0};
 *     int outcome = await_rpc_call(&(struct rpc_call){.peer = 2,
 *         .method = METHOD_ECHO, .body = bytes_text("hi"),
 *         .timeout_ms = 100}, &reply);
 *     ... outcome is OK: reply is the body; RPC_FAILED: the error's text
 *     buf_free(&reply);
 */
#ifndef CONCLAVE_RPC_H
#define CONCLAVE_RPC_H

#include <stdbool.h>
#include <stdint.h>

#include "node.h"

#define RPC_MAX_BODY_BYTES  (1048576 - 32) /* of a request or reply */
#define RPC_MAX_ERROR_BYTES 512            /* of an error's text */
#define RPC_MAX_METHODS     64             /* registered on one node */
#define RPC_MAX_PENDING     65536          /* calls of one node under way */

/* A call to make. Its body is borrowed until the call returns. */
struct rpc_call {
    int peer;            /* whom to call; this node itself is allowed */
    uint16_t method;     /* what to call there */
    struct bytes body;   /* the request's body */
    uint32_t timeout_ms; /* longest wait; at least 1 */
    uint64_t client;     /* part B: who asks, for at-most-once */
    uint64_t sequence;   /* part B: its how-manieth request; 0: no care */
};

/* A request being served. Its body is borrowed until the handler returns. */
struct rpc_request {
    int from;             /* the node that calls */
    uint16_t method;      /* what it calls */
    struct bytes body;    /* the request's body */
    uint64_t client;      /* part B */
    uint64_t sequence;    /* part B */
    uint64_t deadline_us; /* on this node's clock: nobody waits any longer */
};

/*
 * Serves one request: appends the reply's body and returns OK, or appends a
 * text and returns RPC_FAILED (or another outcome). May suspend; its waits end
 * when the caller's deadline passes, when the caller cancels, and when the
 * stream breaks.
 */
typedef int (*rpc_handler)(void *arg, const struct rpc_request *request,
                           struct buf *reply);

/* Opens a stream to every peer of the configuration. Called once. */
void rpc_start(void);

/* Makes a method known. A method has one handler. */
void rpc_handle(uint16_t method, rpc_handler await_handler, void *arg);

/*
 * Makes one call and waits for its end. Appends the reply's body, or the text
 * of an error, to reply (which stays the caller's).
 *
 * OK; RPC_TIMEOUT: no reply by the deadline, which is timeout_ms from now or
 * the current token's, whichever is earlier; RPC_UNREACHABLE: no stream to the
 * peer, or it broke; RPC_CANCELLED: the current token fired (the peer is
 * told); TOO_LARGE: the body or too many calls; or what the peer answered:
 * RPC_NO_METHOD, RPC_REFUSED, RPC_FAILED. In every case nothing of the call is
 * left behind, and a reply that comes later is dropped.
 */
int await_rpc_call(const struct rpc_call *call, struct buf *reply);

/* Finds the handler of a request and runs it; RPC_NO_METHOD if there is none.
 * Part B calls it after the last interceptor. */
int await_rpc_handler(const struct rpc_request *request, struct buf *reply);

/* Whether a stream to the peer is up (always, to itself). */
bool rpc_is_up(int peer);

/* Calls waiting for a reply: 0 on a node at rest. */
size_t rpc_pending(void);

/* Part C's keepalive: sends a PING to the peer and waits for the PONG; closes
 * the peer's stream, failing its calls, if none comes within timeout_ms. */
int await_rpc_ping(int peer, uint32_t timeout_ms);

/* The node's upcalls: see host.h. */
void rpc_stream_up(uint64_t stream, int peer, bool dialled);
void rpc_stream_bytes(uint64_t stream, struct bytes bytes);
void rpc_stream_down(uint64_t stream);

#endif
