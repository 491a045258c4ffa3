/*
 * load.c - see load.h. A connection is the world's client of the same number:
 * nobody else makes any.
 */
#define _GNU_SOURCE

#include "load.h"

#include <stdlib.h>
#include <string.h>

#include "../net/alloc.h"
#include "../net/rng.h"

#define LOAD_CHANCE     0x6c6f6164 /* its stream of random draws */
#define HOP             0.15       /* a client goes elsewhere unasked */
#define CLIENT_BASE     2000       /* ports in addresses: trial_config.c */
#define PATIENCE_MIN_MS 200        /* for an answer, at least */
#define PATIENCE_MAX_MS 2500       /* and at most */

/* One connection to a node. */
struct connection {
    int node;                        /* to whom */
    bool is_open;                    /* neither side has closed it */
    int owner;                       /* a client; -1: a single order's */
    uint64_t flight[LOAD_MAX_BATCH]; /* numbers that wait for an answer */
    int first;                       /* the oldest of them */
    int count;                       /* how many, from there on */
    uint64_t asked_us; /* when the oldest was asked or became so */
    char *heard;       /* bytes of the reply so far, NUL-ended */
    size_t heard_len;  /* how many */
};

/* Somebody who proposes again and again. */
struct client {
    uint64_t connection;  /* the one in use; 0: none */
    int hint;             /* a node that was named as the leader, or NO_NODE */
    uint64_t again;       /* a command that was certainly not taken; 0: none */
    uint64_t next_us;     /* when it acts */
    uint64_t patience_us; /* for the answer to the oldest */
};

struct load {
    struct world *world;                     /* where */
    struct witness *witness;                 /* who is told of answers */
    FILE *told;                              /* takes lines, or NULL */
    struct rng chance;                       /* decides */
    struct connection **connections;         /* by number, minus 1 */
    uint64_t connection_count;               /* so far */
    struct client clients[LOAD_MAX_CLIENTS]; /* the first count are there */
    int count;                               /* clients */
    uint32_t pause_ms;                       /* between two of their acts */
};

struct load *load_new(struct world *world, struct witness *witness,
                      uint64_t seed, FILE *told)
{
    struct load *load = alloc_new(sizeof(*load));

    load->world = world;
    load->witness = witness;
    load->told = told;
    rng_init(&load->chance, seed, LOAD_CHANCE, 0, 0);
    return load;
}

void load_free(struct load *load)
{
    if (load == NULL)
        return;
    for (uint64_t i = 0; i < load->connection_count; i++) {
        free(load->connections[i]->heard);
        free(load->connections[i]);
    }
    free(load->connections);
    free(load);
}

/* ---- Connections ------------------------------------------------------- */

static struct connection *at(const struct load *load, uint64_t number)
{
    return number >= 1 && number <= load->connection_count
               ? load->connections[number - 1]
               : NULL;
}

static uint64_t connect_to(struct load *load, int node, int owner)
{
    struct connection *connection = alloc_new(sizeof(*connection));

    *connection = (struct connection){
        .node = node, .owner = owner, .is_open = true};
    load->connections = alloc_resize(load->connections,
                                     (load->connection_count + 1) *
                                         sizeof(*load->connections));
    load->connections[load->connection_count++] = connection;
    return world_client(load->world, node, PORT_RESP);
}

static void hang_up(struct load *load, uint64_t number)
{
    struct connection *connection = at(load, number);

    if (connection == NULL || !connection->is_open)
        return;
    connection->is_open = false;
    world_client_close(load->world, number);
}

