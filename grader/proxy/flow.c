/*
 * flow.c - one direction of a stream: its life, and what it hands over. What
 * it takes in is flow_in.c's. See flow.h.
 */
#define _GNU_SOURCE /* for uv.h */

#include "flow.h"

#include <stdlib.h>

#include "proxy.h"
#include "relay.h"

static struct proxy *proxy_of(const struct flow *flow)
{
    return flow->stream->proxy;
}

void flow_init(struct flow *flow, struct stream *stream, int from, int to,
               uv_tcp_t *source, uv_tcp_t *sink)
{
    struct proxy *proxy = stream->proxy;

    flow->stream = stream;
    flow->from = from;
    flow->to = to;
    flow->link = &proxy->links[from][to];
    flow->source = source;
    flow->sink = sink;
    uv_timer_init(proxy->loop, &flow->timer);
    uv_idle_init(proxy->loop, &flow->idle);
    flow->timer.data = flow;
    flow->idle.data = flow;
    flow->write.data = flow;
}

/* ---- losing ---------------------------------------------------------------*/

static void lose(struct flow *flow, const struct delivery *delivery,
                 const char *why)
{
    if (delivery->kind == DELIVERY_FRAME && delivery->copy == 0)
        record_lost(proxy_of(flow), delivery->number, why);
}

/* Loses all that is under way but the source's end. */
static void lose_all(struct flow *flow)
{
    struct outbox_mark mark;

    while (outbox_take_mark(&flow->outbox, outbox_len(&flow->outbox), &mark)) {
        if (mark.copy == 0)
            record_lost(proxy_of(flow), mark.number, "down");
    }
    while (queue_first(&flow->queue) != NULL) {
        struct delivery *delivery = queue_take(&flow->queue);

        lose(flow, delivery, "down");
        free(delivery);
    }
}

/* The sink takes nothing more: it is dead as a source, too. */
static void sink_died(struct flow *flow)
{
    flow->is_dead = true;
    lose_all(flow);
    stream_half_died(flow->stream, flow);
}

/* ---- handing over ---------------------------------------------------------*/

static void on_shut_down(uv_shutdown_t *shutdown, int status)
{
    (void)shutdown;
    (void)status;
}

/* A delivery is due, and the link lets it through. */
static void hand_over(struct flow *flow, const struct delivery *delivery)
{
    switch (delivery->kind) {
    case DELIVERY_FRAME:
        if (flow->link->faults.is_cut) {
            lose(flow, delivery, "cut");
            return;
        }
        outbox_add(&flow->outbox, delivery->bytes, delivery->len);
        outbox_mark(&flow->outbox, delivery->number, delivery->token,
                    delivery->copy);
        return;
    case DELIVERY_RAW:
        outbox_add(&flow->outbox, delivery->bytes, delivery->len);
        return;
    case DELIVERY_END:
        flow->is_done = true;
        uv_shutdown(&flow->shutdown, (uv_stream_t *)flow->sink, on_shut_down);
        stream_settle(flow->stream);
        return;
    case DELIVERY_RESET:
        flow->is_done = true;
        stream_close(flow->stream, true);
        return;
    }
}

/* Whether what comes next has to wait for the link, whatever the time. */
static bool is_held(const struct flow *flow, const struct delivery *next)
{
    const struct link_faults *faults = &flow->link->faults;

    return faults->is_clogged ||
           (next->kind != DELIVERY_FRAME && faults->is_cut);
}

/* Moves what is due into the outbox, up to a batch. */
static void fill_outbox(struct flow *flow)
{
    uint64_t now_us = proxy_now_us(proxy_of(flow));

    while (outbox_len(&flow->outbox) < FLOW_BATCH_BYTES && !flow->is_done) {
        struct delivery *next = queue_first(&flow->queue);
        bool is_end;

        if (next == NULL || next->at_us > now_us || is_held(flow, next))
            return;
        is_end = next->kind == DELIVERY_END || next->kind == DELIVERY_RESET;
        if (is_end && outbox_len(&flow->outbox) > 0)
            return;
        next = queue_take(&flow->queue);
        hand_over(flow, next);
        free(next);
    }
}

static void on_written(uv_write_t *write, int status)
{
    struct flow *flow = write->data;

    flow->is_writing = false;
    if (flow->stream->is_closed)
        return;
    outbox_drop(&flow->outbox, flow->write_len);
    if (status < 0)
        sink_died(flow);
    flow_pump(flow);
}

