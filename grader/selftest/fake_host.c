/*
 * fake_host.c - the smallest host that a node can live in; see fake_host.h.
 */
#include "fake_host.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app.h"
#include "co.h"
#include "node.h"

#define MAX_FAKE_CLIENTS 12
#define MAX_FAKE_OPS     64

/* A client as the test sees it. */
struct fake_client {
    struct buf sent; /* to it, since the last look */
    struct buf seen; /* what the last look gave */
    bool is_closed;  /* by the node */
};

static const struct node_ops *node;
static uint64_t now_us = 1000000;
static uint64_t alarm_us = UINT64_MAX;
static uint64_t random_state = 1;
static struct fake_client clients[MAX_FAKE_CLIENTS];
static int client_write_outcome;
static struct disk_op disk_ops[MAX_FAKE_OPS];
static int disk_count;
static char traced[MAX_LOG_TEXT + 64];
static bool is_stopped;

static uint64_t host_now_us(struct host *host)
{
    (void)host;
    return now_us;
}

static int64_t host_wall_us(struct host *host)
{
    (void)host;
    return 1700000000000000 + (int64_t)now_us;
}

/* Knuth's linear congruential generator; its high bits are good enough. */
static uint64_t host_random(struct host *host)
{
    uint64_t high;

    (void)host;
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    high = random_state >> 32;
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return high << 32 | random_state >> 32;
}

static uint64_t host_stream_open(struct host *host, int peer)
{
    (void)host;
    return (uint64_t)peer + 100;
}

static int host_stream_write(struct host *host, uint64_t stream,
                             const void *data, size_t len)
{
    (void)host;
    (void)stream;
    (void)data;
    (void)len;
    return NO_STREAM;
}

static void host_stream_close(struct host *host, uint64_t stream)
{
    (void)host;
    (void)stream;
}

static void host_alarm(struct host *host, uint64_t at_us)
{
    (void)host;
    alarm_us = at_us;
}

static void host_disk(struct host *host, const struct disk_op *op)
{
    (void)host;
    assert(disk_count < MAX_FAKE_OPS);
    disk_ops[disk_count++] = *op;
}

static struct fake_client *client_of(uint64_t id)
{
    assert(id < MAX_FAKE_CLIENTS);
    return &clients[id];
}

static int host_client_write(struct host *host, uint64_t id, const void *data,
                             size_t len)
{
    (void)host;
    if (client_write_outcome == OK)
        put_bytes(&client_of(id)->sent, bytes_of(data, len));
    return client_write_outcome;
}

static void host_client_close(struct host *host, uint64_t id)
{
    (void)host;
    client_of(id)->is_closed = true;
}

static void host_apply(struct host *host, uint64_t index, uint64_t term,
                       const void *data, size_t len)
{
    (void)host;
    (void)index;
    (void)term;
    (void)data;
    (void)len;
}

static void host_trace(struct host *host, const char *topic, uint64_t term,
                       const char *text)
{
    (void)host;
    snprintf(traced, sizeof traced, "%s|%llu|%s", topic,
             (unsigned long long)term, text);
}

static void host_stopped(struct host *host)
{
    (void)host;
    is_stopped = true;
}

static void host_fatal(struct host *host, const char *sentence)
{
    (void)host;
    fprintf(stderr, "%s\n", sentence);
    exit(9);
}

void fake_boot(void)
{
    static const struct host_ops ops = {
        .now_us = host_now_us,
        .wall_us = host_wall_us,
        .random = host_random,
        .stream_open = host_stream_open,
        .stream_write = host_stream_write,
        .stream_close = host_stream_close,
        .alarm = host_alarm,
        .disk = host_disk,
        .client_write = host_client_write,
        .client_close = host_client_close,
        .apply = host_apply,
        .snapshot = host_apply,
        .restore = host_apply,
        .trace = host_trace,
        .stopped = host_stopped,
        .fatal = host_fatal,
    };

    node = conclave_node();
    node->start(&ops, NULL,
                &(struct node_args){.id = 1,
                                    .incarnation = 7,
                                    .config = "node 1 listen=a:1 client=a:2\n"
                                              "node 2 listen=b:1 client=b:2\n"
                                              "node 3 listen=c:1 client=c:2\n"
                                              "drain_ms 100\n"});
}

void fake_spawn(void (*fn)(void *), void *arg)
{
    co_spawn("test", fn, arg);
    node->alarm_rang();
}

static bool is_body_over;

static void run_body(void *fn)
{
    void (*const *body)(void) = fn;

    (*body)();
    is_body_over = true;
}

void fake_await(void (*fn)(void))
{
    is_body_over = false;
    fake_spawn(run_body, &fn);
    for (int i = 0; i < 10000 && !is_body_over; i++)
        fake_pass_ms(10);
    assert(is_body_over); /* a wait of the test never ended */
}

void fake_pass_ms(uint64_t ms)
{
    uint64_t until_us = now_us + ms * 1000;

    while (alarm_us <= until_us) {
        if (alarm_us > now_us)
            now_us = alarm_us;
        alarm_us = UINT64_MAX;
        node->alarm_rang();
    }
    now_us = until_us;
}

uint64_t fake_now_us(void)
{
    return now_us;
}

static enum client_port port_of(uint64_t id)
{
    return id >= FAKE_TEXT_CLIENT ? PORT_TEXT : PORT_RESP;
}

void fake_client_send(uint64_t id, struct bytes bytes)
{
    /* On the heap and no longer than it is, so that ASan sees who reads on. */
    uint8_t *copy = malloc(bytes.len + 1);

    assert(copy);
    memcpy(copy + 1, bytes.data, bytes.len);
    node->client_bytes(id, port_of(id), copy + 1, bytes.len);
    free(copy);
}

void fake_client_say(uint64_t id, const char *text)
{
    fake_client_send(id, bytes_text(text));
}

const char *fake_client_heard(uint64_t id)
{
    struct fake_client *client = client_of(id);

    buf_clear(&client->seen);
    put_bytes(&client->seen, buf_span(&client->sent));
    put_u8(&client->seen, 0);
    buf_clear(&client->sent);
    return (const char *)client->seen.data;
}

const char *fake_client_asks(uint64_t client, const char *text)
{
    fake_client_say(client, text);
    return fake_client_heard(client);
}

void fake_client_leave(uint64_t id)
{
    node->client_closed(id);
}

bool fake_client_is_closed(uint64_t id)
{
    return client_of(id)->is_closed;
}

void fake_client_write_fails(int outcome)
{
    client_write_outcome = outcome;
}

int fake_disk_count(void)
{
    return disk_count;
}

const struct disk_op *fake_disk_op(int at)
{
    assert(at < disk_count);
    return &disk_ops[at];
}

void fake_disk_end(int at, int outcome, const char *data, uint64_t size)
{
    uint64_t token = fake_disk_op(at)->token;

    disk_count--;
    memmove(&disk_ops[at], &disk_ops[at + 1],
            (size_t)(disk_count - at) * sizeof disk_ops[0]);
    node->disk_done(token, outcome, data, data ? strlen(data) : 0, size);
}

const char *fake_traced(void)
{
    return traced;
}

void fake_shut_down(void)
{
    node->shut_down();
}

bool fake_is_stopped(void)
{
    return is_stopped;
}
