/*
 * tenant.c - the node's side of a cell: a process, forked off the world's, in
 * which one node lives. It knows of the world what cell.h says.
 *
 * Its memory began as the world's. Of that it uses only the node's place, as a
 * notebook: there guest.c finds the clocks, chance and memory of the node.
 */
#define _GNU_SOURCE

#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../../handout/node/outcome.h"
#include "../net/alloc.h"
#include "cell.h"
#include "report.h"
#include "tenant_calls.h"

#define SURE_QUEUE_BYTES \
    (MAX_STREAM_QUEUE_BYTES - (4u << 20)) /* less than
                         this is taken, whatever has been begun */

/* Which streams or clients are known to be open, by number. */
struct numbers {
    bool *is_open;   /* by number */
    size_t capacity; /* numbers below this */
};

static struct cell *cell;      /* what is shared with the world */
static struct numbers streams; /* of this node */
static struct numbers clients; /* of this node */
static uint64_t written_bytes; /* on streams, in this upcall */

static bool is_open(const struct numbers *numbers, uint64_t number)
{
    return number < numbers->capacity && numbers->is_open[number];
}

static void set_open(struct numbers *numbers, uint64_t number, bool open)
{
    size_t before = numbers->capacity;

    if (number >= before && !open)
        return;
    if (number >= before) {
        numbers->capacity = 2 * (number + 32);
        numbers->is_open = alloc_resize(numbers->is_open, numbers->capacity);
        memset(numbers->is_open + before, 0, numbers->capacity - before);
    }
    numbers->is_open[number] = open;
}

/* ---- Calls ------------------------------------------------------------- */

static void say(enum cell_said what)
{
    cell->said = (uint32_t)what;
    cell_give(cell, TURN_WORLD);
}

/* Has the world obey all calls so far: its answer to the latest. */
static int64_t ask(void)
{
    say(CELL_ASK);
    while (!cell_await(cell, TURN_NODE, 1000))
        ;
    return cell->answer;
}

/* Notes a call; where its bytes go. */
static char *note(struct cell_call call, size_t len)
{
    size_t size = cell_call_bytes(len);
    char *at;

    if (len > CELL_AREA_BYTES / 2) {
        place_doom(guest_running(), END_WRONG,
                   "gave its host more than 16 MiB at once");
        guest_leave();
    }
    if (size > CELL_AREA_BYTES - cell->used)
        ask();
    at = cell->to_world + cell->used;
    call.len = len;
    memcpy(at, &call, sizeof(call));
    cell->used += size;
    return at + sizeof(call);
}

static void note_bytes(struct cell_call call, const void *data, size_t len)
{
    char *at = note(call, len);

    if (len > 0)
        memcpy(at, data, len);
}

static void note_text(enum cell_kind kind, const char *text)
{
    note_bytes((struct cell_call){.kind = (uint32_t)kind}, text,
               strlen(text) + 1);
}

static uint64_t call_now_us(struct host *place)
{
    return clock_now_us(place);
}

static int64_t call_wall_us(struct host *place)
{
    return clock_wall_us(place);
}

static uint64_t call_random(struct host *place)
{
    return rng_next(&place->chance);
}

static uint64_t call_stream_open(struct host *place, int peer)
{
    note((struct cell_call){.kind = CALL_OPEN, .a = (uint64_t)peer}, 0);
    return ++place->conn_count;
}

static int call_stream_write(struct host *place, uint64_t stream,
                             const void *data, size_t len)
{
    note_bytes((struct cell_call){.kind = CALL_WRITE, .a = stream}, data, len);
    written_bytes += len;
    /* Each frame may be under way twice. */
    if (is_open(&streams, stream) &&
        place->queued_bytes + 2 * written_bytes < SURE_QUEUE_BYTES)
        return OK;
    return (int)ask();
}

static void call_stream_close(struct host *place, uint64_t stream)
{
    (void)place;
    note((struct cell_call){.kind = CALL_CLOSE, .a = stream}, 0);
    set_open(&streams, stream, false);
}

static void call_alarm(struct host *place, uint64_t at_us)
{
    (void)place;
    note((struct cell_call){.kind = CALL_ALARM, .a = at_us}, 0);
}

static void call_disk(struct host *place, const struct disk_op *op)
{
    const char *path = op->path != NULL ? op->path : "";
    const char *to = op->to != NULL ? op->to : "";
    size_t path_bytes = strlen(path) + 1;
    size_t to_bytes = strlen(to) + 1;
    bool has_data = op->kind == DISK_APPEND || op->kind == DISK_WRITE;
    size_t len = has_data ? op->len : 0;
    char *at;

    (void)place;
    at = note((struct cell_call){.kind = CALL_DISK,
                                 .disk = (uint32_t)op->kind,
                                 .a = op->token,
                                 .b = op->offset,
                                 .c = op->len},
              path_bytes + to_bytes + len);
    memcpy(at, path, path_bytes);
    memcpy(at + path_bytes, to, to_bytes);
    if (len > 0)
        memcpy(at + path_bytes + to_bytes, op->data, len);
}

static int call_client_write(struct host *place, uint64_t client,
                             const void *data, size_t len)
{
    (void)place;
    note_bytes((struct cell_call){.kind = CALL_CLIENT_WRITE, .a = client}, data,
               len);
    return is_open(&clients, client) ? OK : (int)ask();
}

