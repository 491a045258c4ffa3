/*
 * client.c - clients' connections: requests in, each in a coroutine of its own,
 * replies out in the order of the requests; see client.h.
 *
 *      bytes --> unparsed --take--> requests: [done][runs][done][runs]
 *                                      |
 *                      a reply leaves when all before it have left
 *
 * The invariants: a client's requests are in the order in which they came, and
 * the first of them is not done (else it would have left); a client that has
 * gone is kept for as long as a command of its runs; a whole request waits at
 * the front of unparsed only while a limit forbids to take it: the client's own
 * (then the end of one of its commands helps), or the node's (then it queues in
 * stalled, and the end of any command helps).
 *
 * The commands that every node knows are in client_commands.c.
 */
#include "client.h"

#include <stdlib.h>
#include <string.h>

#include "client_commands.h"
#include "co.h"
#include "event.h"
#include "node.h"

#define CLIENT_BUCKETS         256         /* of the table of clients */
#define MAX_CLIENT_RUNNING     4096        /* commands under way on the node */
#define MAX_CLIENT_INPUT_BYTES (16u << 20) /* unanswered, of one client */

/* A connection. */
struct client {
    uint64_t id;          /* the host's */
    struct buf unparsed;  /* came and was not yet taken */
    struct list requests; /* unanswered, in order */
    int request_count;    /* how many */
    size_t input_bytes;   /* their words */
    struct buf name;      /* given by CLIENT SETNAME */
    struct list link;     /* in the table */
    struct list stall;    /* in stalled */
    bool is_stalled;      /* a limit keeps unparsed from being taken */
    bool is_ending;       /* takes nothing more, closes when all is answered */
    bool is_gone;         /* closed; replies are dropped */
};

/* A command of the table. */
struct command {
    const char *name;                    /* as registered */
    int min_argc;                        /* words, the name included */
    int max_argc;                        /* 0: no upper bound */
    void (*fn)(struct client_request *); /* what it does */
};

static struct command commands[MAX_COMMANDS]; /* in order of registration */
static int command_count;                     /* how many */
static struct list table[CLIENT_BUCKETS];     /* connected clients, by id */
static struct list stalled;                   /* held up by the node's limit */
static struct cond ended;                     /* a command has ended */
static int running;                           /* commands under way */
static bool is_draining;                      /* nothing new is begun */

int client_command_count(void)
{
    return command_count;
}

uint64_t client_id(const struct client *client)
{
    return client->id;
}

struct buf *client_name(struct client *client)
{
    return &client->name;
}

static const struct command *find_command(struct bytes name)
{
    for (int i = 0; i < command_count; i++)
        if (resp_is(name, commands[i].name))
            return &commands[i];
    return NULL;
}

