/*
 * rpc_app.c - what stands above lab 1's stage: services to call, commands to
 * call them with, and interceptors that can be switched on.
 *
 * A request meets, in this order:
 *
 *     admission (the stage's) -> outer -> at-most-once (the stage's) -> inner
 *                                                              -> the service
 *
 * and a call of ours: outer -> inner -> wire. Outer and inner are the test's
 * own. Switched to MARK, one puts brackets around what the rest answers, so
 * that an echo of "hi" tells by itself who was asked in what order:
 *
 *     server-outer(server-inner(hi))
 */
#include "rpc_app.h"

#include "app.h"
#include "node.h"
#include "service.h"

/* What a test's interceptor does. */
enum manner {
    LET_PASS, /* goes on as if it were not there */
    MARK,     /* goes on, with its name and brackets around the reply */
    ANSWER,   /* answers by itself, OK with its name */
    REFUSE,   /* answers by itself, RPC_REFUSED with its name */
};

static const char *const manners[] = {"OFF", "MARK", "ANSWER", "REFUSE"};

#define MANNER_COUNT (sizeof manners / sizeof manners[0])

/* An interceptor of the test. */
struct probe {
    const char *name;   /* for clients of the node and in brackets */
    enum manner manner; /* what it does now */
    uint64_t seen;      /* how many it has seen */
};

static struct probe server_outer = {.name = "server-outer"};
static struct probe server_inner = {.name = "server-inner"};
static struct probe client_outer = {.name = "client-outer"};
static struct probe client_inner = {.name = "client-inner"};

static struct probe *const probes[] = {&server_outer, &server_inner,
                                       &client_outer, &client_inner};

#define PROBE_COUNT (sizeof probes / sizeof probes[0])

/* Answers by itself, if that is its manner now. */
static bool answers(struct probe *probe, struct buf *reply, int *outcome)
{
    probe->seen++;
    if (probe->manner != ANSWER && probe->manner != REFUSE)
        return false;
    put_bytes(reply, bytes_text(probe->name));
    *outcome = probe->manner == ANSWER ? OK : RPC_REFUSED;
    return true;
}

static void open_bracket(const struct probe *probe, struct buf *reply)
{
    if (probe->manner != MARK)
        return;
    put_bytes(reply, bytes_text(probe->name));
    put_u8(reply, '(');
}

static void close_bracket(const struct probe *probe, struct buf *reply)
{
    if (probe->manner == MARK)
        put_u8(reply, ')');
}

static int await_server_probe(void *arg, struct rpc_chain rest,
                              const struct rpc_request *request,
                              struct buf *reply)
{
    struct probe *probe = arg;
    int outcome;

    if (answers(probe, reply, &outcome))
        return outcome;
    open_bracket(probe, reply);
    outcome = await_next_server(rest, request, reply);
    close_bracket(probe, reply);
    return outcome;
}

static int await_client_probe(void *arg, struct rpc_chain rest,
                              const struct rpc_call *call, struct buf *reply)
{
    struct probe *probe = arg;
    int outcome;

    if (answers(probe, reply, &outcome))
        return outcome;
    open_bracket(probe, reply);
    outcome = await_next_client(rest, call, reply);
    close_bracket(probe, reply);
    return outcome;
}

/* The interceptor that a word names; NULL after an error. */
static struct probe *find_probe(struct client_request *request)
{
    for (size_t i = 0; i < PROBE_COUNT; i++)
        if (resp_is(request->argv[1], probes[i]->name))
            return probes[i];
    resp_error(request->reply, "ERR no interceptor is called '%.*s'",
               (int)request->argv[1].len, (const char *)request->argv[1].data);
    return NULL;
}

/* INTERCEPT server-outer OFF|MARK|ANSWER|REFUSE */
static void await_intercept(struct client_request *request)
{
    struct probe *probe = find_probe(request);

    if (!probe)
        return;
    for (size_t i = 0; i < MANNER_COUNT; i++) {
        if (resp_is(request->argv[2], manners[i])) {
            probe->manner = (enum manner)i;
            probe->seen = 0;
            resp_simple(request->reply, "OK");
            return;
        }
    }
    resp_error(request->reply, "ERR say OFF, MARK, ANSWER or REFUSE");
}

/* INTERCEPT.SEEN server-outer: how many since it was last switched. */
static void await_intercept_seen(struct client_request *request)
{
    struct probe *probe = find_probe(request);

    if (probe)
        resp_int(request->reply, (int64_t)probe->seen);
}

void app_start(void)
{
    service_start();
    rpc_intercept_server(await_server_probe, &server_outer);
    once_start();
    rpc_intercept_server(await_server_probe, &server_inner);
    rpc_intercept_client(await_client_probe, &client_outer);
    rpc_intercept_client(await_client_probe, &client_inner);

    client_command("INTERCEPT", 3, 3, await_intercept);
    client_command("INTERCEPT.SEEN", 2, 2, await_intercept_seen);
    rpc_services_start();
    rpc_commands_start();
    rpc_group_start();
    rpc_warmup_start();
    rpc_start();
}

struct app_status app_status(void)
{
    return (struct app_status){.role = "none", .leader = NO_NODE};
}

void await_app_drain(void)
{
    int outcome = await_service_drain();

    if (outcome != OK)
        LOG("drain", "ended early: %s", outcome_name(outcome));
}
