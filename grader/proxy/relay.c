/*
 * relay.c - the life of streams. See relay.h.
 */
#define _GNU_SOURCE /* for uv.h */

#include "relay.h"

#include <stdlib.h>
#include <string.h>

#include "../net/alloc.h"
#include "../net/le.h"
#include "proxy.h"

#define LISTEN_BACKLOG 128 /* dials that the kernel keeps for us */

/* ---- closing --------------------------------------------------------------*/

void stream_handle_closed(struct stream *stream)
{
    if (--stream->handles > 0)
        return;
    flow_free(&stream->flows[0]);
    flow_free(&stream->flows[1]);
    free(stream);
}

static void on_end_closed(uv_handle_t *handle)
{
    stream_handle_closed(handle->data);
}

static void close_end(uv_tcp_t *end, bool by_reset)
{
    /* A reset is refused while the end's own shutdown is under way. */
    if (!by_reset || uv_tcp_close_reset(end, on_end_closed) < 0)
        uv_close((uv_handle_t *)end, on_end_closed);
}

void stream_close(struct stream *stream, bool by_reset)
{
    struct proxy *proxy = stream->proxy;

    if (stream->is_closed)
        return;
    stream->is_closed = true;
    if (stream->previous != NULL)
        stream->previous->next = stream->next;
    else
        proxy->streams = stream->next;
    if (stream->next != NULL)
        stream->next->previous = stream->previous;
    proxy->stream_count--;

    if (stream->is_dialled) {
        flow_stop(&stream->flows[0]);
        flow_stop(&stream->flows[1]);
        close_end(&stream->ends[1], by_reset);
    }
    close_end(&stream->ends[0], by_reset);
    if (stream->is_up)
        record_stream(proxy, stream, by_reset ? "reset" : "down");
}

void stream_settle(struct stream *stream)
{
    const struct flow *a = &stream->flows[0];
    const struct flow *b = &stream->flows[1];

    if ((a->is_done || a->is_dead) && (b->is_done || b->is_dead))
        stream_close(stream, a->is_dead || b->is_dead);
}

struct flow *stream_flow_from(struct stream *stream, const uv_tcp_t *end)
{
    return &stream->flows[end == &stream->ends[0] ? 0 : 1];
}

void stream_half_died(struct stream *stream, const struct flow *flow)
{
    struct flow *reverse = &stream->flows[flow == &stream->flows[0] ? 1 : 0];

    stream_settle(stream);
    if (stream->is_closed)
        return;
    flow_take_end(reverse, true);
    flow_pump(reverse);
}

/* ---- opening --------------------------------------------------------------*/

static void on_dialled(uv_connect_t *connect, int status)
{
    struct stream *stream = connect->data;

    if (stream->is_closed)
        return;
    if (status < 0) {
        stream_close(stream, true);
        return;
    }
    stream->is_up = true;
    uv_tcp_nodelay(&stream->ends[1], 1);
    record_stream(stream->proxy, stream, "up");
    flow_start(&stream->flows[0], stream->preface, PREFACE_BYTES);
    if (!stream->is_closed)
        flow_start(&stream->flows[1], NULL, 0);
}

static void dial(struct stream *stream)
{
    struct proxy *proxy = stream->proxy;
    const struct proxy_node *node = &proxy->nodes[stream->dialled];
    int error;

    uv_tcp_init(proxy->loop, &stream->ends[1]);
    stream->ends[1].data = stream;
    flow_init(&stream->flows[0], stream, stream->dialler, stream->dialled,
              &stream->ends[0], &stream->ends[1]);
    flow_init(&stream->flows[1], stream, stream->dialled, stream->dialler,
              &stream->ends[1], &stream->ends[0]);
    stream->is_dialled = true;
    stream->handles += 5; /* an end, two timers, two idles */
    stream->connect.data = stream;
    error = uv_tcp_connect(&stream->connect, &stream->ends[1],
                           (const struct sockaddr *)&node->target, on_dialled);
    if (error < 0)
        stream_close(stream, true);
}

