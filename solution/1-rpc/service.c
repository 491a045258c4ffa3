/*
 * service.c - Lab 1, part C: a server that lasts.
 *
 * Admission is the first interceptor that a request meets: what is refused
 * there has cost next to nothing.
 */
#include "service.h"

#include "co.h"
#include "event.h"
#include "raft_msg.h"

// BEGIN SOLUTION:
#define SECOND_US 1000000 /* what the bucket holds: a second's worth */

static int busy;               /* requests being served */
static bool is_draining;       /* nothing new is admitted */
static struct cond idle;       /* broadcast when busy falls to 0 */
static uint64_t allowance_us;  /* the bucket: time saved up */
static uint64_t allowed_at_us; /* when it was last filled */

/* What keeps the cluster alive is never refused. */
static bool is_vital(uint16_t method)
{
    return method == METHOD_HEALTH || method == METHOD_REQUEST_VOTE ||
           method == METHOD_APPEND_ENTRIES || method == METHOD_INSTALL_SNAPSHOT;
}

/*
 * Takes a token out of the bucket. Tokens are kept as time: one costs
 * 1/serve_rate seconds, and time itself fills the bucket.
 */
static bool take_token(void)
{
    uint32_t rate = node_config()->serve_rate;
    uint64_t now_us = node_now_us();

    if (rate == 0)
        return true;
    allowance_us += now_us - allowed_at_us;
    allowed_at_us = now_us;
    if (allowance_us > SECOND_US)
        allowance_us = SECOND_US;
    if (allowance_us < SECOND_US / rate)
        return false;
    allowance_us -= SECOND_US / rate;
    return true;
}

/* Why a request cannot be served now; NULL: it can. */
static const char *refusal(void)
{
    if (is_draining)
        return "draining";
    if (busy >= (int)node_config()->serve_max)
        return "overloaded: serve_max requests are being served";
    if (!take_token())
        return "overloaded: more than serve_rate requests a second";
    return NULL;
}

static int await_admission(void *arg, struct rpc_chain rest,
                           const struct rpc_request *request, struct buf *reply)
{
    (void)arg;
    if (is_vital(request->method))
        return await_next_server(rest, request, reply);

    const char *why = refusal();
    if (why) {
        put_bytes(reply, bytes_text(why));
        return RPC_REFUSED;
    }
    busy++;
    int outcome = await_next_server(rest, request, reply);
    busy--;
    if (busy == 0)
        cond_broadcast(&idle);
    return outcome;
}

static int await_health(void *arg, const struct rpc_request *request,
                        struct buf *reply)
{
    (void)arg;
    (void)request;
    put_u8(reply, is_draining ? HEALTH_DRAINING : HEALTH_SERVING);
    return OK;
}

/* Asks a peer for a sign of life, again and again. */
static void keepalive(void *arg)
{
    const struct config_node *peer = arg;
    uint32_t period_ms = node_config()->keepalive_ms;

    while (await_sleep(period_ms) == OK)
        if (rpc_is_up(peer->id))
            await_rpc_ping(peer->id, period_ms);
}

// END SOLUTION
void service_start(void)
{
    // BEGIN SOLUTION:
    // | /* Your code here. */
    const struct config *config = node_config();

    cond_init(&idle, "the last request under way");
    allowance_us = SECOND_US;
    allowed_at_us = node_now_us();
    rpc_intercept_server(await_admission, NULL);
    rpc_handle(METHOD_HEALTH, await_health, NULL);
    for (int i = 0; i < config->node_count; i++)
        if (config->nodes[i].id != node_id())
            co_spawn("keepalive", keepalive, (void *)&config->nodes[i]);
    // END SOLUTION
}

int service_busy(void)
{
    // BEGIN SOLUTION:
    // | /* Your code here. */
    // | return 0;
    return busy;
    // END SOLUTION
}

int await_service_drain(void)
{
    // BEGIN SOLUTION:
    // | /* Your code here. */
    // | return OK;
    struct cancel scope;
    int outcome = OK;

    is_draining = true;
    cancel_open(&scope);
    cancel_after(&scope, node_config()->drain_ms);
    while (busy > 0 && outcome == OK)
        outcome = await_cond(&idle);
    cancel_close(&scope);
    return outcome;
    // END SOLUTION
}
