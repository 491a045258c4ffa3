/*
 * clients.c - clients of nodes, played by the test: bytes both ways, in order,
 * never lost. See inside.h.
 */
#include "../../handout/node/outcome.h"
#include "../net/alloc.h"
#include "inside.h"

static struct client *find(struct world *world, uint64_t number)
{
    return number >= 1 && number <= world->client_count
               ? &world->clients[number - 1]
               : NULL;
}

/* The client, if it is one of this place's node and still open. */
static struct client *find_open(struct host *place, uint64_t number)
{
    struct client *client = find(place->world, number);

    return client != NULL && client->place == place && !client->is_closed &&
                   client->life == place->life
               ? client
               : NULL;
}

/* to_test: 0 at the node, 1 at the test. */
static void put(struct client *client, uint64_t number, int to_test,
                enum event_kind kind, const void *data, size_t len)
{
    struct host *place = client->place;
    uint64_t at_us = place->world->now_us + TRAVEL_US;
    struct event *event;

    if (at_us < client->floor_us[to_test])
        at_us = client->floor_us[to_test];
    client->floor_us[to_test] = at_us;
    event = world_put(place, kind, at_us, data, len);
    event->number = number;
    event->life = client->life;
}

uint64_t world_client(struct world *world, int id, enum client_port port)
{
    struct host *place = place_of(world, id);
    struct client *client;

    if (world->client_count == world->client_capacity) {
        world->client_capacity = world->client_capacity == 0
                                     ? 16
                                     : 2 * world->client_capacity;
        world->clients = alloc_resize(
            world->clients, world->client_capacity * sizeof(*world->clients));
    }
    client = &world->clients[world->client_count++];
    *client = (struct client){
        .place = place, .port = port, .life = place->life};
    if (place->is_seat || place->state == PLACE_DOWN) {
        client->is_closed = true;
        put(client, world->client_count, 1, EVENT_TEST_END, NULL, 0);
    }
    return world->client_count;
}

void world_client_send(struct world *world, uint64_t number, const void *data,
                       size_t len)
{
    struct client *client = find(world, number);

    if (client != NULL && !client->is_closed && len > 0)
        put(client, number, 0, EVENT_CLIENT_BYTES, data, len);
}

void world_client_close(struct world *world, uint64_t number)
{
    struct client *client = find(world, number);

    if (client == NULL || client->is_closed)
        return;
    put(client, number, 0, EVENT_CLIENT_END, NULL, 0);
}

int clients_write(struct host *place, uint64_t number, const void *data,
                  size_t len)
{
    struct client *client = find_open(place, number);

    if (client == NULL)
        return NO_STREAM;
    if (len > 0)
        put(client, number, 1, EVENT_TEST_BYTES, data, len);
    return OK;
}

void clients_close(struct host *place, uint64_t number)
{
    struct client *client = find_open(place, number);

    if (client == NULL)
        return;
    client->is_closed = true;
    put(client, number, 1, EVENT_TEST_END, NULL, 0);
}

void clients_end_all(struct host *place)
{
    struct world *world = place->world;

    for (uint64_t i = 1; i <= world->client_count; i++) {
        struct client *client = find(world, i);

        if (client->place != place || client->is_closed)
            continue;
        client->is_closed = true;
        put(client, i, 1, EVENT_TEST_END, NULL, 0);
    }
}

void clients_on_event(struct host *place, const struct event *event)
{
    const struct world_watch *watch = &place->world->watch;
    struct client *client = find_open(place, event->number);

    switch (event->kind) {
    case EVENT_CLIENT_BYTES:
        if (client != NULL)
            place_upcall(place, &(struct upcall){.kind = UPCALL_CLIENT_BYTES,
                                                 .id = event->number,
                                                 .port = client->port,
                                                 .data = event->bytes,
                                                 .len = event->len});
        break;
    case EVENT_CLIENT_END:
        if (client == NULL)
            break;
        client->is_closed = true;
        place_upcall(place, &(struct upcall){.kind = UPCALL_CLIENT_CLOSED,
                                             .id = event->number});
        break;
    case EVENT_TEST_BYTES:
        if (watch->client != NULL)
            watch->client(watch->arg, event->number, event->bytes, event->len);
        break;
    default: /* EVENT_TEST_END */
        if (watch->client != NULL)
            watch->client(watch->arg, event->number, NULL, 0);
        break;
    }
}
