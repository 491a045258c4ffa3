/*
 * client.c - clients' connections: requests in, executed in coroutines, replies
 * out in the order of the requests; see client.h.
 *
 *      bytes --> unparsed --take--> runs: [done][under way][done][under way]
 *                                    |
 *                    a reply leaves when all before it have left
 *
 * A run is one request, or several that a batch command executes at once: see
 * client_batch.h, which reads them. While a batch command is under way nothing
 * behind it is begun, so that a connection's commands take effect in order.
 *
 * The invariants: a client's runs are in the order in which they came, and the
 * first of them is not done (else it would have left); a client that has gone
 * is kept for as long as one of its runs is under way; a whole request waits at
 * the front of unparsed only while something forbids to take it: a batch or a
 * limit of the client's own (then the end of one of its commands helps), or the
 * node's limit (then it queues in stalled, and the end of any command helps).
 *
 * The commands that every node knows are in client_commands.c and
 * client_cluster.c.
 */
#include "client.h"

#include <stdlib.h>
#include <string.h>

#include "client_batch.h"
#include "client_commands.h"
#include "client_table.h"
#include "co.h"
#include "event.h"
#include "node.h"

#define CLIENT_BUCKETS         256         /* of the table of clients */
#define MAX_CLIENT_RUNNING     4096        /* commands under way on the node */
#define MAX_CLIENT_INPUT_BYTES (16u << 20) /* unanswered, of one client */

/* A connection. */
struct client {
    enum client_port port;    /* by which it came */
    uint64_t id;              /* the host's */
    struct buf unparsed;      /* came and was not yet taken */
    struct list runs;         /* unanswered, in order */
    int request_count;        /* requests in them */
    size_t input_bytes;       /* of their batches */
    struct buf name;          /* given by CLIENT SETNAME */
    struct list link;         /* in the table */
    struct list stall;        /* in stalled */
    struct client_run *batch; /* a batch command under way, or NULL */
    bool is_stalled;          /* something keeps unparsed from being taken */
    bool is_ending; /* takes nothing more, closes when all is answered */
    bool is_gone;   /* closed; replies are dropped */
};

static struct list table[CLIENT_BUCKETS]; /* connected clients, by id */
static struct list stalled;               /* held up by the node's limit */
static struct cond ended;                 /* a command has ended */
static int running;                       /* commands under way */
static bool is_draining;                  /* nothing new is begun */

uint64_t client_id(const struct client *client)
{
    return client->id;
}

struct buf *client_name(struct client *client)
{
    return &client->name;
}

void client_command(const char *name, int min_argc, int max_argc,
                    void (*fn)(struct client_request *request))
{
    client_table_add(&(struct client_command){
        .name = name, .min_argc = min_argc, .max_argc = max_argc, .fn = fn});
}

void client_batch_command(const char *name, int min_argc, int max_argc,
                          void (*fn)(struct client_request *requests[],
                                     int count))
{
    client_table_add(&(struct client_command){.name = name,
                                              .min_argc = min_argc,
                                              .max_argc = max_argc,
                                              .batch_fn = fn});
}

void client_text_command(const char *name,
                         void (*fn)(struct client_request *requests[],
                                    int count))
{
    client_table_add(&(struct client_command){
        .port = PORT_TEXT, .name = name, .batch_fn = fn});
}

void client_keys(const char *name, int first, int last)
{
    struct client_command *command = client_table_get(PORT_RESP,
                                                      bytes_text(name));

    if (!command)
        node_fatal("client_keys: there is no command '%s' yet", name);
    command->first_key = first;
    command->last_key = last;
}

static struct list *bucket_of(uint64_t id)
{
    return &table[id % CLIENT_BUCKETS];
}

static struct client *find_client(uint64_t id)
{
    list_each(at, bucket_of(id)) {
        struct client *client = list_entry(at, struct client, link);
        if (client->id == id)
            return client;
    }
    return NULL;
}

static struct client *add_client(uint64_t id, enum client_port port)
{
    struct client *client = calloc(1, sizeof *client);

    if (!client)
        node_fatal("out of memory for a client");
    client->id = id;
    client->port = port;
    list_init(&client->runs);
    list_init(&client->stall);
    list_add(bucket_of(id), &client->link);
    return client;
}

static void free_client(struct client *client)
{
    buf_free(&client->unparsed);
    buf_free(&client->name);
    free(client);
}

/* The connection is over. What was taken goes on, its replies are dropped. */
static void lose_client(struct client *client)
{
    list_remove(&client->link);
    list_remove(&client->stall);
    client->is_gone = true;
    if (list_empty(&client->runs))
        free_client(client);
}

/* A run whose reply has left. */
static void free_run(struct client *client, struct client_run *run)
{
    const struct client_batch *batch = run->batch;

    client->request_count -= run->count;
    if (batch->kept_runs == 1)
        client->input_bytes -= batch->input_bytes;
    client_run_free(run);
}

static void execute(void *run);

/* The first run that is not yet begun; they are the last ones. The list's head
 * if there is none. */
static struct list *first_waiting(struct client *client)
{
    struct list *first = &client->runs;

    while (first->prev != &client->runs &&
           !list_entry(first->prev, struct client_run, link)->is_begun)
        first = first->prev;
    return first;
}

/* Begins the runs whose turn has come. */
static void begin_runs(struct client *client)
{
    struct list *at = first_waiting(client);

    for (; at != &client->runs && !client->batch; at = at->next) {
        struct client_run *run = list_entry(at, struct client_run, link);
        run->is_begun = true;
        if (run->is_done)
            continue; /* it is refused */
        if (run->command->batch_fn)
            client->batch = run;
        co_spawn(run->command->name, execute, run);
    }
}

