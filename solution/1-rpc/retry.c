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
    // BEGIN SOLUTION:
    // | /* Your code here; for now, no interceptor is asked. */
    // | (void)rest;
    // | return await_rpc_handler(request, reply);
    if (rest.next == server_count)
        return await_rpc_handler(request, reply);

    struct rpc_chain after = {rest.next + 1};
    return on_server[rest.next].intercept(on_server[rest.next].arg, after,
                                          request, reply);
    // END SOLUTION
}

int await_next_client(struct rpc_chain rest, const struct rpc_call *call,
                      struct buf *reply)
{
    // BEGIN SOLUTION:
    // | /* Your code here; for now, no interceptor is asked. */
    // | (void)rest;
    // | return await_rpc_call(call, reply);
    if (rest.next == client_count)
        return await_rpc_call(call, reply);

    struct rpc_chain after = {rest.next + 1};
    return on_client[rest.next].intercept(on_client[rest.next].arg, after, call,
                                          reply);
    // END SOLUTION
}

int await_serve(const struct rpc_request *request, struct buf *reply)
{
    // BEGIN SOLUTION:
    // | /* Your code here: is there still somebody who waits? */
    if (node_now_us() >= request->deadline_us)
        return RPC_TIMEOUT;
    // END SOLUTION
    return await_next_server((struct rpc_chain){0}, request, reply);
}

int await_call(const struct rpc_call *call, struct buf *reply)
{
    return await_next_client((struct rpc_chain){0}, call, reply);
}

void rpc_session_open(struct rpc_session *session)
{
    // BEGIN SOLUTION:
    // | /* Your code here. */
    // | session->client = 0;
    // | session->sequence = 0;
    static uint64_t opened; /* by this start of the node */

    /* 8 bits of node, 32 of its start, 24 of session: never twice. */
    session->client = (uint64_t)(node_id() + 1) << 56 |
                      (node_incarnation() & 0xffffffff) << 24 |
                      (++opened & 0xffffff);
    session->sequence = 0;
    // END SOLUTION
}

// BEGIN SOLUTION:
/* Whether another attempt may end better. */
static bool worth_another(int outcome)
{
    return outcome == RPC_TIMEOUT || outcome == RPC_UNREACHABLE ||
           outcome == RPC_REFUSED;
}

/* Attempts until one is final, or the current token ends the pause. */
static int await_attempts(const struct rpc_call *attempt, struct buf *reply)
{
    size_t before = reply->len;

    for (uint64_t bound_ms = RETRY_BASE_MS;; bound_ms *= 2) {
        reply->len = before; /* the text of an error that was not final */
        int outcome = await_call(attempt, reply);

        if (!worth_another(outcome))
            return outcome;
        if (bound_ms > RETRY_CAP_MS)
            bound_ms = RETRY_CAP_MS;
        int pause = await_sleep_us(node_random_between(0, bound_ms * 1000));
        if (pause != OK)
            return pause;
    }
}

// END SOLUTION
int await_call_retry(const struct rpc_call *call, uint32_t attempt_ms,
                     struct rpc_session *session, struct buf *reply)
{
    // BEGIN SOLUTION:
    // | /* Your code here; for now, there is one attempt. */
    // | (void)attempt_ms;
    // | (void)session;
    // | return await_call(call, reply);
    struct rpc_call attempt = *call;
    struct cancel scope;

    attempt.timeout_ms = attempt_ms;
    if (session) {
        attempt.client = session->client;
        attempt.sequence = ++session->sequence;
    }
    cancel_open(&scope);
    cancel_after(&scope, call->timeout_ms);
    int outcome = await_attempts(&attempt, reply);
    cancel_close(&scope);
    return outcome;
    // END SOLUTION
}
