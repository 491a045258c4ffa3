/*
 * rpc_bench.c - what stands above the RPC stage while it is measured.
 *
 * One command: BENCH peer in_flight calls. It makes that many echo calls to the
 * peer, in_flight at a time, and answers as the bare echo prints: calls,
 * microseconds in all, median and 99th percentile of a call in microseconds.
 */
#include <stdio.h>
#include <stdlib.h>

#include "app.h"
#include "client.h"
#include "co.h"
#include "event.h"
#include "retry.h"
#include "service.h"

#define METHOD_ECHO 32
#define BODY_BYTES  64 /* with both heads: a frame of 100 bytes */

/* A benchmark under way. */
struct bench {
    int peer;          /* whom to call */
    long calls;        /* to make in all */
    long begun;        /* so far */
    long ended;        /* so far */
    long failed;       /* of those that ended */
    uint64_t *took_us; /* by call */
    struct event done; /* set when the last has ended */
};

static int await_echo(void *arg, const struct rpc_request *request,
                      struct buf *reply)
{
    (void)arg;
    put_bytes(reply, request->body);
    return OK;
}

/* One of in_flight callers. */
static void caller(void *arg)
{
    struct bench *bench = arg;
    uint8_t body[BODY_BYTES] = {0};
    struct buf reply = {0};

    while (bench->begun < bench->calls) {
        uint64_t start_us = node_now_us();

        bench->begun++;
        buf_clear(&reply);
        int outcome = await_call(
            &(struct rpc_call){.peer = bench->peer,
                               .method = METHOD_ECHO,
                               .body = bytes_of(body, sizeof body),
                               .timeout_ms = 60000},
            &reply);
        if (outcome != OK || reply.len != sizeof body)
            bench->failed++;
        bench->took_us[bench->ended++] = node_now_us() - start_us;
    }
    if (bench->ended == bench->calls)
        event_set(&bench->done, 0);
    buf_free(&reply);
}

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

static void await_bench(struct client_request *request)
{
    uint64_t peer, in_flight, calls;
    char line[128];

    if (resp_to_uint(request->argv[1], &peer) != OK ||
        resp_to_uint(request->argv[2], &in_flight) != OK ||
        resp_to_uint(request->argv[3], &calls) != OK || calls == 0) {
        resp_error(request->reply, "ERR usage: BENCH peer in_flight calls");
        return;
    }

    while (!rpc_is_up((int)peer))
        await_sleep(1);

    struct bench bench = {.peer = (int)peer, .calls = (long)calls};
    bench.took_us = calloc(calls, sizeof *bench.took_us);
    event_init(&bench.done, "the benchmark");
    uint64_t start_us = node_now_us();
    for (uint64_t i = 0; i < in_flight; i++)
        co_spawn("caller", caller, &bench);
    await_event(&bench.done);
    uint64_t total_us = node_now_us() - start_us;

    qsort(bench.took_us, calls, sizeof *bench.took_us, by_value);
    snprintf(line, sizeof line, "%ld %llu %llu %llu %ld", bench.calls,
             (unsigned long long)total_us,
             (unsigned long long)bench.took_us[calls / 2],
             (unsigned long long)bench.took_us[calls * 99 / 100], bench.failed);
    resp_text(request->reply, line);
    free(bench.took_us);
}

void app_start(void)
{
    rpc_start();
    service_start();
    once_start();
    rpc_handle(METHOD_ECHO, await_echo, NULL);
    client_command("BENCH", 4, 4, await_bench);
}

struct app_status app_status(void)
{
    return (struct app_status){.role = "none", .leader = NO_NODE};
}

void await_app_drain(void)
{
    await_service_drain();
}
