/*
 * greet.c - the streams that peers open: nobody is let in without a preface.
 */
#define _GNU_SOURCE

#include <string.h>

#include "outcome.h"
#include "stream.h"
#include "trace.h"
#include "uv_host.h"

static const struct conn_events accepted_events = {NULL, stream_on_bytes,
                                                   stream_on_down};

/* Checks a whole preface; the peer it names, or NULL after saying why not. */
static struct peer *check_preface(struct host *host, const uint8_t *bytes)
{
    struct preface preface;
    if (get_preface(bytes_of(bytes, PREFACE_BYTES), &preface) != OK) {
        trace_say("host",
                  "refused a stream: it does not begin with " PREFACE_MAGIC);
        return NULL;
    }
    struct peer *peer = peers_find(host, preface.from);
    if (preface.cluster != host->config.cluster)
        trace_say("host",
                  "refused a stream for cluster %llu: this is cluster %llu",
                  (unsigned long long)preface.cluster,
                  (unsigned long long)host->config.cluster);
    else if (preface.to != (uint32_t)host->self->id)
        trace_say("host", "refused a stream for node %u: this is node %d",
                  preface.to, host->self->id);
    else if (!peer)
        trace_say("host", "refused a stream of node %u: it is not configured",
                  preface.from);
    else
        return peer;
    return NULL;
}

static void refuse(struct stream *stream)
{
    conn_close(stream->conn);
    stream_free(stream);
}

/* The whole preface is there. Returns the stream's id, or 0 if refused. */
static uint64_t greet(struct stream *stream)
{
    struct host *host = stream->host;
    stream->peer = check_preface(host, stream->preface);
    if (!stream->peer) {
        refuse(stream);
        return 0;
    }
    uint64_t id = stream_number(stream);
    if (id == 0) {
        trace_say("host", "refused a stream of node %d: this node has %d",
                  stream->peer->node->id, MAX_STREAMS);
        refuse(stream);
        return 0;
    }
    list_remove(&stream->link);
    host->peers.greeting_count--;
    stream->conn->events = &accepted_events;
    stream_report_up(stream);
    return id;
}

static void on_preface_bytes(struct conn *conn, const uint8_t *data, size_t len)
{
    struct stream *stream = conn->owner;
    struct host *host = stream->host;
    size_t take = PREFACE_BYTES - stream->preface_len;
    if (take > len)
        take = len;
    memcpy(stream->preface + stream->preface_len, data, take);
    stream->preface_len += take;
    if (stream->preface_len < PREFACE_BYTES)
        return;
    uint64_t id = greet(stream);
    /* The node may have closed it at once, or may have ended. */
    if (len > take && !host->stopped && ids_get(&host->peers.streams, id))
        stream_on_bytes(conn, data + take, len - take);
}

static void on_preface_down(struct conn *conn)
{
    stream_free(conn->owner);
}

static const struct conn_events greeting_events = {NULL, on_preface_bytes,
                                                   on_preface_down};

void greet_on_connection(uv_stream_t *listener, int error)
{
    struct host *host = listener->data;
    struct peers *peers = &host->peers;
    if (error)
        return;
    struct stream *stream = stream_new(host, GREETING);
    list_add(&peers->greetings, &stream->link);
    peers->greeting_count++;
    stream->conn = conn_accept(host, listener, &greeting_events, stream);
    if (!stream->conn) {
        stream_free(stream);
    } else if (peers->greeting_count > MAX_GREETINGS) {
        trace_say("host", "closed a connection: %d others have no preface yet",
                  MAX_GREETINGS);
        refuse(list_entry(peers->greetings.next, struct stream, link));
    }
}

void greet_stop(struct host *host)
{
    list_each(at, &host->peers.greetings)
        refuse(list_entry(at, struct stream, link));
}