/* A command of a known number, as the Redis protocol writes it. */
static void say(struct load *load, uint64_t to, uint64_t number)
{
    struct connection *connection = at(load, to);
    size_t len = witness_len(load->witness, number);
    uint8_t *bytes = alloc_new(len + 64);
    int head = snprintf((char *)bytes, 64, "*2\r\n$7\r\nPROPOSE\r\n$%zu\r\n",
                        len);

    if (connection->count == 0)
        connection->asked_us = world_now_us(load->world);
    connection->flight[(connection->first + connection->count++) %
                       LOAD_MAX_BATCH] = number;
    witness_bytes(load->witness, number, bytes + head);
    memcpy(bytes + head + len, "\r\n", 2);
    world_client_send(load->world, to, bytes, (size_t)head + len + 2);
    free(bytes);
    if (load->told != NULL)
        fprintf(load->told, "Q %llu %llu %d PROPOSE n%llu (%zu bytes)\n",
                (unsigned long long)world_now_us(load->world),
                (unsigned long long)number, connection->node,
                (unsigned long long)number, len);
}

uint64_t load_propose(struct load *load, int node, int count, size_t len)
{
    uint64_t to = connect_to(load, node, -1);
    uint64_t first = 0;

    for (int i = 0; i < count && i < LOAD_MAX_BATCH; i++) {
        uint64_t number = witness_command(load->witness, len);

        first = first == 0 ? number : first;
        say(load, to, number);
    }
    return first;
}

uint64_t load_ask(struct load *load, int node, const char *command)
{
    uint64_t to = connect_to(load, node, -1);
    char line[64];
    int len = snprintf(line, sizeof(line), "%s\r\n", command);

    world_client_send(load->world, to, line, (size_t)len);
    return to;
}

const char *load_reply(const struct load *load, uint64_t number)
{
    const struct connection *connection = at(load, number);

    return connection != NULL && connection->heard_len > 0 ? connection->heard
                                                           : NULL;
}

/* ---- Clients ----------------------------------------------------------- */

static uint64_t draw_us(struct load *load, uint32_t low_ms, uint32_t high_ms)
{
    return UINT64_C(1000) *
           (low_ms + rng_below(&load->chance, high_ms - low_ms + 1));
}

void load_clients(struct load *load, int count, uint32_t pause_ms)
{
    uint64_t now_us = world_now_us(load->world);

    if (count > LOAD_MAX_CLIENTS)
        count = LOAD_MAX_CLIENTS;
    load->pause_ms = pause_ms > 0 ? pause_ms : 1;
    for (int c = load->count; c < count; c++)
        load->clients[c] = (struct client){
            .hint = NO_NODE,
            .next_us = now_us + draw_us(load, 0, load->pause_ms)};
    load->count = count;
}

uint64_t load_next_us(const struct load *load)
{
    uint64_t next_us = UINT64_MAX;

    for (int c = 0; c < load->count; c++)
        if (load->clients[c].next_us < next_us)
            next_us = load->clients[c].next_us;
    return next_us;
}

static int draw_node(struct load *load)
{
    const int *ids;
    int count = world_ids(load->world, &ids);

    return ids[rng_below(&load->chance, (uint32_t)count)];
}

/* Goes to whoever is said to lead, or anywhere. */
static void go(struct load *load, int c)
{
    struct client *client = &load->clients[c];
    bool hops = client->hint == NO_NODE || rng_chance(&load->chance, HOP);

    hang_up(load, client->connection);
    client->connection = connect_to(load, hops ? draw_node(load) : client->hint,
                                    c);
    client->hint = NO_NODE;
    client->patience_us = draw_us(load, PATIENCE_MIN_MS, PATIENCE_MAX_MS);
}

static void act(struct load *load, int c)
{
    struct client *client = &load->clients[c];
    const struct connection *connection = at(load, client->connection);
    uint64_t now_us = world_now_us(load->world);

    client->next_us = now_us + draw_us(load, load->pause_ms / 2,
                                       load->pause_ms + load->pause_ms / 2);
    if (connection == NULL || !connection->is_open || client->hint != NO_NODE ||
        rng_chance(&load->chance, HOP / 10) ||
        (connection->count > 0 &&
         now_us - connection->asked_us > client->patience_us))
        go(load, c);
    connection = at(load, client->connection);
    for (uint32_t i = rng_below(&load->chance, 2) + 1;
         i > 0 && connection->count < LOAD_MAX_FLIGHT; i--) {
        uint64_t number = client->again;
        uint32_t len = rng_below(&load->chance, 80);

        client->again = 0;
        if (number == 0)
            number = witness_command(load->witness, len);
        say(load, client->connection, number);
    }
}