static void on_idle(uv_idle_t *idle)
{
    struct flow *flow = idle->data;

    uv_idle_stop(idle);
    flow->is_resting = false;
    flow_pump(flow);
}

static void on_timer(uv_timer_t *timer)
{
    struct flow *flow = timer->data;

    flow->is_resting = false;
    flow_pump(flow);
}

/*
 * Between two pieces the receiver gets a chance to read the first by itself: a
 * turn of the loop, and now and then, beginning with the first, a millisecond.
 */
static void rest(struct flow *flow)
{
    flow->is_resting = true;
    if (flow->pieces++ % FLOW_REST_PIECES == 0)
        uv_timer_start(&flow->timer, on_timer, 1, 0);
    else
        uv_idle_start(&flow->idle, on_idle);
}

/* Writes the next piece of the outbox, as far as the socket takes it. */
static void write_piece(struct flow *flow)
{
    struct proxy *proxy = proxy_of(flow);
    size_t len = link_piece(flow->link, outbox_len(&flow->outbox));
    uint64_t now_us = proxy_now_us(proxy);
    struct outbox_mark mark;
    uv_buf_t buf;
    int sent;

    while (outbox_take_mark(&flow->outbox, len, &mark)) {
        record_delivered(proxy, mark.number, mark.copy, now_us);
        check_delivered(&proxy->check, mark.token, now_us);
    }
    buf = uv_buf_init((char *)(uintptr_t)outbox_front(&flow->outbox),
                      (unsigned)len);
    sent = uv_try_write((uv_stream_t *)flow->sink, &buf, 1);
    if (sent == UV_EAGAIN)
        sent = 0;
    if (sent < 0) {
        sink_died(flow);
        return;
    }
    outbox_drop(&flow->outbox, (size_t)sent);
    flow->write_len = len - (size_t)sent;
    if (flow->write_len > 0) {
        buf = uv_buf_init((char *)(uintptr_t)outbox_front(&flow->outbox),
                          (unsigned)flow->write_len);
        flow->is_writing = true;
        uv_write(&flow->write, (uv_stream_t *)flow->sink, &buf, 1, on_written);
    } else if (outbox_len(&flow->outbox) > 0) {
        rest(flow);
    } else {
        flow->pieces = 0;
    }
}

/* Sets the timer to the next delivery that only time holds back. */
static void arm(struct flow *flow)
{
    const struct delivery *next = queue_first(&flow->queue);
    uint64_t now_us;
    uint64_t wait_us;

    if (flow->is_resting)
        return; /* the timer may be ending a rest */
    if (flow->is_writing || next == NULL || is_held(flow, next)) {
        uv_timer_stop(&flow->timer);
        return;
    }
    now_us = proxy_now_us(proxy_of(flow));
    wait_us = next->at_us > now_us ? next->at_us - now_us : 0;
    uv_timer_start(&flow->timer, on_timer, (wait_us + 999) / 1000, 0);
}

void flow_pump(struct flow *flow)
{
    const struct stream *stream = flow->stream;

    while (!stream->is_closed && !flow->is_writing && !flow->is_resting &&
           !flow->is_done && !flow->is_dead) {
        fill_outbox(flow);
        if (stream->is_closed || outbox_len(&flow->outbox) == 0)
            break;
        write_piece(flow);
    }
    if (stream->is_closed)
        return;
    arm(flow);
    flow_update_reading(flow);
}

/* ---- life -----------------------------------------------------------------*/

void flow_start(struct flow *flow, const void *head, size_t len)
{
    if (len > 0)
        outbox_add(&flow->outbox, head, len);
    flow_pump(flow);
}

static void on_flow_handle_closed(uv_handle_t *handle)
{
    struct flow *flow = handle->data;

    stream_handle_closed(flow->stream);
}

void flow_stop(struct flow *flow)
{
    lose_all(flow);
    uv_close((uv_handle_t *)&flow->timer, on_flow_handle_closed);
    uv_close((uv_handle_t *)&flow->idle, on_flow_handle_closed);
}

void flow_free(struct flow *flow)
{
    frame_free(&flow->decoder);
    queue_free(&flow->queue);
    outbox_free(&flow->outbox);
}
