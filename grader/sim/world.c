/*
 * world.c - making a world, letting its events happen, and the network's
 * orders. See world.h and inside.h.
 */
#define _GNU_SOURCE

#include "world.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../handout/node/outcome.h"
#include "../net/alloc.h"
#include "apart.h"
#include "inside.h"

/* ---- Making one -------------------------------------------------------- */

/* Finds the nodes in a configuration; the nodes themselves check the rest. */
static int find_nodes(const char *config, int ids[MAX_NODES])
{
    int count = 0;
    const char *line = config;

    while (line != NULL && *line != '\0') {
        int id;

        if (sscanf(line, " node %d", &id) == 1 && id >= 0) {
            int at = count;

            if (count++ == MAX_NODES)
                return -1;
            for (; at > 0 && ids[at - 1] > id; at--)
                ids[at] = ids[at - 1];
            ids[at] = id;
        }
        line = strchr(line, '\n');
        if (line != NULL)
            line++;
    }
    return count;
}

static void init_links(struct world *world)
{
    for (int from = 0; from < world->count; from++) {
        for (int to = 0; to < world->count; to++) {
            struct link_state *link = &world->links[from][to];

            link_init(&link->link, world->seed, world->ids[from],
                      world->ids[to]);
            rng_init(&link->travel, world->seed, (uint64_t)world->ids[from],
                     (uint64_t)world->ids[to], CHANCE_TRAVEL);
            link->held_end = &link->held;
        }
    }
}

struct world *world_new(const struct world_setup *setup,
                        char error[LOADER_MAX_ERROR])
{
    struct world *world = alloc_new(sizeof(*world));

    world->seed = setup->seed;
    world->code = setup->code;
    world->door = &sim_host_ops;
    world->config = strdup(setup->config);
    if (setup->watch != NULL)
        world->watch = *setup->watch;
    world->counts.hash = setup->seed;
    world->count = find_nodes(setup->config, world->ids);
    if (world->count < 1) {
        snprintf(error, LOADER_MAX_ERROR,
                 "the configuration holds %s; it needs lines that read 'node "
                 "1 listen=... client=...', at most %d of them",
                 world->count == 0 ? "no node" : "too many nodes", MAX_NODES);
        free(world->config);
        free(world);
        return NULL;
    }
    init_links(world);
    for (int i = 0; i < world->count; i++)
        place_init(world, i, world->ids[i]);
    world->check = check_new(world->ids, world->count);
    logs_have_disks(world->check.logs);
    return world;
}

/* An event that will not happen any more. */
static void drop(struct event *event)
{
    disk_work_free(event->work);
    if (event->conn != NULL)
        streams_release(event);
    else
        free(event);
}

static void drop_list(struct event *event)
{
    while (event != NULL) {
        struct event *next = event->next;

        drop(event);
        event = next;
    }
}

void world_drop_cache(void)
{
    image_drop_spares();
    memory_drop_cache();
}

void world_free(struct world *world)
{
    if (world == NULL)
        return;
    for (int i = 0; i < world->count; i++)
        drop_list(world->places[i].held);
    for (int from = 0; from < world->count; from++)
        for (int to = 0; to < world->count; to++)
            drop_list(world->links[from][to].held);
    while (world->events.count > 0)
        drop(events_take(&world->events));
    for (int i = 0; i < world->count; i++) {
        place_free(&world->places[i]);
        image_give(world->places[i].image);
    }
    check_free(&world->check);
    free(world->events.heap);
    free(world->clients);
    free(world->gathered);
    free(world->config);
    free(world);
}

/* ---- Events ------------------------------------------------------------ */

struct event *world_put(struct host *place, enum event_kind kind,
                        uint64_t at_us, const void *data, size_t len)
{
    struct event *event = event_new(data, len);

    event->at_us = at_us;
    event->sequence = ++place->sequence;
    event->place = (uint32_t)place->index;
    event->kind = kind;
    event->life = place->life;
    events_put(&place->world->events, event);
    return event;
}

void world_put_held(struct host *place, struct event **held,
                    struct event ***end)
{
    struct world *world = place->world;

    while (*held != NULL) {
        struct event *event = *held;

        *held = event->next;
        event->at_us = world->now_us;
        event->sequence = ++world->places[event->place].sequence;
        events_put(&world->events, event);
    }
    *end = held;
}

/* What happens at the test, even if the node is paused. */
static bool is_at_test(const struct event *event)
{
    return event->kind == EVENT_TEST_BYTES || event->kind == EVENT_TEST_END ||
           event->kind == EVENT_REFUSED;
}

