/*
 * streams.c - what travels on streams: bytes are cut into frames, each frame
 * has a fate of its own (grader/net/link.h), and what arrives is cut anew.
 *
 *     stream_write --frames--> link's fate --EVENT_FRAME--> stream_bytes
 */
#include <stdlib.h>
#include <string.h>

#include "../../handout/node/outcome.h"
#include "../net/alloc.h"
#include "conns.h"

/* ---- Sending ----------------------------------------------------------- */

static void send_frame(struct conn *conn, int end, const struct frame *frame)
{
    struct world *world = conn->end[0]->world;
    struct link_state *link = conn_link(conn, end);
    struct half *half = &conn->half[end];
    struct seen_frame seen = {.number = ++world->counts.frames,
                              .time_us = world->now_us,
                              .from = conn->end[end]->id,
                              .to = conn->end[1 - end]->id,
                              .stream = conn->number,
                              .dialler = conn->end[0]->id,
                              .incarnation = conn->incarnation,
                              .frame = frame};
    uint64_t token;
    struct link_fate fate;

    if (world->watch.sent != NULL)
        world->watch.sent(world->watch.arg, &seen);
    part = PART_CHECK;
    token = check_sent(&world->check, &seen);
    leaders_saw(world, &seen);
    part = PART_NET;
    fate = link_fate(&link->link, &half->order,
                     world->now_us + conn_travel_us(link));
    if (fate.lost != NULL) {
        if (world->watch.lost != NULL)
            world->watch.lost(world->watch.arg, seen.number, fate.lost);
        return;
    }
    for (int copy = 0; copy <= (fate.has_copy ? 1 : 0); copy++) {
        uint64_t at_us = copy == 0 ? fate.at_us : fate.copy_at_us;
        struct event *event = conn_put(conn, end, 1 - end, EVENT_FRAME,
                                       at_us > half->least_us ? at_us
                                                              : half->least_us,
                                       frame->bytes, frame->len);

        event->copy = copy;
        event->number = seen.number;
        event->token = token;
        half->waiting_bytes += frame->len;
        conn->end[end]->queued_bytes += frame->len;
    }
}

void streams_send_rest(struct conn *conn, int end, bool with_end)
{
    struct host *place = conn->end[end];
    const struct world_watch *watch = &place->world->watch;
    struct half *half = &conn->half[end];
    struct link_state *link = conn_link(conn, end);
    size_t len;
    const uint8_t *rest = frame_rest(&half->decoder, &len);
    uint64_t at_us = link_raw_at(&link->link, &half->order,
                                 place->world->now_us + conn_travel_us(link));

    if (at_us < half->least_us)
        at_us = half->least_us;
    if (len > 0) {
        if (watch->garbage != NULL)
            watch->garbage(watch->arg, conn->number, place->id,
                           conn->end[1 - end]->id, len);
        conn_put(conn, end, 1 - end, EVENT_RAW, at_us, rest, len);
        half->waiting_bytes += len;
        place->queued_bytes += len;
    }
    if (with_end)
        conn_put(conn, end, 1 - end, EVENT_END, at_us, NULL, 0);
}

int streams_write(struct host *place, uint64_t stream, const void *data,
                  size_t len)
{
    struct conn *conn = conn_find(place, stream);
    int end = conn != NULL ? conn_end(conn, place, stream) : 0;
    struct half *half;
    struct frame frame;
    enum frame_state state;

    if (conn == NULL || !conn->is_open[end])
        return NO_STREAM;
    half = &conn->half[end];
    if (len > MAX_STREAM_QUEUE_BYTES ||
        half->waiting_bytes > MAX_STREAM_QUEUE_BYTES - len)
        return TOO_LARGE;
    part = PART_NET;
    frame_feed(&half->decoder, data, len);
    while ((state = frame_next(&half->decoder, &frame)) == FRAME_WHOLE) {
        send_frame(conn, end, &frame);
        place_count(place, POINT_SEND);
        if (place->is_dying)
            break;
    }
    if (state == FRAME_BROKEN)
        streams_send_rest(conn, end, false);
    part = place->is_seat ? PART_WORLD : PART_NODE;
    return OK;
}

/* ---- Arriving ---------------------------------------------------------- */

