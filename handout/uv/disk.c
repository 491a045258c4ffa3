/*
 * disk.c - the node's files: operations, their order, their completion.
 *
 * Everything but a sync is done at once and reported in the loop's next round.
 * A sync runs in libuv's pool; those of one file run one after another.
 */
#define _GNU_SOURCE

#include "disk.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "disk_names.h"
#include "outcome.h"
#include "trace.h"

/* An operation that has ended and is to be reported. */
struct completion {
    struct list link; /* in disk->completed */
    uint64_t token;   /* the node's */
    int outcome;      /* OK or a DISK_ outcome */
    struct buf data;  /* what was read or listed */
    uint64_t size;    /* for DISK_SIZE and DISK_APPEND */
};

static void start_sync(struct disk_sync *sync);

/* ---- Completion -------------------------------------------------------- */

static void completion_free(struct completion *completion)
{
    list_remove(&completion->link);
    buf_free(&completion->data);
    free(completion);
}

/* Reports what has ended; what the node issues meanwhile has its turn later. */
static void report(struct host_disk *disk)
{
    struct list *newest = disk->completed.prev;
    bool is_last = list_empty(&disk->completed);
    while (!is_last && !disk->is_stopped) {
        struct completion *completion = list_entry(disk->completed.next,
                                                   struct completion, link);
        is_last = &completion->link == newest;
        list_remove(&completion->link);
        disk->done(disk->arg, completion->token, completion->outcome,
                   completion->data.data, completion->data.len,
                   completion->size);
        completion_free(completion);
    }
    if (list_empty(&disk->completed))
        uv_idle_stop(&disk->report);
}

static void on_idle(uv_idle_t *idle)
{
    report(idle->data);
}

static struct completion *completion_new(struct host_disk *disk, uint64_t token)
{
    struct completion *completion = calloc(1, sizeof *completion);
    if (!completion)
        abort(); /* out of memory */
    completion->token = token;
    list_add(&disk->completed, &completion->link);
    return completion;
}

/* ---- Syncs ------------------------------------------------------------- */

/* In the pool. */
static void run_sync(uv_work_t *job)
{
    struct disk_sync *sync = job->data;
    if (sync->file)
        disk_file_apply(sync);
    else
        disk_names_apply(sync);
}

/* The queue that a sync waits in. */
static struct list *queue_of(struct disk_sync *sync)
{
    return sync->file ? &sync->file->syncs : &sync->disk->syncs;
}

/* Back in the loop: the next sync of the same file may start. */
static void on_synced(uv_work_t *job, int status)
{
    (void)status; /* a job under way is never cancelled */
    struct disk_sync *sync = job->data;
    struct host_disk *disk = sync->disk;
    struct disk_file *file = sync->file;
    struct list *queue = queue_of(sync);
    list_remove(&sync->link);
    if (sync->outcome != OK)
        trace_say("disk", "a sync of %s failed: %s",
                  file ? file->name : "the folder",
                  outcome_name(sync->outcome));
    if (file) {
        disk_file_settle(sync);
        disk->unsynced_bytes -= disk_changes_free(&sync->work);
    } else {
        disk_names_settle(sync);
    }
    if (!list_empty(queue))
        start_sync(list_entry(queue->next, struct disk_sync, link));
    else if (file && !file->is_named)
        disk_forget(disk, file);
    if (!disk->is_stopped) {
        completion_new(disk, sync->token)->outcome = sync->outcome;
        report(disk);
    }
    free(sync);
}

static void start_sync(struct disk_sync *sync)
{
    sync->job.data = sync;
    if (sync->file)
        sync->durable_len = sync->file->durable_len;
    uv_queue_work(sync->disk->loop, &sync->job, run_sync, on_synced);
}

/* Issues a sync of a file, or of the folder (NULL), which covers work. */
static void issue_sync(struct host_disk *disk, struct disk_file *file,
                       struct list *work, uint64_t token)
{
    struct disk_sync *sync = calloc(1, sizeof *sync);
    if (!sync)
        abort(); /* out of memory */
    sync->disk = disk;
    sync->file = file;
    sync->token = token;
    list_init(&sync->work);
    disk_prepend(&sync->work, work);
    struct list *queue = queue_of(sync);
    list_add(queue, &sync->link);
    if (queue->next == &sync->link)
        start_sync(sync);
}

/* ---- Operations -------------------------------------------------------- */

static int write_file(struct host_disk *disk, const struct disk_op *op,
                      uint64_t *size)
{
    if (op->len > MAX_UNSYNCED_BYTES - disk->unsynced_bytes)
        return DISK_FULL;
    if (op->kind == DISK_WRITE && op->offset > INT64_MAX - op->len)
        return DISK_BAD_RANGE;
    struct disk_file *file = disk_find(disk, op->path);
    if (!file) {
        int outcome = disk_create(disk, op->path, &file);
        if (outcome != OK)
            return outcome;
    }
    disk_file_write(file, op->kind == DISK_APPEND ? file->len : op->offset,
                    bytes_of(op->data, op->len));
    disk->unsynced_bytes += op->len;
    *size = file->len;
    return OK;
}