static void happen(struct host *place, struct event *event)
{
    struct disk_work *work = event->work;

    switch (event->kind) {
    case EVENT_ALARM:
        if (event->life == place->life)
            clock_on_event(place);
        free(event);
        return;
    case EVENT_DISK:
        if (event->life == place->life) {
            disk_finish(place->disk, work);
            if (work->sync_number != 0 && work->outcome == OK)
                logs_synced(place->world->check.logs, place->id,
                            work->sync_number);
            if (work->is_sync)
                place_count(place, POINT_SYNCED);
            place_upcall(place, &(struct upcall){.kind = UPCALL_DISK,
                                                 .id = work->token,
                                                 .outcome = work->outcome,
                                                 .data = work->data,
                                                 .len = work->len,
                                                 .size = work->size});
        }
        disk_work_free(work);
        free(event);
        return;
    case EVENT_CLIENT_BYTES:
    case EVENT_CLIENT_END:
    case EVENT_TEST_BYTES:
    case EVENT_TEST_END:
        clients_on_event(place, event);
        free(event);
        return;
    default:
        streams_on_event(place, event);
        return;
    }
}

static void report_violations(struct world *world)
{
    struct violation violation;

    while (check_found(&world->check, &violation))
        if (world->watch.violation != NULL)
            world->watch.violation(world->watch.arg, &violation);
}

bool world_step(struct world *world, uint64_t until_us)
{
    struct event *event = events_first(&world->events);
    struct host *place;

    if (event == NULL || event->at_us > until_us) {
        if (until_us != UINT64_MAX && until_us > world->now_us)
            world->now_us = until_us;
        return false;
    }
    events_take(&world->events);
    assert(event->at_us >= world->now_us);
    world->now_us = event->at_us;
    world->counts.events++;
    place = &world->places[event->place];
    if (place->state == PLACE_PAUSED && !is_at_test(event)) {
        event->next = NULL;
        *place->held_end = event;
        place->held_end = &event->next;
        return true;
    }
    happen(place, event);
    report_violations(world);
    return true;
}

uint64_t world_next_us(const struct world *world)
{
    const struct event *event = events_first(&world->events);

    return event != NULL ? event->at_us : UINT64_MAX;
}

/* ---- Questions --------------------------------------------------------- */

uint64_t world_now_us(const struct world *world)
{
    return world->now_us;
}

struct world_counts world_counts(const struct world *world)
{
    return world->counts;
}

int world_ids(const struct world *world, const int **ids)
{
    *ids = world->ids;
    return world->count;
}

bool world_has(const struct world *world, int id)
{
    return place_of(world, id) != NULL;
}

bool world_is_up(const struct world *world, int id)
{
    const struct host *place = place_of(world, id);

    return place != NULL && place->state != PLACE_DOWN;
}

const struct check *world_check(const struct world *world)
{
    return &world->check;
}

struct disk *world_disk(struct world *world, int id)
{
    struct host *place = place_of(world, id);

    return place != NULL ? place->disk : NULL;
}

static void describe_now(struct host *place, const void *arg)
{
    union {
        const void *from;
        char **to;
    } text = {.from = arg};
    size_t size_bytes = (size_t)(text.to[1] - text.to[0]);

    place->ops->describe(text.to[0], size_bytes);
}

void world_describe(struct world *world, int id, char *text, size_t size_bytes)
{
    struct host *place = place_of(world, id);
    char *ends[2] = {text, text + size_bytes};

    text[0] = '\0';
    if (place == NULL || place->state == PLACE_DOWN || place->is_seat)
        return;
    if (place->apart == NULL)
        guest_run(place, describe_now, ends);
    else
        apart_describe(place, text, size_bytes);
    place_bury_dying(place);
}

/* ---- Orders ------------------------------------------------------------ */

void world_sit(struct world *world, int id)
{
    struct host *place = place_of(world, id);

    if (place == NULL || place->state != PLACE_DOWN || place->is_seat)
        return;
    place->is_seat = true;
    place->incarnation = 1;
}

void world_crash_at(struct world *world, int id, enum world_point point,
                    uint32_t count)
{
    struct host *place = place_of(world, id);

    if (place != NULL)
        place->countdown[point] = count;
}

static struct link_state *link_between(const struct world *world, int from,
                                       int to)
{
    struct host *sender = place_of(world, from);
    struct host *receiver = place_of(world, to);

    return (struct link_state *)&world->links[sender->index][receiver->index];
}

const struct link_faults *world_link(const struct world *world, int from,
                                     int to)
{
    return &link_between(world, from, to)->link.faults;
}

void world_set_link(struct world *world, int from, int to,
                    const struct link_faults *faults)
{
    struct link_state *link = link_between(world, from, to);
    bool had_barrier = link->link.faults.is_cut || link->link.faults.is_clogged;

    link->link.faults = *faults;
    /* What must still wait will be held again. */
    if (had_barrier)
        world_put_held(place_of(world, from), &link->held, &link->held_end);
}

uint64_t world_seat_dial(struct world *world, int seat, int peer)
{
    struct host *place = place_of(world, seat);

    return place != NULL && place->is_seat ? streams_open(place, peer) : 0;
}

int world_seat_send(struct world *world, int seat, uint64_t stream,
                    const void *data, size_t len)
{
    return streams_write(place_of(world, seat), stream, data, len);
}

void world_seat_close(struct world *world, int seat, uint64_t stream)
{
    streams_close(place_of(world, seat), stream);
}
