/*
 * apart_calls.c - obeys what a node in a process of its own has asked for. What
 * stands in its cell may be anything: it is copied once, and then checked.
 */
#define _GNU_SOURCE

#include <stdio.h>
#include <string.h>

#include "../net/alloc.h"
#include "apart.h"
#include "cell.h"
#include "report.h"

/* The bytes of a call, after its texts are taken off. */
struct rest {
    const char *at; /* the first */
    size_t len;     /* how many */
};

/* Takes a text off; NULL: there is none. */
static const char *take_text(struct rest *rest)
{
    const char *text = rest->at;
    const char *end = memchr(text, '\0', rest->len);

    if (end == NULL)
        return NULL;
    rest->len -= (size_t)(end - text) + 1;
    rest->at = end + 1;
    return text;
}

static bool obey_disk(struct host *place, const struct cell_call *call,
                      struct rest rest)
{
    struct disk_op op = {.kind = (enum disk_kind)call->disk,
                         .token = call->a,
                         .offset = call->b,
                         .len = call->c};
    bool has_data = op.kind == DISK_APPEND || op.kind == DISK_WRITE;

    if (call->disk > DISK_SYNC_DIR || (op.path = take_text(&rest)) == NULL ||
        (op.to = take_text(&rest)) == NULL || (has_data && op.len != rest.len))
        return false;
    op.data = rest.at;
    sim_host_ops.disk(place, &op);
    return true;
}

/* Calls whose bytes are texts. */
static bool obey_text(struct host *place, const struct cell_call *call,
                      struct rest rest)
{
    const struct world_watch *watch = &place->world->watch;
    const char *text = take_text(&rest);
    const char *more = call->kind == CALL_TRACE && text != NULL
                           ? take_text(&rest)
                           : text;
    char told[WORLD_MAX_HOW];

    if (more == NULL)
        return false;
    if (call->kind == CALL_ADVICE || call->kind == CALL_DOOM) {
        snprintf(told, sizeof(told), "%s", text);
        report_resolve(place, told, sizeof(told));
        text = told;
    }
    switch (call->kind) {
    case CALL_TRACE:
        sim_host_ops.trace(place, text, call->a, more);
        return true;
    case CALL_FATAL:
        door_give_up(place, text);
        return true;
    case CALL_ADVICE:
        if (watch->advice != NULL)
            watch->advice(watch->arg, place->id, text);
        return true;
    case CALL_DOOM:
        place_doom(place, END_WRONG, text);
        return true;
    default:
        return false;
    }
}

/* Obeys one call; false: it makes no sense. */
static bool obey(struct host *place, const struct cell_call *call,
                 struct rest rest, int64_t *answer)
{
    const struct host_ops *door = &sim_host_ops;

    switch (call->kind) {
    case CALL_OPEN:
        door->stream_open(place, (int)call->a);
        return true;
    case CALL_WRITE:
        *answer = door->stream_write(place, call->a, rest.at, rest.len);
        return true;
    case CALL_CLOSE:
        door->stream_close(place, call->a);
        return true;
    case CALL_ALARM:
        door->alarm(place, call->a);
        return true;
    case CALL_DISK:
        return obey_disk(place, call, rest);
    case CALL_CLIENT_WRITE:
        *answer = door->client_write(place, call->a, rest.at, rest.len);
        return true;
    case CALL_CLIENT_CLOSE:
        door->client_close(place, call->a);
        return true;
    case CALL_APPLY:
        door->apply(place, call->a, call->b, rest.at, rest.len);
        return true;
    case CALL_SNAPSHOT:
        door->snapshot(place, call->a, call->b, rest.at, rest.len);
        return true;
    case CALL_RESTORE:
        door->restore(place, call->a, call->b, rest.at, rest.len);
        return true;
    case CALL_STOPPED:
        door->stopped(place);
        return true;
    default:
        return obey_text(place, call, rest);
    }
}

/* A copy of what was noted: who noted it could go on to change it. */
static const char *copy_calls(const struct cell *cell, size_t used)
{
    static char *copy;
    static size_t capacity;

    if (used > CELL_AREA_BYTES)
        return NULL;
    if (used > capacity) {
        capacity = used * 2;
        copy = alloc_resize(copy, capacity);
    }
    if (used > 0)
        memcpy(copy, cell->to_world, used);
    return copy;
}

void apart_obey(struct host *place, struct cell *cell)
{
    size_t used = cell->used;
    const char *calls = copy_calls(cell, used);
    size_t at = 0;
    int64_t answer = 0;

    while (at < used) {
        struct cell_call call = {0};
        bool is_whole = calls != NULL && used - at >= sizeof(call);

        if (is_whole) {
            memcpy(&call, calls + at, sizeof(call));
            is_whole = call.len <= used - at - sizeof(call);
        }
        if (!is_whole ||
            !obey(place, &call,
                  (struct rest){calls + at + sizeof(call), call.len},
                  &answer)) {
            place_doom(place, END_CRASHED,
                       "crashed: it wrote over what it shares with its host");
            break;
        }
        at += cell_call_bytes(call.len);
    }
    cell->used = 0;
    cell->answer = answer;
}