static int read_file(const struct disk_file *file, const struct disk_op *op,
                     struct buf *data)
{
    if (op->offset > file->len)
        return DISK_BAD_RANGE;
    size_t len = op->len;
    if (len > file->len - op->offset)
        len = (size_t)(file->len - op->offset);
    if (len == 0)
        return OK;
    int outcome = disk_file_read(file, op->offset, len, buf_room(data, len));
    data->len = outcome == OK ? len : 0;
    return outcome;
}

/* An operation on a file that must exist; not a sync. */
static int use_file(struct host_disk *disk, const struct disk_op *op,
                    struct completion *completion)
{
    struct disk_file *file = disk_find(disk, op->path);
    if (!file)
        return DISK_NOT_FOUND;
    switch (op->kind) {
    case DISK_READ:
        return read_file(file, op, &completion->data);
    case DISK_SIZE:
        completion->size = file->len;
        return OK;
    case DISK_TRUNCATE:
        if (op->offset > file->len)
            return DISK_BAD_RANGE;
        disk_file_cut(file, op->offset);
        return OK;
    case DISK_RENAME:
        return disk_rename(disk, file, op->to);
    case DISK_REMOVE:
        return disk_remove(disk, file);
    default:
        return DISK_ERROR;
    }
}

static void list_files(const struct host_disk *disk, struct buf *names)
{
    list_each(at, &disk->files) {
        const char *name = list_entry(at, struct disk_file, link)->name;
        put_bytes(names, bytes_of(name, strlen(name) + 1));
    }
}

/* Whether the names that an operation gives can be names. */
static bool has_good_names(const struct disk_op *op)
{
    bool is_good = true;
    if (op->kind == DISK_LIST || op->kind == DISK_SYNC_DIR)
        return true;
    is_good = disk_is_name(op->path) &&
              (op->kind != DISK_RENAME || disk_is_name(op->to));
    if (!is_good)
        trace_say("disk",
                  "\"%s\" cannot be a file's name: take 1 to %d bytes "
                  "without '/' that do not begin with '.'",
                  !disk_is_name(op->path) && op->path ? op->path : op->to,
                  MAX_DISK_PATH_BYTES - 1);
    return is_good;
}

void host_disk_issue(struct host_disk *disk, const struct disk_op *op)
{
    if (op->kind == DISK_SYNC_DIR) {
        disk->step_count = 0;
        issue_sync(disk, NULL, &disk->steps, op->token);
        return;
    }
    bool is_good = has_good_names(op);
    struct disk_file *file = is_good && op->kind == DISK_SYNC
                                 ? disk_find(disk, op->path)
                                 : NULL;
    if (file) {
        issue_sync(disk, file, &file->changes, op->token);
        return;
    }
    struct completion *completion = completion_new(disk, op->token);
    uv_idle_start(&disk->report, on_idle);
    if (!is_good) {
        completion->outcome = DISK_ERROR;
    } else if (op->kind == DISK_SYNC) {
        completion->outcome = DISK_NOT_FOUND;
    } else if (op->kind == DISK_LIST) {
        list_files(disk, &completion->data);
    } else if (op->kind == DISK_APPEND || op->kind == DISK_WRITE) {
        completion->outcome = write_file(disk, op, &completion->size);
    } else {
        completion->outcome = use_file(disk, op, completion);
    }
}

/* ---- Start and end ----------------------------------------------------- */

int host_disk_open(struct host_disk *disk, uv_loop_t *loop, int folder_fd,
                   disk_done done, void *arg, char *error, size_t error_bytes)
{
    *disk = (struct host_disk){
        .loop = loop, .folder_fd = folder_fd, .done = done, .arg = arg};
    list_init(&disk->files);
    list_init(&disk->steps);
    list_init(&disk->syncs);
    list_init(&disk->completed);
    uv_idle_init(loop, &disk->report);
    disk->report.data = disk;
    return disk_load_names(disk, error, error_bytes);
}

void host_disk_stop(struct host_disk *disk)
{
    disk->is_stopped = true;
    uv_idle_stop(&disk->report);
}

void host_disk_free(struct host_disk *disk)
{
    list_each(at, &disk->completed)
        completion_free(list_entry(at, struct completion, link));
    list_each(at_file, &disk->files)
        disk_forget(disk, list_entry(at_file, struct disk_file, link));
    disk_steps_free(&disk->steps);
    uv_close((uv_handle_t *)&disk->report, NULL);
}
