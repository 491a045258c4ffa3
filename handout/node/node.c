/*
 * node.c - one node behind the door: takes the host's upcalls to the part they
 * are meant for, runs what they made ready, and sets the alarm anew.
 *
 *      host --upcall--> node.c --> rpc_stream_..., client_on_..., timers, disk
 *                              --> co_run: all coroutines that became ready
 *                              --> the alarm, if the earliest timer changed
 */
#include "node.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "app.h"
#include "client.h"
#include "co.h"
#include "disk.h"
#include "event.h"
#include "rpc.h"
#include "timer.h"

static const struct host_ops *ops; /* the host's side of the door */
static struct host *host;          /* its state */
static struct config config;       /* the cluster's */
static int id;                     /* this node's */
static uint64_t incarnation;       /* how often it has been started */
static uint64_t upcall_us;         /* when the current upcall began */
static uint64_t alarm_us;          /* what the alarm is set to */
static struct node_counts counts;  /* what was asked of the host */

int node_id(void)
{
    return id;
}

uint64_t node_incarnation(void)
{
    return incarnation;
}

const struct config *node_config(void)
{
    return &config;
}

uint64_t node_now_us(void)
{
    return ops->now_us(host);
}

int64_t node_wall_us(void)
{
    return ops->wall_us(host);
}

uint64_t node_upcall_us(void)
{
    return upcall_us;
}

uint64_t node_random(void)
{
    return ops->random(host);
}

uint64_t node_random_between(uint64_t low, uint64_t high)
{
    assert(low <= high);

    uint64_t range = high - low + 1;
    if (range == 0)
        return node_random(); /* all of them */

    /* Throw away the incomplete last stretch, so that all are as likely. */
    uint64_t limit = UINT64_MAX - UINT64_MAX % range;
    uint64_t random;
    do
        random = node_random();
    while (random >= limit);
    return low + random % range;
}

uint64_t stream_open(int peer)
{
    return ops->stream_open(host, peer);
}

struct node_counts node_counts(void)
{
    return counts;
}

int stream_write(uint64_t stream, struct bytes bytes)
{
    counts.stream_writes++;
    counts.stream_bytes += bytes.len;
    return ops->stream_write(host, stream, bytes.data, bytes.len);
}

void stream_close(uint64_t stream)
{
    ops->stream_close(host, stream);
}

void node_apply(uint64_t index, uint64_t term, struct bytes data)
{
    ops->apply(host, index, term, data.data, data.len);
}

void node_snapshot(uint64_t index, uint64_t term, struct bytes state)
{
    ops->snapshot(host, index, term, state.data, state.len);
}

void node_restore(uint64_t index, uint64_t term, struct bytes state)
{
    ops->restore(host, index, term, state.data, state.len);
}

void node_trace(const char *topic, uint64_t term, const char *text)
{
    ops->trace(host, topic, term, text);
}

void node_disk(const struct disk_op *op)
{
    counts.disk_writes += op->kind == DISK_APPEND || op->kind == DISK_WRITE;
    counts.disk_syncs += op->kind == DISK_SYNC || op->kind == DISK_SYNC_DIR;
    ops->disk(host, op);
}

int node_client_write(uint64_t client, struct bytes bytes)
{
    return ops->client_write(host, client, bytes.data, bytes.len);
}

void node_client_close(uint64_t client)
{
    ops->client_close(host, client);
}

void node_fatal(const char *format, ...)
{
    char sentence[MAX_LOG_TEXT];
    va_list args;

    va_start(args, format);
    vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    if (ops)
        ops->fatal(host, sentence);
    fprintf(stderr, "%s\n", sentence);
    abort();
}

/* Every upcall starts and ends with these two. */
static void upcall_begin(void)
{
    upcall_us = ops->now_us(host);
}

static void upcall_end(void)
{
    co_run();

    uint64_t next_us = timers_next_us();
    if (next_us != alarm_us) {
        alarm_us = next_us;
        ops->alarm(host, next_us);
    }
}

static void on_start(const struct host_ops *host_ops, struct host *host_state,
                     const struct node_args *args)
{
    char error[MAX_CONFIG_ERROR];

    ops = host_ops;
    host = host_state;
    id = args->id;
    incarnation = args->incarnation;
    alarm_us = UINT64_MAX;
    upcall_begin();
    if (config_parse(args->config, &config, error) != OK)
        node_fatal("%s", error);
    if (!config_find(&config, id))
        node_fatal("the configuration has no line for node %d", id);
    client_start();
    app_start();
    upcall_end();
}

static void on_stream_up(uint64_t stream, int peer, bool dialled)
{
    upcall_begin();
    rpc_stream_up(stream, peer, dialled);
    upcall_end();
}

static void on_stream_bytes(uint64_t stream, const void *data, size_t len)
{
    upcall_begin();
    rpc_stream_bytes(stream, bytes_of(data, len));
    upcall_end();
}

static void on_stream_down(uint64_t stream)
{
    upcall_begin();
    rpc_stream_down(stream);
    upcall_end();
}

static void on_alarm(void)
{
    upcall_begin();
    alarm_us = UINT64_MAX;
    timers_ring(upcall_us);
    upcall_end();
}

static void on_disk_done(uint64_t token, int outcome, const void *data,
                         size_t len, uint64_t size)
{
    upcall_begin();
    disk_on_done(token, outcome, data, len, size);
    upcall_end();
}

static void on_client_bytes(uint64_t client, enum client_port port,
                            const void *data, size_t len)
{
    upcall_begin();
    client_on_bytes(client, port, data, len);
    upcall_end();
}

static void on_client_closed(uint64_t client)
{
    upcall_begin();
    client_on_closed(client);
    upcall_end();
}

/* The stages drain while the clients' last requests are answered. */
static void drain_app(void *event)
{
    await_app_drain();
    event_set(event, OK);
}

static void drain(void *unused)
{
    struct event app_drained;

    (void)unused;
    event_init(&app_drained, "the drain of the stages");
    co_spawn("drain stages", drain_app, &app_drained);
    await_client_drain();
    await_event(&app_drained);
    ops->stopped(host);
}

static void on_shut_down(void)
{
    upcall_begin();
    co_spawn("drain", drain, NULL);
    upcall_end();
}

const struct node_ops *conclave_node(void)
{
    static const struct node_ops node_ops = {
        .version = HOST_DOOR_VERSION,
        .start = on_start,
        .stream_up = on_stream_up,
        .stream_bytes = on_stream_bytes,
        .stream_down = on_stream_down,
        .alarm_rang = on_alarm,
        .disk_done = on_disk_done,
        .client_bytes = on_client_bytes,
        .client_closed = on_client_closed,
        .shut_down = on_shut_down,
        .describe = co_describe,
        .running = co_name,
    };

    return &node_ops;
}
