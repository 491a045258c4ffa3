/*
 * place.c - a node's life. See inside.h.
 */
#define _GNU_SOURCE

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apart.h"
#include "inside.h"

struct host *place_of(const struct world *world, int id)
{
    for (int i = 0; i < world->count; i++)
        if (world->ids[i] == id)
            return (struct host *)&world->places[i];
    return NULL;
}

void place_init(struct world *world, int index, int id)
{
    struct host *place = &world->places[index];

    place->world = world;
    place->index = index;
    place->id = id;
    place->disk = disk_new(world->seed, id);
    place->alarm_us = place->alarm_event_us = UINT64_MAX;
    place->held_end = &place->held;
    memory_init(&place->memory);
}

bool place_hears(const struct host *place)
{
    return place->is_seat || place->state == PLACE_UP;
}

/* ---- Acts -------------------------------------------------------------- */

static uint64_t mix(uint64_t hash, uint64_t value)
{
    hash = (hash ^ value) * UINT64_C(0x9e3779b97f4a7c15);
    return hash ^ hash >> 29;
}

static uint64_t mix_bytes(uint64_t hash, const uint8_t *data, size_t len)
{
    uint64_t word;

    hash = mix(hash, len);
    for (; len >= sizeof(word); data += sizeof(word), len -= sizeof(word)) {
        memcpy(&word, data, sizeof(word));
        hash = mix(hash, word);
    }
    word = 0;
    if (len > 0)
        memcpy(&word, data, len);
    return mix(hash, word);
}

void place_act(struct host *place, const char *what, uint64_t a, uint64_t b,
               const void *data, size_t len)
{
    struct world *world = place->world;
    uint64_t hash = mix(world->counts.hash, world->now_us);

    hash = mix(hash, (uint64_t)place->index);
    hash = mix_bytes(hash, (const uint8_t *)what, strlen(what));
    hash = mix(mix(hash, a), b);
    world->counts.hash = mix_bytes(hash, data, len);
    if (world->watch.act != NULL)
        world->watch.act(world->watch.arg, place->id, what, a, b, data, len);
}

/* ---- Upcalls ----------------------------------------------------------- */

void place_call_node(struct host *place, const void *arg)
{
    const struct upcall *u = arg;
    const struct node_ops *ops = place->ops;

    switch (u->kind) {
    case UPCALL_START: {
        const struct node_args args = {.id = place->id,
                                       .incarnation = place->incarnation,
                                       .config = place->world->config};
        ops->start(place->world->door, place, &args);
        return;
    }
    case UPCALL_STREAM_UP:
        ops->stream_up(u->id, u->peer, u->is_dialled);
        return;
    case UPCALL_STREAM_BYTES:
        ops->stream_bytes(u->id, u->data, u->len);
        return;
    case UPCALL_STREAM_DOWN:
        ops->stream_down(u->id);
        return;
    case UPCALL_ALARM:
        ops->alarm_rang();
        return;
    case UPCALL_DISK:
        ops->disk_done(u->id, u->outcome, u->data, u->len, u->size);
        return;
    case UPCALL_CLIENT_BYTES:
        ops->client_bytes(u->id, u->port, u->data, u->len);
        return;
    case UPCALL_CLIENT_CLOSED:
        ops->client_closed(u->id);
        return;
    case UPCALL_SHUT_DOWN:
        ops->shut_down();
        return;
    }
}

/* The running node dies when its upcall ends; nothing it does counts now. */
void place_doom(struct host *place, enum world_end end, const char *how)
{
    if (place->is_dying)
        return;
    place->is_dying = true;
    place->end = end;
    snprintf(place->how, sizeof(place->how), "%s", how);
}

void place_count(struct host *place, enum world_point point)
{
    static const char *const names[POINT_COUNT] = {
        "sent a frame", "wrote to its disk", "issued a sync",
        "had a sync completed", "applied an entry"};
    char how[64];

    if (place->countdown[point] == 0 || --place->countdown[point] > 0)
        return;
    snprintf(how, sizeof(how), "crashed when it had just %s", names[point]);
    place_doom(place, END_KILLED, how);
}

static void unload_now(struct host *place, const void *error)
{
    union {
        const void *from;
        char *to;
    } where = {.from = error};

    if (image_unload(place->image, where.to) != 0)
        fprintf(stderr, "sim: %s\n", where.to);
}

/* Takes the node away, as if the process had been killed. */
static void bury(struct host *place)
{
    struct world *world = place->world;
    struct world_watch *watch = &world->watch;
    char error[LOADER_MAX_ERROR] = "";

    place->state = PLACE_DOWN;
    place->life++;
    streams_end_all(place);
    clients_end_all(place);
    world_put_held(place, &place->held, &place->held_end);
    /* Its own code runs once more, to let go of what the loader knows. */
    if (place->apart == NULL)
        guest_run(place, unload_now, error);
    apart_end(place);
    memory_clear(&place->memory);
    disk_crash(place->disk);
    place->ops = NULL;
    place->alarm_us = place->alarm_event_us = UINT64_MAX;
    place->is_dying = place->must_stop = false;
    place->is_advised = false;
    memset(place->countdown, 0, sizeof(place->countdown));
    memset(place->backoff, 0, sizeof(place->backoff));
    check_ended(&world->check, place->id, world->now_us);
    if (error[0] != '\0') {
        place->end = END_WRONG;
        snprintf(place->how, sizeof(place->how), "%s", error);
    }
    if (place->end != END_CRASHED) /* in one process, there the trace ends */
        place_act(place, "ended", (uint64_t)place->end, 0, NULL, 0);
    if (watch->ended != NULL)
        watch->ended(watch->arg, place->id, place->end, place->how);
}

