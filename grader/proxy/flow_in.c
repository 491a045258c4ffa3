/*
 * flow_in.c - what a flow takes in: bytes, frames, the end. See flow.h.
 */
#define _GNU_SOURCE /* for uv.h */

#include "flow.h"
#include "proxy.h"
#include "relay.h"

static void take_frame(struct flow *flow, const struct frame *frame)
{
    struct stream *stream = flow->stream;
    struct proxy *proxy = stream->proxy;
    uint64_t now_us = proxy_now_us(proxy);
    uint64_t number = ++proxy->last_frame;
    struct link_fate fate = link_fate(flow->link, &flow->order, now_us);
    uint64_t token;

    record_frame(proxy, stream, flow->from, flow->to, number, now_us, frame);
    token = check_sent(&proxy->check,
                       &(struct seen_frame){
                           .number = number,
                           .time_us = now_us,
                           .from = proxy->nodes[flow->from].id,
                           .to = proxy->nodes[flow->to].id,
                           .stream = stream->number,
                           .dialler = proxy->nodes[stream->dialler].id,
                           .incarnation = stream->incarnation,
                           .frame = frame,
                       });
    proxy_judge(proxy);
    if (flow->is_dead)
        fate.lost = "down";
    if (fate.lost != NULL) {
        record_lost(proxy, number, fate.lost);
        return;
    }
    for (int copy = 0; copy <= (fate.has_copy ? 1 : 0); copy++) {
        struct delivery *delivery = queue_put(
            &flow->queue, copy == 0 ? fate.at_us : fate.copy_at_us,
            DELIVERY_FRAME, frame->bytes, frame->len);

        delivery->number = number;
        delivery->token = token;
        delivery->copy = copy;
    }
}

/* Bytes that do not decode, or the end: they are only delayed. */
static void take_raw(struct flow *flow, enum delivery_kind kind,
                     const void *bytes, size_t len)
{
    struct proxy *proxy = flow->stream->proxy;
    uint64_t at_us;

    if (len > 0)
        record_raw(proxy, flow->stream, flow->from, flow->to, len);
    if (flow->is_dead)
        return;
    at_us = link_raw_at(flow->link, &flow->order, proxy_now_us(proxy));
    queue_put(&flow->queue, at_us, kind, bytes, len);
}

/* Passes on what the decoder holds and can make nothing of. */
static void take_rest(struct flow *flow)
{
    size_t len;
    const uint8_t *rest = frame_rest(&flow->decoder, &len);

    if (len > 0)
        take_raw(flow, DELIVERY_RAW, rest, len);
}

static void take_bytes(struct flow *flow, const void *data, size_t len)
{
    struct frame frame;
    enum frame_state state;

    frame_feed(&flow->decoder, data, len);
    while ((state = frame_next(&flow->decoder, &frame)) == FRAME_WHOLE)
        take_frame(flow, &frame);
    if (state == FRAME_BROKEN)
        take_rest(flow);
}

void flow_take_end(struct flow *flow, bool by_reset)
{
    if (flow->has_ended)
        return;
    flow->has_ended = true;
    flow_update_reading(flow);
    take_rest(flow); /* a piece of a frame */
    take_raw(flow, by_reset ? DELIVERY_RESET : DELIVERY_END, NULL, 0);
    if (flow->is_dead)
        stream_settle(flow->stream);
}

static void on_alloc(uv_handle_t *handle, size_t size, uv_buf_t *buf)
{
    static char space[FLOW_READ_BYTES]; /* used up before the next read */

    (void)handle;
    (void)size;
    *buf = uv_buf_init(space, sizeof(space));
}

static void on_read(uv_stream_t *source, ssize_t nread, const uv_buf_t *buf)
{
    struct flow *flow = stream_flow_from(source->data, (uv_tcp_t *)source);

    if (nread > 0)
        take_bytes(flow, buf->base, (size_t)nread);
    else if (nread < 0)
        flow_take_end(flow, nread != UV_EOF);
    flow_pump(flow);
}

void flow_update_reading(struct flow *flow)
{
    bool wanted = !flow->stream->is_closed && !flow->has_ended &&
                  flow->queue.size_bytes + outbox_len(&flow->outbox) <
                      FLOW_MAX_BYTES &&
                  !control_is_behind(flow->stream->proxy);

    if (wanted == flow->is_reading)
        return;
    flow->is_reading = wanted;
    if (wanted)
        uv_read_start((uv_stream_t *)flow->source, on_alloc, on_read);
    else
        uv_read_stop((uv_stream_t *)flow->source);
}