/* Reads the preface: NULL, or why no stream can come of it. */
static const char *read_preface(struct stream *stream)
{
    struct proxy *proxy = stream->proxy;
    struct le_in in = le_in(stream->preface + 8, PREFACE_BYTES - 8);
    uint64_t cluster = le_u64(&in);
    uint32_t from = le_u32(&in);
    uint32_t to = le_u32(&in);

    stream->incarnation = le_u64(&in);
    if (memcmp(stream->preface, "CNCLAVE1", 8) != 0)
        return "its first 8 bytes are not CNCLAVE1";
    if (cluster != proxy->cluster)
        return "its preface names another cluster";
    if (to != (uint32_t)proxy->nodes[stream->dialled].id)
        return "its preface is meant for another node";
    stream->dialler = from <= INT32_MAX ? proxy_place(proxy, (int)from) : -1;
    if (stream->dialler < 0 || stream->dialler == stream->dialled)
        return "its preface does not come from a peer";
    return NULL;
}

static void on_preface_alloc(uv_handle_t *handle, size_t size, uv_buf_t *buf)
{
    struct stream *stream = handle->data;

    (void)size;
    /* No byte more, so that what follows is the flow's to read. */
    *buf = uv_buf_init((char *)stream->preface + stream->preface_len,
                       (unsigned)(PREFACE_BYTES - stream->preface_len));
}

static void on_preface(uv_stream_t *end, ssize_t nread, const uv_buf_t *buf)
{
    struct stream *stream = end->data;
    const char *error;

    (void)buf;
    if (nread < 0) {
        stream_close(stream, true);
        return;
    }
    stream->preface_len += (size_t)nread;
    if (stream->preface_len < PREFACE_BYTES)
        return;
    uv_read_stop(end);
    error = read_preface(stream);
    if (error == NULL) {
        dial(stream);
        return;
    }
    record_mark(stream->proxy, "a stream to node %d was refused: %s",
                stream->proxy->nodes[stream->dialled].id, error);
    stream_close(stream, true);
}

static void on_dialler(uv_stream_t *listener, int status)
{
    struct proxy_node *node = listener->data;
    struct proxy *proxy = node->proxy;
    struct stream *stream;

    if (status < 0)
        return;
    stream = alloc_new(sizeof(*stream));
    stream->proxy = proxy;
    stream->number = ++proxy->last_stream;
    stream->dialled = (int)(node - proxy->nodes);
    stream->next = proxy->streams;
    if (proxy->streams != NULL)
        proxy->streams->previous = stream;
    proxy->streams = stream;
    proxy->stream_count++;
    uv_tcp_init(proxy->loop, &stream->ends[0]);
    stream->ends[0].data = stream;
    stream->handles = 1;
    if (uv_accept(listener, (uv_stream_t *)&stream->ends[0]) < 0 ||
        proxy->stream_count > RELAY_MAX_STREAMS) {
        stream_close(stream, true);
        return;
    }
    uv_tcp_nodelay(&stream->ends[0], 1);
    uv_read_start((uv_stream_t *)&stream->ends[0], on_preface_alloc,
                  on_preface);
}

int relay_listen(struct proxy_node *node)
{
    struct proxy *proxy = node->proxy;
    int error;

    uv_tcp_init(proxy->loop, &node->listener);
    node->listener.data = node;
    error = uv_tcp_bind(&node->listener, (const struct sockaddr *)&node->listen,
                        0);
    if (error == 0)
        error = uv_listen((uv_stream_t *)&node->listener, LISTEN_BACKLOG,
                          on_dialler);
    return error;
}

/* ---- all streams ----------------------------------------------------------*/

void relay_pump(struct proxy *proxy)
{
    struct stream *next;

    for (struct stream *stream = proxy->streams; stream != NULL;
         stream = next) {
        next = stream->next;
        if (!stream->is_up)
            continue;
        flow_pump(&stream->flows[0]);
        flow_pump(&stream->flows[1]); /* does nothing if now closed */
    }
}

void relay_update_reading(struct proxy *proxy)
{
    for (struct stream *stream = proxy->streams; stream != NULL;
         stream = stream->next) {
        if (!stream->is_up)
            continue;
        flow_update_reading(&stream->flows[0]);
        flow_update_reading(&stream->flows[1]);
    }
}

void relay_reset(struct proxy *proxy, int dialler, int dialled)
{
    struct stream *next;

    for (struct stream *stream = proxy->streams; stream != NULL;
         stream = next) {
        next = stream->next;
        if (stream->is_dialled && (dialler < 0 || dialler == stream->dialler) &&
            (dialled < 0 || dialled == stream->dialled))
            stream_close(stream, true);
    }
}