/* Takes on what was read. */
static void begin(struct client_batch *batch)
{
    struct client *client = batch->client;

    client->input_bytes += batch->input_bytes;
    client->is_ending = client->is_ending || batch->is_last;
    for (int i = 0; i < batch->run_count; i++) {
        struct client_run *run = &batch->runs[i];
        client->request_count += run->count;
        list_add(&client->runs, &run->link);
        if (!run->is_done)
            running += run->count;
    }
    begin_runs(client);
}

/* How much the limits let a client begin now. */
static struct client_room room_of(const struct client *client)
{
    int of_client = MAX_CLIENT_PIPELINE - client->request_count;
    int of_node = MAX_CLIENT_RUNNING - running;

    if (client->input_bytes >= MAX_CLIENT_INPUT_BYTES)
        return (struct client_room){0, 0};
    return (struct client_room){
        .requests = of_client < of_node ? of_client : of_node,
        .bytes = MAX_CLIENT_INPUT_BYTES - client->input_bytes,
    };
}

/* Begins what is whole at the front of in; is_stalled if that is forbidden.
 * Returns the number of bytes taken. */
static size_t take(struct client *client, struct bytes in)
{
    size_t used = 0;

    list_remove(&client->stall);
    client->is_stalled = false;
    while (!client->is_ending && used < in.len) {
        struct client_room room = room_of(client);
        size_t len;

        if (running == MAX_CLIENT_RUNNING)
            list_add(&stalled, &client->stall);
        client->is_stalled = room.requests == 0 || client->batch;
        if (client->is_stalled)
            break;
        struct client_batch *batch = client_batch_read(
            client, client->port, bytes_of(in.data + used, in.len - used), room,
            is_draining, &len);
        used += len;
        if (!batch)
            break; /* nothing is whole */
        begin(batch);
    }
    return used;
}

/* Sends the replies whose turn has come. */
static void send_replies(struct client *client)
{
    while (!list_empty(&client->runs)) {
        struct client_run *first = list_entry(client->runs.next,
                                              struct client_run, link);
        if (!first->is_done)
            return;
        /* A client that does not read its replies is one that is not there. */
        if (!client->is_gone && first->reply.len > 0 &&
            node_client_write(client->id, buf_span(&first->reply)) != OK) {
            node_client_close(client->id);
            lose_client(client);
        }
        free_run(client, first);
    }
}

/*
 * Does what can be done for a client now. It may be freed by this: nothing may
 * use it afterwards.
 */
static void go_on(struct client *client)
{
    send_replies(client);
    while (client->is_stalled && !client->is_gone) {
        buf_drop(&client->unparsed, take(client, buf_span(&client->unparsed)));
        send_replies(client); /* some are refused without a coroutine */
        if (running == MAX_CLIENT_RUNNING || !list_empty(&client->runs))
            break; /* its turn in stalled, or its next reply, comes first */
    }
    if (!list_empty(&client->runs))
        return;
    if (client->is_gone) {
        free_client(client);
    } else if (client->is_ending) {
        node_client_close(client->id);
        lose_client(client);
    }
}

/* The coroutine of one run. */
static void execute(void *arg)
{
    struct client_run *run = arg;
    struct client *client = run->batch->client;

    await_client_run(run);
    running -= run->count;
    if (client->batch == run) {
        client->batch = NULL;
        begin_runs(client);
    }
    go_on(client);
    while (running < MAX_CLIENT_RUNNING && !list_empty(&stalled)) {
        struct list *first = stalled.next;
        list_remove(first);
        go_on(list_entry(first, struct client, stall));
    }
    cond_broadcast(&ended);
}

void client_on_bytes(uint64_t id, enum client_port port, const void *data,
                     size_t len)
{
    struct client *client = find_client(id);

    if (!client)
        client = add_client(id, port);
    if (client->is_ending)
        return; /* what follows a QUIT, or an error, is of no account */

    /* Most often nothing is left from before, and nothing is left after. */
    if (client->unparsed.len == 0) {
        size_t used = take(client, bytes_of(data, len));
        put_bytes(&client->unparsed,
                  bytes_of((const uint8_t *)data + used, len - used));
    } else {
        put_bytes(&client->unparsed, bytes_of(data, len));
        if (!client->is_stalled)
            buf_drop(&client->unparsed,
                     take(client, buf_span(&client->unparsed)));
    }
    if (client->unparsed.len > MAX_CLIENT_INPUT_BYTES)
        begin(client_batch_refusal(client, port,
                                   "Protocol error: too much is sent "
                                   "ahead of the replies"));
    go_on(client);
}

void client_on_closed(uint64_t id)
{
    struct client *client = find_client(id);

    if (client)
        lose_client(client);
}

void client_start(void)
{
    for (int i = 0; i < CLIENT_BUCKETS; i++)
        list_init(&table[i]);
    list_init(&stalled);
    cond_init(&ended, "the end of a client's command");
    client_commands_start();
    client_cluster_start();
}

void await_client_drain(void)
{
    struct cancel limit;

    is_draining = true;
    cancel_open(&limit);
    cancel_after(&limit, node_config()->drain_ms);
    while (running > 0 && await_cond(&ended) == OK)
        continue;
    cancel_close(&limit);
    if (running > 0)
        LOG("client", "%d commands did not end within drain_ms", running);
}
