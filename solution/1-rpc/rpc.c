/*
 * rpc.c - Lab 1, part A: calls of ours, from the request to the answer.
 *
 * A table finds the caller that a reply is meant for. A call's id is a number
 * never used before; its last bits name a slot of the table, so finding it is
 * one look, and a reply that comes after its caller has gone finds a slot that
 * is empty or another's.
 *
 * The invariant: a call is in the table exactly while its caller waits. So
 * nothing is ever written to a caller that has gone, and nothing is left over.
 */
#include "rpc.h"

#include "co.h"
#include "event.h"
#include "link.h"

// BEGIN SOLUTION:
#define REQUEST_HEAD_BYTES 20 /* budget, client, sequence */

/* A call that waits; it lies on its caller's stack. */
struct pending {
    uint64_t call_id;      /* its name on the wire */
    struct link *link;     /* where the answer must come from; NULL: ended */
    struct buf *reply;     /* the caller's; NULL: a PING */
    struct event answered; /* set with the outcome */
    struct list in_link;   /* among the link's calls */
};

static struct pending *slots[RPC_MAX_PENDING]; /* by call id */
static size_t pending_count;                   /* slots in use */
static uint64_t last_call_id;                  /* given out */

/* Enters a call; false when every slot is taken. */
static bool pending_enter(struct pending *call, struct link *link,
                          struct buf *reply)
{
    if (pending_count == RPC_MAX_PENDING)
        return false;
    do
        last_call_id++;
    while (slots[last_call_id % RPC_MAX_PENDING]);

    call->call_id = last_call_id;
    call->link = link;
    call->reply = reply;
    event_init(&call->answered, "a reply");
    list_add(&link->calls, &call->in_link);
    slots[last_call_id % RPC_MAX_PENDING] = call;
    pending_count++;
    return true;
}

static void pending_leave(struct pending *call)
{
    slots[call->call_id % RPC_MAX_PENDING] = NULL;
    pending_count--;
    list_remove(&call->in_link);
}

/* The call that a frame of a link answers; NULL if nobody waits for it. */
static struct pending *pending_find(struct link *link, uint64_t call_id)
{
    struct pending *call = slots[call_id % RPC_MAX_PENDING];

    if (!call || call->call_id != call_id || call->link != link)
        return NULL;
    return call->answered.is_set ? NULL : call;
}

/* Waits for the answer, and leaves the table in any case. */
static int await_answer(struct pending *call)
{
    int outcome = await_event(&call->answered);

    pending_leave(call);
    return outcome == OK ? (int)call->answered.value : outcome;
}

static int send_request(struct pending *call, const struct rpc_call *request,
                        uint64_t left_us)
{
    uint64_t left_ms = left_us / 1000;
    struct buf *out = link_begin(FRAME_REQUEST, request->method, call->call_id,
                                 REQUEST_HEAD_BYTES + request->body.len);

    put_u32(out, left_ms > 0 ? (uint32_t)left_ms : 1);
    put_u64(out, request->client);
    put_u64(out, request->sequence);
    put_bytes(out, request->body);
    return link_send(call->link);
}

/* A call whose deadline is that of the current token. */
static int await_one_call(const struct rpc_call *request, struct buf *reply)
{
    struct link *link = link_to(request->peer);
    uint64_t now_us = node_now_us();
    uint64_t deadline_us = cancel_deadline_us(co_token());
    struct pending call;

    if (cancel_reason(co_token()) != 0)
        return cancel_reason(co_token());
    if (deadline_us <= now_us)
        return RPC_TIMEOUT;
    if (!link)
        return RPC_UNREACHABLE;
    if (!pending_enter(&call, link, reply))
        return TOO_LARGE;
    if (send_request(&call, request, deadline_us - now_us) != OK)
        event_set(&call.answered, RPC_UNREACHABLE);

    int outcome = await_answer(&call);
    bool gave_up = outcome == RPC_CANCELLED && !call.answered.is_set;
    if (gave_up) { /* a deadline the server knows; this it has to be told */
        link_begin(FRAME_CANCEL, request->method, call.call_id, 0);
        link_send(call.link);
    }
    return outcome;
}

// END SOLUTION
void rpc_start(void)
{
    link_start();
}

int await_rpc_call(const struct rpc_call *call, struct buf *reply)
{
    // BEGIN SOLUTION:
    // | /* Your code here. */
    // | (void)call;
    // | (void)reply;
    // | return RPC_UNREACHABLE;
    struct cancel scope;

    if (call->body.len > RPC_MAX_BODY_BYTES)
        return TOO_LARGE;
    cancel_open(&scope);
    cancel_after(&scope, call->timeout_ms);
    int outcome = await_one_call(call, reply);
    cancel_close(&scope);
    return outcome;
    // END SOLUTION
}

int await_rpc_ping(int peer, uint32_t timeout_ms)
{
    // BEGIN SOLUTION:
    // | /* Your code here. */
    // | (void)peer;
    // | (void)timeout_ms;
    // | return RPC_UNREACHABLE;
    struct link *link = link_to(peer);
    struct pending call;
    struct cancel scope;

    if (!link)
        return RPC_UNREACHABLE;
    if (!pending_enter(&call, link, NULL))
        return TOO_LARGE;

    cancel_open(&scope);
    cancel_after(&scope, timeout_ms);
    link_begin(FRAME_PING, 0, call.call_id, 0);
    if (link_send(link) != OK)
        event_set(&call.answered, RPC_UNREACHABLE);
    int outcome = await_answer(&call);
    cancel_close(&scope);

    if (outcome == RPC_TIMEOUT && call.link) {
        LOG("rpc", "no PONG from node %d: stream closed", peer);
        link_close(call.link);
    }
    return outcome;
    // END SOLUTION
}

bool rpc_is_up(int peer)
{
    return link_to(peer) != NULL;
}

size_t rpc_pending(void)
{
    // BEGIN SOLUTION:
    // | /* Your code here. */
    // | return 0;
    return pending_count;
    // END SOLUTION
}

void call_on_reply(struct link *link, const struct frame *frame)
{
    // BEGIN SOLUTION:
    // | /* Your code here. */
    // | (void)link;
    // | (void)frame;
    struct pending *call = pending_find(link, frame->call_id);
    struct wire_in in = wire_in(frame->payload);
    int outcome = (int32_t)get_u32(&in);
    struct bytes body = get_rest(&in);

    if (!call || !call->reply || wire_end(&in) != OK)
        return; /* its caller has gone, or it is no reply */
    put_bytes(call->reply, body);
    event_set(&call->answered, outcome);
    // END SOLUTION
}

void call_on_pong(struct link *link, const struct frame *frame)
{
    // BEGIN SOLUTION:
    // | /* Your code here. */
    // | (void)link;
    // | (void)frame;
    struct pending *call = pending_find(link, frame->call_id);

    if (call && !call->reply)
        event_set(&call->answered, OK);
    // END SOLUTION
}

void call_on_link_end(struct link *link)
{
    // BEGIN SOLUTION:
    // | /* Your code here. */
    // | (void)link;
    while (!list_empty(&link->calls)) {
        struct pending *call = list_entry(link->calls.next, struct pending,
                                          in_link);

        list_remove(&call->in_link);
        call->link = NULL;
        event_set(&call->answered, RPC_UNREACHABLE);
    }
    // END SOLUTION
}
