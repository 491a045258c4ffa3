/*
 * conns.c - streams between places: how they come up, go, and are named.
 *
 *     end 0 (dialled)                                    end 1 (was dialled)
 *       stream_open --EVENT_DIAL--> is the place up? accept: stream_up
 *       stream_up  <--EVENT_DIALLED--      (else EVENT_REFUSED: dial again)
 *       stream_close --EVENT_END--> stream_down
 *
 * A conn lives until both ends have let go and no event names it. As through
 * the proxy, a cut drops frames but keeps streams: they and their ends wait.
 */
#include "conns.h"

#include <stdlib.h>
#include <string.h>

#include "../net/alloc.h"

struct link_state *conn_link(const struct conn *conn, int end)
{
    struct world *world = conn->end[0]->world;

    return &world->links[conn->end[end]->index][conn->end[1 - end]->index];
}

uint64_t conn_travel_us(struct link_state *link)
{
    return TRAVEL_US + rng_below(&link->travel, TRAVEL_SPREAD_US + 1);
}

/* ---- Conns and their names --------------------------------------------- */

/* Gives the conn a name at one of its ends. */
static uint64_t name_conn(struct host *place, struct conn *conn, int end)
{
    if (place->conn_count == place->conn_capacity) {
        place->conn_capacity = place->conn_capacity == 0
                                   ? 32
                                   : 2 * place->conn_capacity;
        place->conns = alloc_resize(place->conns, place->conn_capacity *
                                                      sizeof(*place->conns));
    }
    place->conns[place->conn_count++] = conn;
    conn->stream[end] = place->conn_count;
    return conn->stream[end];
}

struct conn *conn_find(const struct host *place, uint64_t stream)
{
    return stream >= 1 && stream <= place->conn_count ? place->conns[stream - 1]
                                                      : NULL;
}

/* Which end of the conn the place calls by this name. */
int conn_end(const struct conn *conn, const struct host *place, uint64_t stream)
{
    return conn->end[0] == place && conn->stream[0] == stream ? 0 : 1;
}

static void free_if_over(struct conn *conn)
{
    if (conn->events > 0 || conn->is_wanted || conn->is_open[0] ||
        conn->is_open[1])
        return;
    frame_free(&conn->half[0].decoder);
    frame_free(&conn->half[1].decoder);
    free(conn);
}

/* The place knows this stream no more. */
static void forget(struct conn *conn, int end)
{
    if (end == 0)
        conn->is_wanted = false;
    conn->is_open[end] = false;
    if (conn->stream[end] != 0)
        conn->end[end]->conns[conn->stream[end] - 1] = NULL;
}

static void tell_stream(struct conn *conn, const char *what)
{
    const struct world_watch *watch = &conn->end[0]->world->watch;

    if (conn->is_told || !conn->is_up)
        return;
    conn->is_told = strcmp(what, "up") != 0;
    if (watch->stream != NULL)
        watch->stream(watch->arg, conn->number, conn->end[0]->id,
                      conn->end[1]->id, what, conn->incarnation);
}

struct event *conn_put(struct conn *conn, int from_end, int to_end,
                       enum event_kind kind, uint64_t at_us, const void *data,
                       size_t len)
{
    struct event *event = world_put(conn->end[to_end], kind, at_us, data, len);

    event->conn = conn;
    event->end = from_end;
    conn->events++;
    return event;
}

/* ---- Dialling ---------------------------------------------------------- */

static void dial(struct conn *conn)
{
    struct host *place = conn->end[0];
    struct backoff *backoff = &place->backoff[conn->end[1]->index];
    uint64_t from_us = place->world->now_us;

    if (backoff->until_us > from_us)
        from_us = backoff->until_us;
    conn_put(conn, 0, 1, EVENT_DIAL,
             from_us + conn_travel_us(conn_link(conn, 0)), NULL, 0);
}

/* A dial failed, or what it gave did not last: the next one has to wait. */
static void back_off(struct host *place, int peer_index)
{
    struct backoff *backoff = &place->backoff[peer_index];
    uint32_t pause_ms = backoff->pause_ms * 2;

    if (place->world->now_us < backoff->until_us)
        return; /* several streams, one failure */
    if (pause_ms < BACKOFF_MIN_MS)
        pause_ms = BACKOFF_MIN_MS;
    if (pause_ms > BACKOFF_MAX_MS)
        pause_ms = BACKOFF_MAX_MS;
    backoff->pause_ms = pause_ms;
    backoff->until_us = place->world->now_us + pause_ms * UINT64_C(1000) -
                        rng_below(&place->dial_chance, pause_ms * 500);
}

uint64_t streams_open(struct host *place, int peer)
{
    struct host *other = place_of(place->world, peer);
    struct conn *conn = alloc_new(sizeof(*conn));

    if (other == NULL || other == place) {
        /* Nobody is there: the stream never comes up. */
        other = place;
    }
    conn->number = ++place->world->conns;
    conn->end[0] = place;
    conn->end[1] = other;
    conn->is_wanted = true;
    conn->incarnation = place->incarnation;
    name_conn(place, conn, 0);
    if (other != place)
        dial(conn);
    return conn->stream[0];
}

