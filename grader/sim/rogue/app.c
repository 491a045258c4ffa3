/*
 * app.c - a node that does on command what no node should do, and what a disk
 * can do: for the simulator's own tests. It hears peers and says nothing.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "app.h"
#include "client.h"
#include "co.h"
#include "disk.h"
#include "node.h"
#include "rpc.h"
#include "text.h"

#define MAX_READ_BYTES 4096 /* of a file, by D.READ */

static int restarts_seen;   /* rises with every start in these globals */
static volatile char sink;  /* keeps the compiler from tidying up */
static char *volatile held; /* the same */

/* ---- What no node should do -------------------------------------------- */

static void do_exit(struct client_request *request)
{
    (void)request;
    exit(3);
}

static void do_abort(struct client_request *request)
{
    (void)request;
    abort();
}

static void do_assert(struct client_request *request)
{
    assert(request->argc == 77);
}

static void do_fault(struct client_request *request)
{
    volatile char *volatile nowhere = NULL;

    (void)request;
    *nowhere = 1;
}

static int sink_deep(int depth)
{
    volatile char frame[1024];

    frame[depth % 1024] = (char)depth;
    return depth < 0 ? 0 : sink_deep(depth + 1) + frame[0];
}

static void do_overflow(struct client_request *request)
{
    resp_int(request->reply, sink_deep(0));
}

static void do_loop(struct client_request *request)
{
    (void)request;
    for (;;)
        sink++;
}

/* Writes over all that lies behind its globals, until there is no more. */
static void do_scribble(struct client_request *request)
{
    volatile char *at = (volatile char *)&restarts_seen;

    (void)request;
    for (;;)
        *at++ = 0x5A;
}

/* Never lets virtual time pass, though every upcall returns. */
static void do_spin(struct client_request *request)
{
    (void)request;
    for (;;)
        await_sleep_us(0);
}

static void do_rand(struct client_request *request)
{
    srand(1);
    resp_int(request->reply, rand());
}

static void do_time(struct client_request *request)
{
    resp_int(request->reply, (int64_t)time(NULL));
}

static void do_free(struct client_request *request)
{
    held = malloc(16);
    free(held + 8 * request->argc);
    sink++;
}

/* One byte too many. */
static void do_overrun(struct client_request *request)
{
    held = malloc(16);
    held[15 + request->argc] = 1;
    free(held);
    sink++;
}

static void do_fatal(struct client_request *request)
{
    (void)request;
    node_fatal("this node cannot go on");
}

/* ---- What a restart must undo ------------------------------------------ */

/* The first byte of fresh memory, and what a global has kept. */
static void do_fresh(struct client_request *request)
{
    volatile unsigned char *block = malloc(100);

    resp_array(request->reply, 2);
    resp_int(request->reply, block[99]);
    resp_int(request->reply, restarts_seen);
}

static void do_hold(struct client_request *request)
{
    int64_t megabytes = 0;

    resp_to_int(request->argv[1], &megabytes);
    held = malloc((size_t)megabytes << 20);
    memset(held, 1, (size_t)megabytes << 20);
    resp_int(request->reply, megabytes);
}

/* ---- Clocks ------------------------------------------------------------ */

static void do_sleep(struct client_request *request)
{
    uint64_t began_us = node_now_us();
    int64_t ms = 0;

    resp_to_int(request->argv[1], &ms);
    await_sleep((uint32_t)ms);
    resp_int(request->reply, (int64_t)(node_now_us() - began_us));
}

static void do_wall(struct client_request *request)
{
    resp_int(request->reply, node_wall_us());
}

/* ---- The disk ---------------------------------------------------------- */

static const char *path_of(struct client_request *request, int word)
{
    static char paths[2][MAX_DISK_PATH_BYTES];
    struct bytes path = request->argv[word];

    memcpy(paths[word - 1], path.data, path.len);
    paths[word - 1][path.len] = '\0';
    return paths[word - 1];
}

static int64_t number_of(struct client_request *request, int word)
{
    int64_t value = 0;

    resp_to_int(request->argv[word], &value);
    return value;
}

static void do_append(struct client_request *request)
{
    uint64_t size = 0;
    int outcome = await_disk_append(path_of(request, 1), request->argv[2],
                                    &size);

    resp_int(request->reply, outcome == OK ? (int64_t)size : outcome);
}

