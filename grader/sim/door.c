/*
 * door.c - what nodes ask of their host (host.h). Everything a node does here
 * goes into the trace hash; what a dying node does no longer counts.
 */
#include <stdio.h>

#include "../../handout/node/outcome.h"
#include "inside.h"

static uint64_t door_now_us(struct host *place)
{
    return clock_now_us(place);
}

static int64_t door_wall_us(struct host *place)
{
    return clock_wall_us(place);
}

static uint64_t door_random(struct host *place)
{
    return rng_next(&place->chance);
}

static uint64_t door_stream_open(struct host *place, int peer)
{
    if (place->is_dying)
        return place->conn_count + 1;
    place_act(place, "open", (uint64_t)peer, 0, NULL, 0);
    return streams_open(place, peer);
}

static int door_stream_write(struct host *place, uint64_t stream,
                             const void *data, size_t len)
{
    if (place->is_dying)
        return OK;
    place_act(place, "write", stream, 0, data, len);
    return streams_write(place, stream, data, len);
}

static void door_stream_close(struct host *place, uint64_t stream)
{
    if (place->is_dying)
        return;
    place_act(place, "close", stream, 0, NULL, 0);
    streams_close(place, stream);
}

static void door_alarm(struct host *place, uint64_t at_us)
{
    if (place->is_dying)
        return;
    place_act(place, "alarm", at_us, 0, NULL, 0);
    clock_set_alarm(place, at_us);
}

/* The name and the bytes of an operation are part of what was done. */
static void act_disk(struct host *place, const struct disk_op *op)
{
    static const char *const names[] = {
        "append",   "disk write", "read",   "size", "sync",
        "truncate", "rename",     "remove", "list", "sync folder"};
    char name[2 * MAX_DISK_PATH_BYTES + 32];
    bool has_data = op->kind == DISK_APPEND || op->kind == DISK_WRITE;

    snprintf(name, sizeof(name), "%s %.63s %.63s", names[op->kind],
             op->path != NULL ? op->path : "", op->to != NULL ? op->to : "");
    place_act(place, name, op->token, op->offset, op->data,
              has_data ? op->len : 0);
}

static void door_disk(struct host *place, const struct disk_op *op)
{
    struct disk_work *work;

    if (place->is_dying)
        return;
    act_disk(place, op);
    work = disk_issue(place->disk, op, place->world->now_us);
    if (op->kind == DISK_SYNC)
        work->sync_number = logs_sync_issued(place->world->check.logs,
                                             place->id);
    world_put(place, EVENT_DISK, work->due_us, NULL, 0)->work = work;
    if (op->kind == DISK_APPEND || op->kind == DISK_WRITE)
        place_count(place, POINT_WRITE);
    if (op->kind == DISK_SYNC || op->kind == DISK_SYNC_DIR)
        place_count(place, POINT_SYNC);
}

static int door_client_write(struct host *place, uint64_t client,
                             const void *data, size_t len)
{
    if (place->is_dying)
        return OK;
    place_act(place, "answer", client, 0, data, len);
    return clients_write(place, client, data, len);
}

static void door_client_close(struct host *place, uint64_t client)
{
    if (place->is_dying)
        return;
    place_act(place, "close client", client, 0, NULL, 0);
    clients_close(place, client);
}

/* The node's state machine has done something. */
static void act_machine(struct host *place, enum machine_act kind,
                        const char *what, uint64_t index, uint64_t term,
                        const void *data, size_t len)
{
    const struct act act = {.kind = kind,
                            .time_us = place->world->now_us,
                            .node = place->id,
                            .index = index,
                            .term = term,
                            .data = data,
                            .len = len};

    place_act(place, what, index, term, data, len);
    part = PART_CHECK;
    logs_act(place->world->check.logs, &act);
    part = PART_NODE;
}

static void door_apply(struct host *place, uint64_t index, uint64_t term,
                       const void *data, size_t len)
{
    const struct world_watch *watch = &place->world->watch;

    if (place->is_dying)
        return;
    act_machine(place, ACT_APPLY, "apply", index, term, data, len);
    if (watch->applied != NULL)
        watch->applied(watch->arg, place->id, index, term, data, len);
    place_count(place, POINT_APPLY);
}

static void door_snapshot(struct host *place, uint64_t index, uint64_t term,
                          const void *data, size_t len)
{
    const struct world_watch *watch = &place->world->watch;

    if (place->is_dying)
        return;
    act_machine(place, ACT_SNAPSHOT, "snapshot", index, term, data, len);
    if (watch->snapshot != NULL)
        watch->snapshot(watch->arg, place->id, index, term, data, len);
}

static void door_restore(struct host *place, uint64_t index, uint64_t term,
                         const void *data, size_t len)
{
    const struct world_watch *watch = &place->world->watch;

    if (place->is_dying)
        return;
    act_machine(place, ACT_RESTORE, "restore", index, term, data, len);
    if (watch->restored != NULL)
        watch->restored(watch->arg, place->id, index, term, data, len);
}

static void door_trace(struct host *place, const char *topic, uint64_t term,
                       const char *text)
{
    const struct world_watch *watch = &place->world->watch;

    if (watch->log != NULL)
        watch->log(watch->arg, place->id, topic, term, text);
}

static void door_stopped(struct host *place)
{
    if (place->is_dying)
        return;
    place_act(place, "stopped", 0, 0, NULL, 0);
    place_doom(place, END_STOPPED, "stopped when it was told to");
}

void door_give_up(struct host *place, const char *sentence)
{
    if (place->is_dying)
        return;
    place_act(place, "fatal", 0, 0, NULL, 0);
    place_doom(place, END_FATAL, sentence);
}

static void door_fatal(struct host *place, const char *sentence)
{
    door_give_up(place, sentence);
    guest_leave();
}

const struct host_ops sim_host_ops = {
    .now_us = door_now_us,
    .wall_us = door_wall_us,
    .random = door_random,
    .stream_open = door_stream_open,
    .stream_write = door_stream_write,
    .stream_close = door_stream_close,
    .alarm = door_alarm,
    .disk = door_disk,
    .client_write = door_client_write,
    .client_close = door_client_close,
    .apply = door_apply,
    .snapshot = door_snapshot,
    .restore = door_restore,
    .trace = door_trace,
    .stopped = door_stopped,
    .fatal = door_fatal,
};