static void call_client_close(struct host *place, uint64_t client)
{
    (void)place;
    note((struct cell_call){.kind = CALL_CLIENT_CLOSE, .a = client}, 0);
    set_open(&clients, client, false);
}

static void call_apply(struct host *place, uint64_t index, uint64_t term,
                       const void *data, size_t len)
{
    (void)place;
    note_bytes((struct cell_call){.kind = CALL_APPLY, .a = index, .b = term},
               data, len);
}

static void call_snapshot(struct host *place, uint64_t index, uint64_t term,
                          const void *data, size_t len)
{
    (void)place;
    note_bytes((struct cell_call){.kind = CALL_SNAPSHOT, .a = index, .b = term},
               data, len);
}

static void call_restore(struct host *place, uint64_t index, uint64_t term,
                         const void *data, size_t len)
{
    (void)place;
    note_bytes((struct cell_call){.kind = CALL_RESTORE, .a = index, .b = term},
               data, len);
}

static void call_trace(struct host *place, const char *topic, uint64_t term,
                       const char *text)
{
    size_t topic_bytes = strlen(topic) + 1;
    size_t text_bytes = strlen(text) + 1;
    char *at;

    if (place->world->watch.log == NULL)
        return;
    at = note((struct cell_call){.kind = CALL_TRACE, .a = term},
              topic_bytes + text_bytes);
    memcpy(at, topic, topic_bytes);
    memcpy(at + topic_bytes, text, text_bytes);
}

static void call_stopped(struct host *place)
{
    (void)place;
    note((struct cell_call){.kind = CALL_STOPPED}, 0);
}

static void call_fatal(struct host *place, const char *sentence)
{
    (void)place;
    note_text(CALL_FATAL, sentence);
    guest_leave();
}

static void call_advice(void *arg, int id, const char *text)
{
    (void)arg;
    (void)id;
    note_text(CALL_ADVICE, text);
}

static const struct host_ops calls = {
    .now_us = call_now_us,
    .wall_us = call_wall_us,
    .random = call_random,
    .stream_open = call_stream_open,
    .stream_write = call_stream_write,
    .stream_close = call_stream_close,
    .alarm = call_alarm,
    .disk = call_disk,
    .client_write = call_client_write,
    .client_close = call_client_close,
    .apply = call_apply,
    .snapshot = call_snapshot,
    .restore = call_restore,
    .trace = call_trace,
    .stopped = call_stopped,
    .fatal = call_fatal,
};

/* ---- Upcalls ----------------------------------------------------------- */

/* What the world knows now, as far as it is the node's business. */
static void learn(struct host *place, const struct cell_upcall *news)
{
    place->world->now_us = news->now_us;
    place->clock_zero_us = news->now_us;
    place->clock_base_us = news->clock_us;
    place->wall_offset_us = news->wall_offset_us;
    place->upcalls = news->upcalls;
    place->conn_count = news->streams;
    place->queued_bytes = news->queued_bytes;
    written_bytes = 0;
    switch (news->upcall.kind) {
    case UPCALL_START:
        place->incarnation = news->incarnation;
        place->chance = news->chance;
        place->libc_chance = news->libc_chance;
        break;
    case UPCALL_STREAM_UP:
        set_open(&streams, news->upcall.id, true);
        break;
    case UPCALL_STREAM_DOWN:
        set_open(&streams, news->upcall.id, false);
        break;
    case UPCALL_CLIENT_BYTES:
        set_open(&clients, news->upcall.id, true);
        break;
    case UPCALL_CLIENT_CLOSED:
        set_open(&clients, news->upcall.id, false);
        break;
    default:
        break;
    }
}

static void describe_now(struct host *place, const void *unused)
{
    (void)unused;
    place->ops->describe(cell->to_world, CELL_AREA_BYTES);
}

static void answer(struct host *place)
{
    struct cell_upcall news = cell->upcall;

    cell->used = 0;
    if (news.is_description) {
        guest_run(place, describe_now, NULL);
        return;
    }
    learn(place, &news);
    news.upcall.data = cell->to_node;
    guest_run(place, place_call_node, &news.upcall);
    if (place->is_dying)
        note_text(CALL_DOOM, place->how);
}

/* ---- The process ------------------------------------------------------- */

static void on_crashed(int id, const char *how)
{
    (void)id;
    snprintf(cell->how, sizeof(cell->how), "%s", how);
    say(CELL_CRASHED);
}

_Noreturn void tenant_run(struct host *place, struct cell *shared)
{
    struct world_watch *watch = &place->world->watch;
    bool is_loaded;

    cell = shared;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setvbuf(stdout, NULL, _IOLBF, 0); /* what the node prints */
    tenant_shut();
    report_start(on_crashed);
    report_leave_lines();
    image_drop_spares();
    place->world->door = &calls;
    if (watch->advice != NULL)
        watch->advice = call_advice;
    place->image = image_take(place->world->code);
    cell->used = 0;
    tenant_bar(true);
    is_loaded = place_load(place, cell->how);
    tenant_bar(false);
    say(is_loaded ? CELL_DONE : CELL_REFUSED);
    for (;;) {
        while (!cell_await(cell, TURN_NODE, 1000))
            ;
        answer(place);
        say(CELL_DONE);
    }
}