static void seat_or_node_up(struct conn *conn, int end)
{
    struct host *place = conn->end[end];
    const struct world_watch *watch = &place->world->watch;
    int peer = conn->end[1 - end]->id;

    conn->is_open[end] = true;
    if (!place->is_seat)
        place_upcall(place, &(struct upcall){.kind = UPCALL_STREAM_UP,
                                             .id = conn->stream[end],
                                             .peer = peer,
                                             .is_dialled = end == 0});
    else if (watch->seat_up != NULL)
        watch->seat_up(watch->arg, place->id, conn->stream[end], peer,
                       end == 0);
}

void conn_on_dial(struct conn *conn)
{
    struct host *other = conn->end[1];
    uint64_t back_us = other->world->now_us +
                       conn_travel_us(conn_link(conn, 1));

    if (!conn->is_wanted)
        return; /* the dialler has given up, or is gone */
    if (!place_hears(other)) {
        conn_put(conn, 1, 0, EVENT_REFUSED, back_us, NULL, 0);
        return;
    }
    conn->is_up = true;
    conn->up_us = other->world->now_us;
    conn->half[1].least_us = back_us;
    conn_put(conn, 1, 0, EVENT_DIALLED, back_us, NULL, 0);
    name_conn(other, conn, 1);
    tell_stream(conn, "up");
    seat_or_node_up(conn, 1);
}

void conn_on_refused(struct conn *conn)
{
    if (!conn->is_wanted)
        return;
    back_off(conn->end[0], conn->end[1]->index);
    dial(conn);
}

void conn_on_dialled(struct conn *conn)
{
    if (conn->is_wanted)
        seat_or_node_up(conn, 0);
}

/* One end lets go: what it has sent still arrives, and then the end. */
static void close_end(struct conn *conn, int end)
{
    bool has_other = conn->is_up &&
                     (conn->is_open[1 - end] || (end == 1 && conn->is_wanted));

    forget(conn, end);
    tell_stream(conn, "down");
    if (has_other)
        streams_send_rest(conn, end, true);
    free_if_over(conn);
}

void streams_close(struct host *place, uint64_t stream)
{
    struct conn *conn = conn_find(place, stream);

    if (conn != NULL)
        close_end(conn, conn_end(conn, place, stream));
}

void streams_end_all(struct host *place)
{
    for (size_t i = 0; i < place->conn_count; i++)
        streams_close(place, i + 1);
}

/* The stream is gone at one end. */
void conn_on_gone(struct conn *conn, int end)
{
    struct host *place = conn->end[end];
    const struct world_watch *watch = &place->world->watch;
    uint64_t lived_us = place->world->now_us - conn->up_us;
    bool was_open = conn->is_open[end];

    if (end == 0 && !conn->is_proven && lived_us < PROVEN_US)
        back_off(place, conn->end[1]->index);
    else if (end == 0)
        place->backoff[conn->end[1]->index].pause_ms = 0;
    forget(conn, end);
    if (!was_open)
        return;
    if (!place->is_seat)
        place_upcall(place, &(struct upcall){.kind = UPCALL_STREAM_DOWN,
                                             .id = conn->stream[end]});
    else if (watch->seat_down != NULL)
        watch->seat_down(watch->arg, place->id, conn->stream[end]);
}

void streams_release(struct event *event)
{
    event->conn->events--;
    free_if_over(event->conn);
    free(event);
}

/* ---- Orders ------------------------------------------------------------ */

/* Both ends learn of it now; what is under way is lost. */
static void reset(struct conn *conn)
{
    struct world *world = conn->end[0]->world;

    tell_stream(conn, "reset");
    for (int end = 0; end < 2; end++) {
        /* Whoever does not know yet that it is up learns that first. */
        uint64_t least_us = conn->half[1 - end].least_us;
        uint64_t at_us = least_us > world->now_us ? least_us : world->now_us;

        if (conn->is_open[end] || (end == 0 && conn->is_wanted))
            conn_put(conn, 1 - end, end, EVENT_RESET, at_us, NULL, 0);
    }
}

void world_reset(struct world *world, int from, int to)
{
    for (int i = 0; i < world->count; i++) {
        struct host *place = &world->places[i];

        if (from != WORLD_ANYONE && from != place->id)
            continue;
        for (size_t s = 0; s < place->conn_count; s++) {
            struct conn *conn = place->conns[s];

            if (conn != NULL && conn->is_up && conn->end[0] == place &&
                conn->stream[0] == s + 1 &&
                (to == WORLD_ANYONE || conn->end[1]->id == to))
                reset(conn);
        }
    }
}

void streams_free(struct host *place)
{
    for (size_t i = 0; i < place->conn_count; i++) {
        struct conn *conn = place->conns[i];

        if (conn == NULL)
            continue;
        forget(conn, conn_end(conn, place, i + 1));
        free_if_over(conn);
    }
    place->conn_count = 0;
}
