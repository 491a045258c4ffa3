/*
 * rpc_services.c - lab 1's test services: echo, add, sleep, fail, hold.
 *
 * docs/protocol.md gives their bodies. A test can make them slow without a
 * clock: while the gate is closed, each waits before its work; and echo can be
 * told to ask another node's echo for its answer, as services made of services
 * do.
 *
 *     SERVICE.GATE CLOSED|OPEN
 *     SERVICE.FORWARD peer [after_ms]   echo asks there; -1: nobody
 *     SERVICE.SERVED method             begun, ended, cut short
 *     SERVICE.COUNTER                   what add has added up
 *     SERVICE.BUSY                      requests being served
 */
#include "cancel.h"
#include "co.h"
#include "event.h"
#include "node.h"
#include "rpc_app.h"
#include "service.h"

#define SERVICE_COUNT      5
#define FORWARD_TIMEOUT_MS 600000 /* longer than anybody who asks will wait */

/* A service, and what became of its requests. */
struct service {
    const char *name;    /* for clients of the node */
    uint16_t method;     /* on the wire */
    rpc_handler handler; /* what it does */
    uint64_t begun;      /* executions that began */
    uint64_t ended;      /* executions that ended, cut short or not */
    uint64_t cut_short;  /* of those: the caller gave up first */
};

static bool is_gate_closed;       /* services wait before their work */
static struct cond gate;          /* broadcast when it opens */
static uint64_t counter;          /* add's */
static int forward_to = NO_NODE;  /* whom echo asks */
static uint64_t forward_after_ms; /* how long it waits before */

static int await_gate(void)
{
    int outcome = OK;

    while (is_gate_closed && outcome == OK)
        outcome = await_cond(&gate);
    return outcome;
}

static int await_forward(struct bytes body, struct buf *reply)
{
    int outcome = await_sleep((uint32_t)forward_after_ms);

    if (outcome != OK)
        return outcome;
    return await_rpc_call(&(struct rpc_call){.peer = forward_to,
                                             .method = METHOD_ECHO,
                                             .body = body,
                                             .timeout_ms = FORWARD_TIMEOUT_MS},
                          reply);
}

static int await_echo(void *arg, const struct rpc_request *request,
                      struct buf *reply)
{
    (void)arg;
    if (forward_to != NO_NODE)
        return await_forward(request->body, reply);
    put_bytes(reply, request->body);
    return OK;
}

static int refuse_body(struct buf *reply, const char *what)
{
    put_bytes(reply, bytes_text(what));
    return RPC_FAILED;
}

static int await_add(void *arg, const struct rpc_request *request,
                     struct buf *reply)
{
    struct wire_in in = wire_in(request->body);
    uint64_t amount = get_u64(&in);

    (void)arg;
    if (wire_end(&in) != OK)
        return refuse_body(reply, "add: the body is not one u64");
    put_u64(reply, counter);
    counter += amount;
    return OK;
}

/* Sleeps as the body says, and answers with how long it was. */
static int await_delay(const struct rpc_request *request, struct buf *reply)
{
    struct wire_in in = wire_in(request->body);
    uint32_t delay_ms = get_u32(&in);
    uint64_t start_us = node_now_us();

    if (wire_end(&in) != OK)
        return refuse_body(reply, "the body is not one u32");
    int outcome = await_sleep(delay_ms);
    put_u32(reply, (uint32_t)((node_now_us() - start_us) / 1000));
    return outcome;
}

static int await_sleep_service(void *arg, const struct rpc_request *request,
                               struct buf *reply)
{
    (void)arg;
    return await_delay(request, reply);
}

static int await_hold(void *arg, const struct rpc_request *request,
                      struct buf *reply)
{
    struct cancel *former = co_use(NULL); /* deaf to its caller */
    int outcome = await_delay(request, reply);

    (void)arg;
    co_use(former);
    return outcome;
}

static int await_fail(void *arg, const struct rpc_request *request,
                      struct buf *reply)
{
    (void)arg;
    put_bytes(reply, request->body);
    return RPC_FAILED;
}

static struct service services[SERVICE_COUNT] = {
    {.name = "echo", .method = METHOD_ECHO, .handler = await_echo},
    {.name = "add", .method = METHOD_ADD, .handler = await_add},
    {.name = "sleep", .method = METHOD_SLEEP, .handler = await_sleep_service},
    {.name = "fail", .method = METHOD_FAIL, .handler = await_fail},
    {.name = "hold", .method = METHOD_HOLD, .handler = await_hold},
};

/* What all services have in common. */
static int await_service(void *arg, const struct rpc_request *request,
                         struct buf *reply)
{
    struct service *service = arg;

    service->begun++;
    int outcome = await_gate();
    if (outcome == OK)
        outcome = service->handler(NULL, request, reply);
    service->ended++;
    if (outcome == RPC_CANCELLED || outcome == RPC_TIMEOUT)
        service->cut_short++;
    return outcome;
}

/* SERVICE.GATE CLOSED|OPEN */
static void await_gate_command(struct client_request *request)
{
    bool is_closed = resp_is(request->argv[1], "CLOSED");

    if (!is_closed && !resp_is(request->argv[1], "OPEN")) {
        resp_error(request->reply, "ERR a gate is OPEN or CLOSED");
        return;
    }
    is_gate_closed = is_closed;
    cond_broadcast(&gate);
    resp_simple(request->reply, "OK");
}

/* SERVICE.FORWARD peer [after_ms] */
static void await_forward_command(struct client_request *request)
{
    int64_t peer;
    uint64_t after_ms = 0;

    if (resp_to_int(request->argv[1], &peer) != OK || peer < NO_NODE ||
        peer >= MAX_NODES) {
        resp_error(request->reply, "ERR the peer is a node's id, or -1");
        return;
    }
    if (request->argc > 2 && !app_number(request, 2, UINT32_MAX, &after_ms))
        return;
    forward_to = (int)peer;
    forward_after_ms = after_ms;
    resp_simple(request->reply, "OK");
}

/* SERVICE.SERVED method */
static void await_served(struct client_request *request)
{
    for (int i = 0; i < SERVICE_COUNT; i++) {
        if (!resp_is(request->argv[1], services[i].name))
            continue;
        resp_array(request->reply, 3);
        resp_int(request->reply, (int64_t)services[i].begun);
        resp_int(request->reply, (int64_t)services[i].ended);
        resp_int(request->reply, (int64_t)services[i].cut_short);
        return;
    }
    resp_error(request->reply, "ERR no test service has that name");
}

static void await_counter(struct client_request *request)
{
    resp_int(request->reply, (int64_t)counter);
}

static void await_busy(struct client_request *request)
{
    resp_int(request->reply, service_busy());
}

void rpc_services_start(void)
{
    cond_init(&gate, "the gate of the test services");
    for (int i = 0; i < SERVICE_COUNT; i++)
        rpc_handle(services[i].method, await_service, &services[i]);
    client_command("SERVICE.GATE", 2, 2, await_gate_command);
    client_command("SERVICE.FORWARD", 2, 3, await_forward_command);
    client_command("SERVICE.SERVED", 2, 2, await_served);
    client_command("SERVICE.COUNTER", 1, 1, await_counter);
    client_command("SERVICE.BUSY", 1, 1, await_busy);
}