void place_bury_dying(struct host *place)
{
    if (place->is_dying)
        bury(place);
}

/* Too many upcalls without time passing is a loop through the host. */
static void count_upcall(struct host *place)
{
    struct world *world = place->world;
    uint64_t now_ms = world->now_us / 1000;

    world->counts.upcalls++;
    place->upcalls++;
    if (now_ms != world->busy_ms) {
        world->busy_ms = now_ms;
        world->busy_upcalls = 0;
    }
    if (++world->busy_upcalls > WORLD_BUSY_LIMIT) {
        world->busy_upcalls = 0;
        place_doom(place, END_WRONG,
                   "endless loop: 100000 upcalls within one millisecond of "
                   "virtual time, this node's among them");
    }
}

void (*before_upcall)(struct host *place, const struct upcall *upcall);

void place_upcall(struct host *place, const struct upcall *upcall)
{
    assert(guest_running() == NULL); /* upcalls never nest */
    count_upcall(place);
    if (before_upcall != NULL)
        before_upcall(place, upcall);
    if (!place->is_dying && place->apart == NULL)
        guest_run(place, place_call_node, upcall);
    else if (!place->is_dying)
        apart_upcall(place, upcall);
    place_bury_dying(place);
}

/* ---- Start and end ----------------------------------------------------- */

/* Loading runs the copy's constructors, so it is done as the node. */
struct loading {
    const struct node_ops *ops;   /* what it offers; NULL: nothing */
    char error[LOADER_MAX_ERROR]; /* a sentence */
};

static void load_now(struct host *place, const void *arg)
{
    union {
        const void *from;
        struct loading *to;
    } loading = {.from = arg};

    loading.to->ops = image_load(place->image, loading.to->error);
}

bool place_load(struct host *place, char error[LOADER_MAX_ERROR])
{
    struct loading loading = {.error = ""};

    if (place->image == NULL)
        place->image = image_take(place->world->code);
    if (!guest_run(place, load_now, &loading))
        snprintf(loading.error, sizeof(loading.error), "%.500s", place->how);
    else if (loading.ops != NULL && loading.ops->version != HOST_DOOR_VERSION)
        snprintf(loading.error, sizeof(loading.error),
                 "the node was built for another version of host.h");
    if (loading.error[0] == '\0') {
        place->ops = loading.ops;
        return true;
    }
    place->is_dying = false;
    memcpy(error, loading.error, LOADER_MAX_ERROR);
    return false;
}

/* Loads the node where it is to run; tells if that fails. */
static bool load(struct host *place)
{
    struct world_watch *watch = &place->world->watch;
    char error[LOADER_MAX_ERROR];

    if (place->world->code->is_isolated ? apart_start(place, error)
                                        : place_load(place, error))
        return true;
    if (watch->ended != NULL)
        watch->ended(watch->arg, place->id, END_WRONG, error);
    return false;
}

bool world_start(struct world *world, int id, const struct world_start *start)
{
    struct host *place = place_of(world, id);
    uint64_t seed = world->seed;
    uint64_t rate = (uint64_t)(start->rate * RATE_ONE + 0.5);

    if (place == NULL || place->is_seat || place->state != PLACE_DOWN)
        return false;
    if (!load(place))
        return false;
    place->incarnation = start->incarnation != 0 ? start->incarnation
                                                 : place->incarnation + 1;
    place->life++;
    place->upcalls = 0;
    place->state = PLACE_UP;
    rng_init(&place->chance, seed, (uint64_t)id, place->incarnation,
             CHANCE_NODE);
    rng_init(&place->libc_chance, seed, (uint64_t)id, place->incarnation,
             CHANCE_LIBC);
    rng_init(&place->dial_chance, seed, (uint64_t)id, place->incarnation,
             CHANCE_DIAL);
    rng_init(&place->alarm_chance, seed, (uint64_t)id, place->incarnation,
             CHANCE_ALARM);
    if (rate == 0)
        rate = place->rate != 0 ? place->rate : RATE_ONE;
    clock_init(place, rate, start->wall_offset_us);
    check_started(&world->check, id, place->incarnation, world->now_us);
    place_upcall(place, &(struct upcall){.kind = UPCALL_START});
    return place->state == PLACE_UP;
}

void world_kill(struct world *world, int id)
{
    struct host *place = place_of(world, id);

    if (place == NULL || place->state == PLACE_DOWN)
        return;
    place_doom(place, END_KILLED, "killed");
    bury(place);
}

void world_shut_down(struct world *world, int id)
{
    struct host *place = place_of(world, id);

    if (place != NULL && place->state == PLACE_UP)
        place_upcall(place, &(struct upcall){.kind = UPCALL_SHUT_DOWN});
    else if (place != NULL && place->state == PLACE_PAUSED)
        place->must_stop = true;
}

void world_pause(struct world *world, int id)
{
    struct host *place = place_of(world, id);

    if (place != NULL && place->state == PLACE_UP)
        place->state = PLACE_PAUSED;
}

void world_resume(struct world *world, int id)
{
    struct host *place = place_of(world, id);

    if (place == NULL || place->state != PLACE_PAUSED)
        return;
    place->state = PLACE_UP;
    world_put_held(place, &place->held, &place->held_end);
    if (place->must_stop) {
        place->must_stop = false;
        world_shut_down(world, id);
    }
}

static void unload_quietly(struct host *place, const void *unused)
{
    char error[LOADER_MAX_ERROR];

    (void)unused;
    image_unload(place->image, error);
}

void place_free(struct host *place)
{
    streams_free(place);
    if (place->state != PLACE_DOWN && place->apart == NULL)
        guest_run(place, unload_quietly, NULL);
    apart_end(place);
    memory_clear(&place->memory);
    disk_free(place->disk);
    free(place->conns);
}
