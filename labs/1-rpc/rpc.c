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

void rpc_start(void)
{
    link_start();
}

int await_rpc_call(const struct rpc_call *call, struct buf *reply)
{
    /* Your code here. */
    (void)call;
    (void)reply;
    return RPC_UNREACHABLE;
}

int await_rpc_ping(int peer, uint32_t timeout_ms)
{
    /* Your code here. */
    (void)peer;
    (void)timeout_ms;
    return RPC_UNREACHABLE;
}

bool rpc_is_up(int peer)
{
    return link_to(peer) != NULL;
}

size_t rpc_pending(void)
{
    /* Your code here. */
    return 0;
}

void call_on_reply(struct link *link, const struct frame *frame)
{
    /* Your code here. */
    (void)link;
    (void)frame;
}

void call_on_pong(struct link *link, const struct frame *frame)
{
    /* Your code here. */
    (void)link;
    (void)frame;
}

void call_on_link_end(struct link *link)
{
    /* Your code here. */
    (void)link;
}
