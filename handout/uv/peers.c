/*
 * peers.c - the streams between this node and its peers.
 */
#define _GNU_SOURCE

#include "peers.h"

#include <stdio.h>
#include <stdlib.h>

#include "outcome.h"
#include "stream.h"
#include "uv_host.h"

struct peer *peers_find(struct host *host, int64_t id)
{
    for (int i = 0; i < host->peers.count; i++) {
        if (host->peers.peer[i].node->id == id)
            return &host->peers.peer[i];
    }
    return NULL;
}

struct stream *stream_new(struct host *host, enum stream_state state)
{
    struct stream *stream = calloc(1, sizeof *stream);
    if (!stream)
        abort(); /* out of memory */
    stream->host = host;
    stream->state = state;
    stream->since_ms = uv_now(host->loop);
    list_init(&stream->link);
    return stream;
}

void stream_free(struct stream *stream)
{
    if (stream->id)
        ids_remove(&stream->host->peers.streams, stream->id);
    if (stream->state == GREETING)
        stream->host->peers.greeting_count--;
    list_remove(&stream->link);
    free(stream);
}

uint64_t stream_number(struct stream *stream)
{
    stream->id = ids_add(&stream->host->peers.streams, stream);
    return stream->id;
}

void stream_set_state(struct stream *stream, enum stream_state state)
{
    stream->state = state;
    stream->since_ms = uv_now(stream->host->loop);
}

void stream_report_up(struct stream *stream)
{
    struct host *host = stream->host;
    stream_set_state(stream, UP);
    host_enter(host);
    host->node->stream_up(stream->id, stream->peer->node->id,
                          stream->is_dialled);
    host_leave(host);
}

void stream_on_bytes(struct conn *conn, const uint8_t *data, size_t len)
{
    struct stream *stream = conn->owner;
    struct host *host = stream->host;
    if (!stream->is_proven) {
        stream->is_proven = true;
        if (stream->is_dialled)
            stream->peer->backoff_ms = 0;
    }
    host_enter(host);
    host->node->stream_bytes(stream->id, data, len);
    host_leave(host);
}

void stream_on_down(struct conn *conn)
{
    struct stream *stream = conn->owner;
    struct host *host = stream->host;
    uint64_t id = stream->id;
    dial_judge(stream);
    stream_free(stream);
    host_enter(host);
    host->node->stream_down(id);
    host_leave(host);
}

/* ---- The door ---------------------------------------------------------- */

uint64_t peers_open(struct host *host, int id)
{
    char sentence[MAX_SENTENCE];
    struct peer *peer = peers_find(host, id);
    if (!peer) {
        snprintf(sentence, sizeof sentence,
                 "stream_open: the configuration has no other node %d", id);
        host_fatal(host, sentence);
    }
    struct stream *stream = stream_new(host, WAITING);
    stream->peer = peer;
    stream->is_dialled = true;
    if (stream_number(stream) == 0) {
        snprintf(sentence, sizeof sentence,
                 "stream_open: this node has %d streams; close those that it "
                 "no longer needs",
                 MAX_STREAMS);
        host_fatal(host, sentence);
    }
    dial_begin(stream);
    return stream->id;
}

int peers_write(struct host *host, uint64_t id, const void *data, size_t len)
{
    struct stream *stream = ids_get(&host->peers.streams, id);
    if (!stream || stream->state != UP)
        return NO_STREAM;
    return conn_write(stream->conn, data, len, MAX_STREAM_QUEUE_BYTES);
}

void peers_close(struct host *host, uint64_t id)
{
    struct stream *stream = ids_get(&host->peers.streams, id);
    if (!stream)
        return;
    dial_judge(stream);
    if (stream->conn)
        conn_close(stream->conn);
    stream_free(stream);
}

/* ---- Start and end ----------------------------------------------------- */

int peers_start(struct host *host, char *error, size_t error_bytes)
{
    struct peers *peers = &host->peers;
    peers->streams = (struct ids){.slots = peers->slots,
                                  .slot_count = MAX_STREAMS};
    list_init(&peers->greetings);
    for (int i = 0; i < host->config.node_count; i++) {
        const struct config_node *node = &host->config.nodes[i];
        if (node == host->self)
            continue;
        struct peer *peer = &peers->peer[peers->count++];
        peer->node = node;
        peer->host = host;
        list_init(&peer->unready);
        uv_timer_init(host->loop, &peer->timer);
        peer->timer.data = peer;
        int code = conn_resolve(node->dial, &peer->address);
        if (code) {
            snprintf(error, error_bytes, "node %d: dial=%s is no address: %s",
                     node->id, node->dial, uv_strerror(code));
            return -1;
        }
    }
    int code = conn_listen(host, &peers->listener, host->self->listen,
                           greet_on_connection);
    if (code)
        snprintf(error, error_bytes,
                 "node %d cannot listen for peers at %s: %s", host->self->id,
                 host->self->listen, uv_strerror(code));
    return code ? -1 : 0;
}

void peers_stop(struct host *host)
{
    uv_close((uv_handle_t *)&host->peers.listener, NULL);
    greet_stop(host);
    for (int i = 0; i < host->peers.count; i++)
        uv_timer_stop(&host->peers.peer[i].timer);
}
