/*
 * serve.c - Lab 1, part A: requests of theirs, from arrival to reply.
 *
 * Every request runs in a coroutine of its own, under a token of its own,
 * which fires when nobody waits for the reply any longer: at its deadline, on a
 * CANCEL, when the stream ends.
 *
 * The invariant: a serving owns what its coroutine uses; the link may go at
 * any time, and then serving->link is NULL.
 */
#include <assert.h>
#include <stdlib.h>

#include "cancel.h"
#include "co.h"
#include "link.h"
#include "retry.h"

/* A method and who handles it. */
struct method {
    uint16_t number;     /* on the wire */
    rpc_handler handler; /* what serves it */
    void *arg;           /* given to it */
};

static struct method methods[RPC_MAX_METHODS];
static int method_count;

void rpc_handle(uint16_t number, rpc_handler await_handler, void *arg)
{
    assert(method_count < RPC_MAX_METHODS);
    methods[method_count++] = (struct method){number, await_handler, arg};
}

int await_rpc_handler(const struct rpc_request *request, struct buf *reply)
{
    /* Your code here. */
    (void)request;
    (void)reply;
    return RPC_NO_METHOD;
}

void serve_on_request(struct link *link, const struct frame *frame)
{
    /* Your code here. */
    (void)link;
    (void)frame;
}

void serve_on_cancel(struct link *link, const struct frame *frame)
{
    /* Your code here. */
    (void)link;
    (void)frame;
}

void serve_on_link_end(struct link *link)
{
    /* Your code here. */
    (void)link;
}