void client_command(const char *name, int min_argc, int max_argc,
                    void (*fn)(struct client_request *request))
{
    if (command_count == MAX_COMMANDS)
        node_fatal("there are %d client commands already, '%s' is one too "
                   "many; raise MAX_COMMANDS",
                   MAX_COMMANDS, name);
    if (find_command(bytes_text(name)))
        node_fatal("the client command '%s' is registered twice; give one of "
                   "them another name",
                   name);
    commands[command_count++] = (struct command){name, min_argc, max_argc, fn};
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

static struct client *add_client(uint64_t id)
{
    struct client *client = calloc(1, sizeof *client);

    if (!client)
        node_fatal("out of memory for a client");
    client->id = id;
    list_init(&client->requests);
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

/* The connection is over. What runs goes on, its replies are dropped. */
static void lose_client(struct client *client)
{
    list_remove(&client->link);
    list_remove(&client->stall);
    client->is_gone = true;
    if (list_empty(&client->requests))
        free_client(client);
}

static void free_request(struct client_request *request)
{
    list_remove(&request->link);
    request->client->request_count--;
    request->client->input_bytes -= request->words.len;
    buf_free(&request->words);
    buf_free(&request->reply);
    free(request->argv);
    free(request);
}

/* A request that owns a copy of its words. */
static struct client_request *add_request(struct client *client,
                                          const struct resp_request *parsed)
{
    struct client_request *request = calloc(1, sizeof *request);
    size_t at = 0;

    if (!request)
        node_fatal("out of memory for a request");
    request->argc = parsed->argc;
    request->argv = calloc((size_t)parsed->argc + 1, sizeof *request->argv);
    if (!request->argv)
        node_fatal("out of memory for a request of %d words", parsed->argc);
    for (int i = 0; i < parsed->argc; i++)
        put_bytes(&request->words, parsed->argv[i]);
    for (int i = 0; i < parsed->argc; i++) {
        request->argv[i] = bytes_of(request->words.data + at,
                                    parsed->argv[i].len);
        at += parsed->argv[i].len;
    }
    request->client = client;
    client->request_count++;
    client->input_bytes += request->words.len;
    list_add(&client->requests, &request->link);
    return request;
}

/* Answers what is no request, the last that is taken of this client. */
static void refuse(struct client *client, const char *error)
{
    static const struct resp_request nothing; /* no words */
    struct client_request *request = add_request(client, &nothing);

    resp_error(&request->reply, "ERR %s", error);
    request->done = true;
    client->is_ending = true;
}

/* The words of Redis, so that client libraries know them. */
static void answer_unknown(struct client_request *request)
{
    struct buf shown = {0};

    for (int i = 1; i < request->argc && shown.len < 128; i++) {
        struct bytes word = request->argv[i];
        put_u8(&shown, '\'');
        put_bytes(&shown, bytes_of(word.data, word.len < 128 ? word.len : 128));
        put_bytes(&shown, bytes_text("' "));
    }
    resp_error(&request->reply,
               "ERR unknown command '%.*s', with args beginning with: %.*s",
               request->argv[0].len < 128 ? (int)request->argv[0].len : 128,
               (const char *)request->argv[0].data, (int)shown.len,
               (const char *)shown.data);
    buf_free(&shown);
}

static void run(void *request);

/* Begins a request: a coroutine, or at once the error that answers it. */
static void begin(struct client_request *request)
{
    const struct command *command = find_command(request->argv[0]);

    if (is_draining)
        resp_error(&request->reply, "ERR the node is shutting down");
    else if (!command)
        answer_unknown(request);
    else if (request->argc < command->min_argc ||
             (command->max_argc && request->argc > command->max_argc))
        resp_error(&request->reply,
                   "ERR wrong number of arguments for '%s' command",
                   command->name);
    if (request->reply.len > 0) {
        request->done = true;
        return;
    }
    running++;
    co_spawn(command->name, run, request);
}

/* Begins what is whole at the front of in; is_stalled if a limit forbids it.
 * Returns the number of bytes taken. */
static size_t take(struct client *client, struct bytes in)
{
    static struct resp_request parsed; /* 16 KB, too much for a stack */
    size_t used = 0;

    list_remove(&client->stall);
    client->is_stalled = false;
    while (!client->is_ending && used < in.len) {
        const char *error = NULL;

        if (running == MAX_CLIENT_RUNNING)
            list_add(&stalled, &client->stall);
        client->is_stalled = running == MAX_CLIENT_RUNNING ||
                             client->request_count == MAX_CLIENT_PIPELINE ||
                             client->input_bytes >= MAX_CLIENT_INPUT_BYTES;
        if (client->is_stalled)
            break;
        long len = resp_parse(bytes_of(in.data + used, in.len - used), &parsed,
                              &error);
        if (len == 0)
            break;
        if (len < 0) {
            refuse(client, error);
            break;
        }
        used += (size_t)len;
        if (parsed.argc == 0)
            continue; /* an empty line, as Redis takes it */
        client->is_ending = resp_is(parsed.argv[0], "QUIT");
        begin(add_request(client, &parsed));
    }
    return used;
}

/* Sends the replies whose turn has come. */
static void send_replies(struct client *client)
{
    while (!list_empty(&client->requests)) {
        struct client_request *first = list_entry(client->requests.next,
                                                  struct client_request, link);
        if (!first->done)
            return;
        /* A client that does not read its replies is one that is not there. */
        if (!client->is_gone &&
            node_client_write(client->id, buf_span(&first->reply)) != OK) {
            node_client_close(client->id);
            lose_client(client);
        }
        free_request(first);
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
        if (running == MAX_CLIENT_RUNNING || !list_empty(&client->requests))
            break; /* its turn in stalled, or its next reply, comes first */
    }
    if (!list_empty(&client->requests))
        return;
    if (client->is_gone) {
        free_client(client);
    } else if (client->is_ending) {
        node_client_close(client->id);
        lose_client(client);
    }
}

/* The coroutine of one request. */
static void run(void *arg)
{
    struct client_request *request = arg;
    const struct command *command = find_command(request->argv[0]);

    command->fn(request);
    if (request->reply.len == 0)
        resp_error(&request->reply, "ERR the command '%s' wrote no reply",
                   command->name);
    request->done = true;
    running--;
    go_on(request->client);
    while (running < MAX_CLIENT_RUNNING && !list_empty(&stalled)) {
        struct list *first = stalled.next;
        list_remove(first);
        go_on(list_entry(first, struct client, stall));
    }
    cond_broadcast(&ended);
}

void client_on_bytes(uint64_t id, const void *data, size_t len)
{
    struct client *client = find_client(id);

    if (!client)
        client = add_client(id);
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
        refuse(client, "Protocol error: too much is sent ahead of the replies");
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
