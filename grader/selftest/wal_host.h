/*
 * wal_host.h - a host that is a clock and the simulator's disk; for wal_test.c
 * alone. Between lives, the disk is an image in shared memory.
 */
#ifndef CONCLAVE_SELFTEST_WAL_HOST_H
#define CONCLAVE_SELFTEST_WAL_HOST_H

#include <assert.h>

#include "../sim/disk.h"
#include "../sim/disk_file.h"
#include "app.h"
#include "co.h"
#include "node.h"
#include "rpc.h"
#include "wal_model.h"

#define EXIT_FATAL 9  /* how a node ends that cannot go on */
#define MAX_WORKS  64 /* disk operations under way */

static struct disk *disk;
static struct disk_work *works[MAX_WORKS]; /* in the order of issue */
static int work_count;
static uint64_t now_us = 1, alarm_us = UINT64_MAX;

/* ---- The host ------------------------------------------------------------ */

static uint64_t host_now_us(struct host *host)
{
    (void)host;
    return now_us;
}

static uint64_t host_random(struct host *host)
{
    (void)host;
    return draw(1u << 31) << 32 | draw(1u << 31);
}

static void host_alarm(struct host *host, uint64_t at_us)
{
    (void)host;
    alarm_us = at_us;
}

/* Syncs of the one called "neighbour" fail one time in four. */
static void host_disk(struct host *host, const struct disk_op *op)
{
    struct disk_faults *faults = disk_faults(disk);
    double fail = faults->fail;

    (void)host;
    assert(work_count < MAX_WORKS);
    if (strcmp(co_name(), "neighbour") == 0 && draw(4) == 0)
        faults->fail = 1;
    works[work_count++] = disk_issue(disk, op, now_us);
    faults->fail = fail;
}

static void host_trace(struct host *host, const char *topic, uint64_t term,
                       const char *text)
{
    (void)host;
    (void)term;
    if (getenv("WAL_TRACE"))
        fprintf(stderr, "%s %s\n", topic, text);
}

static void host_fatal(struct host *host, const char *sentence)
{
    (void)host;
    snprintf(world->sentence, SENTENCE_BYTES, "%s", sentence);
    _exit(EXIT_FATAL);
}

static void image_save(void)
{
    size_t len;
    uint8_t *names = files_list(disk, &len);
    size_t to = 0;

    for (size_t at = 0; at < len; at += strlen((char *)names + at) + 1) {
        const char *name = (char *)names + at;
        struct file *file = files_find(disk, name);
        assert(to + MAX_DISK_PATH_BYTES + 8 + file->live.len < IMAGE_BYTES);
        strcpy((char *)world->image + to, name);
        memcpy(world->image + to + MAX_DISK_PATH_BYTES, &file->live.len, 8);
        to += MAX_DISK_PATH_BYTES + 8;
        if (file->live.len > 0)
            memcpy(world->image + to, file->live.bytes, file->live.len);
        to += file->live.len;
    }
    world->image_len = to;
    free(names);
}

static void finish_first(void)
{
    int first = 0;

    for (int i = 1; i < work_count; i++)
        if (works[i]->due_us < works[first]->due_us)
            first = i;
    struct disk_work *work = works[first];
    work_count--;
    memmove(&works[first], &works[first + 1],
            (size_t)(work_count - first) * sizeof works[0]);
    if (now_us < work->due_us)
        now_us = work->due_us;
    disk_finish(disk, work);
    if (work->outcome == DISK_ERROR)
        world->has_failed = true;
    conclave_node()->disk_done(work->token, work->outcome, work->data,
                               work->len, work->size);
    disk_work_free(work);
}

static void image_load(void)
{
    for (size_t at = 0; at < world->image_len;) {
        const char *name = (char *)world->image + at;
        size_t len;
        memcpy(&len, world->image + at + MAX_DISK_PATH_BYTES, 8);
        at += MAX_DISK_PATH_BYTES + 8;
        host_disk(NULL, &(struct disk_op){.kind = DISK_WRITE,
                                          .path = name,
                                          .data = world->image + at,
                                          .len = len});
        host_disk(NULL, &(struct disk_op){.kind = DISK_SYNC, .path = name});
        at += len;
        while (work_count > 0) {
            disk_finish(disk, works[--work_count]);
            disk_work_free(works[work_count]);
        }
    }
    host_disk(NULL, &(struct disk_op){.kind = DISK_SYNC_DIR});
    disk_finish(disk, works[--work_count]);
    disk_work_free(works[0]);
}

struct app_status app_status(void)
{
    return (struct app_status){0};
}

void await_app_drain(void)
{
}

void rpc_stream_up(uint64_t stream, int peer, bool dialled)
{
    (void)stream;
    (void)peer;
    (void)dialled;
}

void rpc_stream_bytes(uint64_t stream, struct bytes bytes)
{
    (void)stream;
    (void)bytes;
}

void rpc_stream_down(uint64_t stream)
{
    (void)stream;
}

#endif