static void hand_over(struct conn *conn, int end, const uint8_t *data,
                      size_t len)
{
    struct host *place = conn->end[end];
    const struct world_watch *watch = &place->world->watch;
    struct link *link = &conn_link(conn, 1 - end)->link;

    if (end == 0)
        conn->is_proven = true;
    while (len > 0 && conn->is_open[end] && place_hears(place)) {
        size_t piece = link_piece(link, len);

        if (!place->is_seat)
            place_upcall(place, &(struct upcall){.kind = UPCALL_STREAM_BYTES,
                                                 .id = conn->stream[end],
                                                 .data = data,
                                                 .len = piece});
        else if (watch->seat_bytes != NULL)
            watch->seat_bytes(watch->arg, place->id, conn->stream[end], data,
                              piece);
        data += piece;
        len -= piece;
    }
}

/* The next event, if it brings more bytes over the same way at this moment. */
static struct event *more_of(struct world *world, const struct conn *conn,
                             int end)
{
    struct event *next = events_first(&world->events);

    return next != NULL && next->at_us <= world->now_us && next->conn == conn &&
                   next->end == end && next->kind == EVENT_FRAME
               ? events_take(&world->events)
               : NULL;
}

static void gather(struct world *world, size_t *len, const struct event *event)
{
    if (*len + event->len > world->gathered_capacity) {
        world->gathered_capacity = 2 * (*len + event->len);
        world->gathered = alloc_resize(world->gathered,
                                       world->gathered_capacity);
    }
    memcpy(world->gathered + *len, event->bytes, event->len);
    *len += event->len;
}

/* Bytes are no longer under way. */
static void unqueue(struct conn *conn, const struct event *event)
{
    conn->half[event->end].waiting_bytes -= event->len;
    conn->end[event->end]->queued_bytes -= event->len;
}

/* A frame is there: it counts as delivered just before it is handed over. */
static void arrive(struct conn *conn, const struct event *event)
{
    struct world *world = conn->end[0]->world;

    unqueue(conn, event);
    part = PART_CHECK;
    check_delivered(&world->check, event->token, world->now_us);
    part = PART_NET;
    if (world->watch.delivered != NULL)
        world->watch.delivered(world->watch.arg, event->number, event->copy);
}

static void on_frame(struct conn *conn, struct event *event)
{
    struct world *world = conn->end[0]->world;
    int end = 1 - event->end;
    struct event *more;
    size_t len = 0;

    if (!conn->is_open[end]) {
        unqueue(conn, event);
        if (world->watch.lost != NULL && event->copy == 0)
            world->watch.lost(world->watch.arg, event->number, "down");
        return;
    }
    arrive(conn, event);
    more = more_of(world, conn, event->end);
    if (more == NULL) {
        hand_over(conn, end, event->bytes, event->len);
        return;
    }
    gather(world, &len, event);
    for (; more != NULL; more = more_of(world, conn, 1 - end)) {
        arrive(conn, more);
        gather(world, &len, more);
        conn->events--;
        free(more);
    }
    hand_over(conn, end, world->gathered, len);
}

/* Whether a link makes what arrives over it wait. */
static bool waits(struct link_state *link, struct event *event)
{
    const struct link_faults *faults = &link->link.faults;
    bool cannot_be_lost = event->kind == EVENT_RAW || event->kind == EVENT_END;
    bool is_data = cannot_be_lost || event->kind == EVENT_FRAME;

    if (!(is_data && faults->is_clogged) && !(cannot_be_lost && faults->is_cut))
        return false;
    event->next = NULL;
    *link->held_end = event;
    link->held_end = &event->next;
    return true;
}

void streams_on_event(struct host *place, struct event *event)
{
    struct conn *conn = event->conn;
    int end = 1 - event->end;

    (void)place;
    if (waits(conn_link(conn, event->end), event))
        return;
    switch (event->kind) {
    case EVENT_DIAL:
        conn_on_dial(conn);
        break;
    case EVENT_DIALLED:
        conn_on_dialled(conn);
        break;
    case EVENT_REFUSED:
        conn_on_refused(conn);
        break;
    case EVENT_FRAME:
        on_frame(conn, event);
        break;
    case EVENT_RAW:
        unqueue(conn, event);
        hand_over(conn, end, event->bytes, event->len);
        break;
    default: /* EVENT_END, EVENT_RESET */
        conn_on_gone(conn, end);
        break;
    }
    streams_release(event);
}
