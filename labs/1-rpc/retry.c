/*
 * retry.c - Lab 1, part B: interceptors on both sides, and calls that are tried
 * again.
 *
 * A chain is a list of functions of which each calls the rest; it is passed by
 * value, so a request that waits in the middle of it disturbs no other.
 */
#include "retry.h"

#include <assert.h>

#include "cancel.h"
#include "co.h"

/* The chains, in the order of asking. */
static struct {
    rpc_server_interceptor intercept;
    void *arg;
} on_server[RPC_MAX_INTERCEPTORS];

static struct {
    rpc_client_interceptor intercept;
    void *arg;
} on_client[RPC_MAX_INTERCEPTORS];

static int server_count;
static int client_count;

void rpc_intercept_server(rpc_server_interceptor await_intercept, void *arg)
{
    assert(server_count < RPC_MAX_INTERCEPTORS);
    on_server[server_count].intercept = await_intercept;
    on_server[server_count++].arg = arg;
}

void rpc_intercept_client(rpc_client_interceptor await_intercept, void *arg)
{
    assert(client_count < RPC_MAX_INTERCEPTORS);
    on_client[client_count].intercept = await_intercept;
    on_client[client_count++].arg = arg;
}

int await_next_server(struct rpc_chain rest, const struct rpc_request *request,
                      struct buf *reply)
{
    /* Your code here; for now, no interceptor is asked. */
    (void)rest;
    return await_rpc_handler(request, reply);
}

int await_next_client(struct rpc_chain rest, const struct rpc_call *call,
                      struct buf *reply)
{
    /* Your code here; for now, no interceptor is asked. */
    (void)rest;
    return await_rpc_call(call, reply);
}

int await_serve(const struct rpc_request *request, struct buf *reply)
{
    /* Your code here: is there still somebody who waits? */
    return await_next_server((struct rpc_chain){0}, request, reply);
}

int await_call(const struct rpc_call *call, struct buf *reply)
{
    return await_next_client((struct rpc_chain){0}, call, reply);
}

void rpc_session_open(struct rpc_session *session)
{
    /* Your code here. */
    session->client = 0;
    session->sequence = 0;
}

int await_call_retry(const struct rpc_call *call, uint32_t attempt_ms,
                     struct rpc_session *session, struct buf *reply)
{
    /* Your code here; for now, there is one attempt. */
    (void)attempt_ms;
    (void)session;
    return await_call(call, reply);
}