void load_act(struct load *load)
{
    for (int c = 0; c < load->count; c++)
        if (load->clients[c].next_us <= world_now_us(load->world))
            act(load, c);
}

/* ---- Answers ----------------------------------------------------------- */

/* What a client makes of a refusal. */
static void refused(struct load *load, const struct connection *connection,
                    uint64_t number, const char *text)
{
    struct client *client = connection->owner >= 0
                                ? &load->clients[connection->owner]
                                : NULL;
    int port;

    if (client == NULL || at(load, client->connection) != connection)
        return;
    if (strncmp(text, "-LOST", 5) != 0)
        client->again = number;
    if (sscanf(text, "-MOVED 0 %*[^:]:%d", &port) == 1)
        client->hint = world_has(load->world, port - CLIENT_BASE)
                           ? port - CLIENT_BASE
                           : draw_node(load);
    else if (strncmp(text, "-CLUSTERDOWN", 12) == 0 &&
             rng_chance(&load->chance, 0.5))
        client->hint = draw_node(load);
}

static void tell(struct load *load, uint64_t number, const char *text)
{
    if (load->told != NULL)
        fprintf(load->told, "Y %llu %llu %.*s\n",
                (unsigned long long)world_now_us(load->world),
                (unsigned long long)number, (int)strcspn(text, "\r\n"), text);
}

/* Bytes of the first whole answer to a PROPOSE; 0: there is none yet. */
static size_t whole(const char *text)
{
    const char *end = text;

    for (int lines = text[0] == '*' ? 3 : 1; lines > 0; lines--) {
        end = strstr(end, "\r\n");
        if (end == NULL)
            return 0;
        end += 2;
    }
    return (size_t)(end - text);
}

/* The oldest proposal of a connection has its answer. */
static void take(struct load *load, struct connection *connection,
                 const char *text)
{
    uint64_t number = connection->flight[connection->first];
    unsigned long long index;
    unsigned long long term;
    char line[64];

    connection->first = (connection->first + 1) % LOAD_MAX_BATCH;
    connection->count--;
    connection->asked_us = world_now_us(load->world);
    if (sscanf(text, "*2\r\n:%llu\r\n:%llu\r\n", &index, &term) != 2) {
        tell(load, number, text);
        refused(load, connection, number, text);
        return;
    }
    snprintf(line, sizeof(line), "[%llu, %llu]", index, term);
    tell(load, number, line);
    witness_answered(load->witness, connection->node, number, index, term);
}

/* The connection has ended: nobody will answer what is under way. */
static void ended(struct load *load, struct connection *connection)
{
    connection->is_open = false;
    for (; connection->count > 0; connection->count--) {
        tell(load, connection->flight[connection->first],
             "no answer: the connection ended");
        connection->first = (connection->first + 1) % LOAD_MAX_BATCH;
    }
}

void load_heard(struct load *load, uint64_t number, const void *data,
                size_t len)
{
    struct connection *connection = at(load, number);
    size_t used = 0;
    size_t size;

    if (connection == NULL || !connection->is_open)
        return;
    if (data == NULL || connection->heard_len + len > LOAD_MAX_REPLY) {
        ended(load, connection);
        return;
    }
    connection->heard = alloc_resize(connection->heard,
                                     connection->heard_len + len + 1);
    memcpy(connection->heard + connection->heard_len, data, len);
    connection->heard_len += len;
    connection->heard[connection->heard_len] = '\0';
    while (connection->count > 0 &&
           (size = whole(connection->heard + used)) > 0) {
        take(load, connection, connection->heard + used);
        used += size;
    }
    connection->heard_len -= used;
    memmove(connection->heard, connection->heard + used,
            connection->heard_len + 1);
}
