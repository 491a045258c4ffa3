/*
 * host_stream_node.h - a small node that shows what its host does.
 *
 * It stands behind the door in a process of its own. It tells what it hears, a
 * line an upcall:
 *
 *     up 1 2 dialled    bytes 1 5    down 1    client 1 4    gone 1
 *
 * and does what the first letter of bytes that arrive says: see obey. A header
 * with code in it, since one test uses it.
 */
#ifndef CONCLAVE_HOST_STREAM_NODE_H
#define CONCLAVE_HOST_STREAM_NODE_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host.h"
#include "outcome.h"

#define BIG_BYTES      (8u << 20) /* more than any socket takes at once */
#define MAX_LINE_BYTES 256        /* of what the node tells */

static const struct host_ops *ops; /* the door */
static struct host *host;          /* its other side */
static int told;                   /* where lines go */
static uint64_t alarm_at_us;       /* what the alarm was set for */
static bool opens_again;           /* a stream that is down is opened anew */

static void tell(const char *format, ...)
{
    char line[MAX_LINE_BYTES];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(line, sizeof line - 1, format, args);
    va_end(args);
    line[len] = '\n';
    if (write(told, line, (size_t)len + 1) != len + 1)
        abort();
}

static void node_start(const struct host_ops *door, struct host *other_side,
                       const struct node_args *args)
{
    ops = door;
    host = other_side;
    tell("start %d %d", args->id, (int)args->incarnation);
    uint64_t stream = ops->stream_open(host, 2);
    if (ops->stream_write(host, stream, "early", 5) != NO_STREAM)
        tell("wrote to a stream that is not up");
}

static void node_stream_up(uint64_t stream, int peer, bool dialled)
{
    tell("up %d %d %s", (int)stream, peer, dialled ? "dialled" : "accepted");
    if (dialled)
        ops->stream_write(host, stream, "hello", 5);
}

static void write_big(uint64_t stream, char filling)
{
    char *big = malloc(BIG_BYTES);
    if (!big)
        abort();
    memset(big, filling, BIG_BYTES);
    tell("wrote %d", ops->stream_write(host, stream, big, BIG_BYTES));
    free(big);
}

/* Does what a letter from a peer says. */
static void obey(uint64_t stream, char letter)
{
    switch (letter) {
    case 'e': /* echo */
        ops->stream_write(host, stream, "e", 1);
        break;
    case 'b': /* more than the socket takes, in one write */
        write_big(stream, 'b');
        break;
    case 't': /* more than the queue may hold */
        for (int i = 0; i < 3; i++)
            write_big(stream, 't');
        break;
    case 'c': /* close, with much unsent */
        write_big(stream, 'c');
        ops->stream_close(host, stream);
        break;
    case 'a': /* again and again */
        opens_again = true;
        break;
    case 'w': /* the alarm */
        alarm_at_us = ops->now_us(host) + 2300;
        ops->alarm(host, alarm_at_us);
        break;
    case 'x': /* crash */
        abort();
    default: /* no meaning */
        break;
    }
}

static void node_stream_bytes(uint64_t stream, const void *data, size_t len)
{
    tell("bytes %d %d", (int)stream, (int)len);
    obey(stream, *(const char *)data);
}

static void node_stream_down(uint64_t stream)
{
    tell("down %d", (int)stream);
    if (opens_again)
        ops->stream_open(host, 2);
}

static void node_alarm_rang(void)
{
    tell(ops->now_us(host) < alarm_at_us ? "rang early" : "rang");
}

static void node_disk_done(uint64_t token, int outcome, const void *data,
                           size_t len, uint64_t size)
{
    (void)data;
    tell("disk %d %d %d %d", (int)token, outcome, (int)len, (int)size);
}

static void node_client_bytes(uint64_t client, enum client_port port,
                              const void *data, size_t len)
{
    tell(port == PORT_TEXT ? "text client %d %d" : "client %d %d", (int)client,
         (int)len);
    ops->client_write(host, client, data, len);
    if (*(const char *)data == 'q')
        ops->client_close(host, client);
}

static void node_client_closed(uint64_t client)
{
    tell("gone %d", (int)client);
}

static void node_shut_down(void)
{
    tell("shut down");
    ops->stopped(host);
}

static void node_describe(char *text, size_t size_bytes)
{
    snprintf(text, size_bytes, "nothing waits\n");
}

static const char *node_running(void)
{
    return "tester";
}

static const struct node_ops node = {
    .version = HOST_DOOR_VERSION,
    .start = node_start,
    .stream_up = node_stream_up,
    .stream_bytes = node_stream_bytes,
    .stream_down = node_stream_down,
    .alarm_rang = node_alarm_rang,
    .disk_done = node_disk_done,
    .client_bytes = node_client_bytes,
    .client_closed = node_client_closed,
    .shut_down = node_shut_down,
    .describe = node_describe,
    .running = node_running,
};

#endif