static void do_write(struct client_request *request)
{
    resp_int(request->reply, await_disk_write(path_of(request, 1),
                                              (uint64_t)number_of(request, 2),
                                              request->argv[3]));
}

static void do_read(struct client_request *request)
{
    struct buf out = {0};
    int outcome = await_disk_read(path_of(request, 1), 0, MAX_READ_BYTES, &out);

    if (outcome == OK)
        resp_bulk(request->reply, buf_span(&out));
    else
        resp_int(request->reply, outcome);
    buf_free(&out);
}

static void do_sync(struct client_request *request)
{
    resp_int(request->reply, await_disk_sync(path_of(request, 1)));
}

static void do_cut(struct client_request *request)
{
    resp_int(request->reply,
             await_disk_truncate(path_of(request, 1),
                                 (uint64_t)number_of(request, 2)));
}

static void do_move(struct client_request *request)
{
    const char *from = path_of(request, 1);

    resp_int(request->reply, await_disk_rename(from, path_of(request, 2)));
}

static void do_remove(struct client_request *request)
{
    resp_int(request->reply, await_disk_remove(path_of(request, 1)));
}

static void do_sync_dir(struct client_request *request)
{
    resp_int(request->reply, await_disk_sync_dir());
}

static void do_list(struct client_request *request)
{
    struct buf out = {0};

    await_disk_list(&out);
    for (size_t i = 0; i < out.len; i++)
        if (out.data[i] == '\0')
            out.data[i] = ' ';
    resp_bulk(request->reply, buf_span(&out));
    buf_free(&out);
}

/* Node 5 of a cluster comes to a bad end, by chance. */
static void bad_end(void *arg)
{
    await_sleep(1000);
    if (node_random() % 2 == 0)
        do_fault(arg);
}

/* get key: the key, and how many came with it. */
static void do_get(struct client_request *requests[], int count)
{
    for (int i = 0; i < count; i++)
        text_line(requests[i]->reply, "%.*s %d", (int)requests[i]->argv[1].len,
                  (const char *)requests[i]->argv[1].data, count);
}

/* ---- The app ----------------------------------------------------------- */

void app_start(void)
{
    static const struct {
        const char *name;                    /* of the command */
        int words;                           /* with the name */
        void (*fn)(struct client_request *); /* what it does */
    } commands[] = {
        {"EXIT", 1, do_exit},         {"ABORT", 1, do_abort},
        {"ASSERT", 1, do_assert},     {"FAULT", 1, do_fault},
        {"OVERFLOW", 1, do_overflow}, {"LOOP", 1, do_loop},
        {"SPIN", 1, do_spin},         {"RAND", 1, do_rand},
        {"TIME", 1, do_time},         {"FREE", 1, do_free},
        {"FATAL", 1, do_fatal},       {"OVERRUN", 1, do_overrun},
        {"FRESH", 1, do_fresh},       {"HOLD", 2, do_hold},
        {"SLEEP", 2, do_sleep},       {"WALL", 1, do_wall},
        {"D.APPEND", 3, do_append},   {"D.WRITE", 4, do_write},
        {"D.READ", 2, do_read},       {"D.SYNC", 2, do_sync},
        {"D.CUT", 3, do_cut},         {"D.MOVE", 3, do_move},
        {"D.REMOVE", 2, do_remove},   {"D.SYNCDIR", 1, do_sync_dir},
        {"D.LIST", 1, do_list},       {"SCRIBBLE", 1, do_scribble},
    };

    restarts_seen++;
    if (node_id() == 5)
        co_spawn("bad end", bad_end, NULL);
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        client_command(commands[i].name, commands[i].words, commands[i].words,
                       commands[i].fn);
    client_text_command("get", do_get);
}

struct app_status app_status(void)
{
    return (struct app_status){.role = "none", .leader = NO_NODE};
}

void await_app_drain(void)
{
}

void rpc_stream_up(uint64_t stream, int peer, bool dialled)
{
    LOG("stream", "%llu to %d is up, dialled %d", (unsigned long long)stream,
        peer, dialled);
}

void rpc_stream_bytes(uint64_t stream, struct bytes bytes)
{
    LOG("stream", "%llu has %zu bytes", (unsigned long long)stream, bytes.len);
}

void rpc_stream_down(uint64_t stream)
{
    LOG("stream", "%llu is down", (unsigned long long)stream);
}
