/*
 * dial.c - the streams that this node opens: dialling until it succeeds.
 *
 * The side that was dialled sends nothing back before the first lab byte, so a
 * connection that succeeds proves little: a proxy accepts for a node that is
 * not there, and resets. Therefore the backoff belongs to the peer, not to the
 * stream, and ends only when a stream has carried a byte back or has lived for
 * DIAL_PROVEN_MS.
 */
#define _GNU_SOURCE

#include "outcome.h"
#include "stream.h"
#include "trace.h"
#include "uv_host.h"

static void tend(struct peer *peer);

/* A dial failed, or what it gave did not last: the next one has to wait. */
static void back_off(struct peer *peer, const char *why)
{
    uint64_t now_ms = uv_now(peer->host->loop);
    if (now_ms < peer->dial_at_ms)
        return; /* several streams, one failure */
    if (peer->backoff_ms == 0)
        trace_say("host", "node %d at %s cannot be reached: %s; trying again",
                  peer->node->id, peer->node->dial, why);
    uint32_t pause_ms = peer->backoff_ms * 2;
    if (pause_ms < DIAL_BACKOFF_MIN_MS)
        pause_ms = DIAL_BACKOFF_MIN_MS;
    if (pause_ms > DIAL_BACKOFF_MAX_MS)
        pause_ms = DIAL_BACKOFF_MAX_MS;
    peer->backoff_ms = pause_ms;
    /* Half of it at random, so that nodes do not dial in step. */
    uint32_t jitter_ms = (uint32_t)(host_random(peer->host) % (pause_ms / 2));
    peer->dial_at_ms = now_ms + pause_ms - jitter_ms;
}

void dial_judge(const struct stream *stream)
{
    uint64_t lived_ms = uv_now(stream->host->loop) - stream->since_ms;
    if (!stream->is_dialled || stream->state != UP)
        return;
    if (stream->is_proven || lived_ms >= DIAL_PROVEN_MS)
        stream->peer->backoff_ms = 0;
    else
        back_off(stream->peer, "the stream broke at once");
}

static void send_preface(struct stream *stream)
{
    struct host *host = stream->host;
    struct buf out = {0};
    put_preface(&out, &(struct preface){.cluster = host->config.cluster,
                                        .from = (uint32_t)host->self->id,
                                        .to = (uint32_t)stream->peer->node->id,
                                        .incarnation = host->incarnation});
    conn_write(stream->conn, out.data, out.len, MAX_STREAM_QUEUE_BYTES);
    buf_free(&out);
}

static void on_dialled(struct conn *conn, int error)
{
    struct stream *stream = conn->owner;
    if (error) {
        stream->conn = NULL;
        stream_set_state(stream, WAITING);
        back_off(stream->peer, uv_strerror(error));
        tend(stream->peer);
        return;
    }
    list_remove(&stream->link);
    send_preface(stream); /* leaves with what the node writes in stream_up */
    stream_report_up(stream);
}

static const struct conn_events dialled_events = {on_dialled, stream_on_bytes,
                                                  stream_on_down};

static void dial(struct stream *stream)
{
    struct peer *peer = stream->peer;
    stream_set_state(stream, DIALLING);
    stream->conn = conn_dial(peer->host, &peer->address, &dialled_events,
                             stream);
    if (!stream->conn) {
        stream_set_state(stream, WAITING);
        back_off(peer, "no connection could be made");
    }
}

void dial_on_timer(uv_timer_t *timer)
{
    tend(timer->data);
}

/* Moves a peer's unready streams on, and sees to being called again in time. */
static void tend(struct peer *peer)
{
    uint64_t now_ms = uv_now(peer->host->loop);
    uint64_t next_ms = UINT64_MAX;
    list_each(at, &peer->unready) {
        struct stream *stream = list_entry(at, struct stream, link);
        if (stream->state == DIALLING &&
            now_ms - stream->since_ms >= DIAL_LIMIT_MS) {
            conn_close(stream->conn);
            stream->conn = NULL;
            stream_set_state(stream, WAITING);
            back_off(peer, "no answer");
        }
        if (stream->state == WAITING && now_ms >= peer->dial_at_ms)
            dial(stream);
        uint64_t due_ms = stream->state == WAITING
                              ? peer->dial_at_ms
                              : stream->since_ms + DIAL_LIMIT_MS;
        if (due_ms < next_ms)
            next_ms = due_ms;
    }
    uv_timer_stop(&peer->timer);
    if (next_ms != UINT64_MAX)
        uv_timer_start(&peer->timer, dial_on_timer, next_ms - now_ms, 0);
}

void dial_begin(struct stream *stream)
{
    list_add(&stream->peer->unready, &stream->link);
    tend(stream->peer);
}
