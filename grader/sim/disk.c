/*
 * disk.c - operations on a simulated disk. See disk.h; files and their changes
 * are in disk_file.c.
 */
#include "disk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../handout/node/outcome.h"
#include "../net/alloc.h"
#include "disk_file.h"

#define OPERATION_US 5   /* what all but a sync take */
#define SYNC_US      200 /* the least that a sync takes, unless set */

struct disk *disk_new(uint64_t seed, int id)
{
    struct disk *disk = alloc_new(sizeof(*disk));

    rng_init(&disk->chance, seed, (uint64_t)id, 0x6469736b, 0);
    disk->faults.sync_us = SYNC_US;
    disk->faults.full_bytes = DISK_MAX_BYTES;
    return disk;
}

void disk_free(struct disk *disk)
{
    if (disk == NULL)
        return;
    files_free(disk);
    free(disk);
}

struct disk_faults *disk_faults(struct disk *disk)
{
    return &disk->faults;
}

/* Settings that are whole numbers. */
static bool set_number(struct disk *disk, const char *word)
{
    struct disk_faults *faults = &disk->faults;
    unsigned long long number;
    char rest;

    if (strcmp(word, "torn_at=-1") == 0)
        faults->is_torn_at = false;
    else if (sscanf(word, "torn_at=%llu%c", &number, &rest) == 1)
        faults->is_torn_at = true, faults->torn_at = number;
    else if (sscanf(word, "full=%llu%c", &number, &rest) == 1)
        faults->full_bytes = number;
    else if (sscanf(word, "room=%llu%c", &number, &rest) == 1)
        faults->full_bytes = files_grown_bytes(disk, NULL, 0) + number;
    else if (sscanf(word, "fail_at=%llu%c", &number, &rest) == 1)
        faults->fail_at = (uint32_t)number;
    else if (sscanf(word, "sync_us=%llu%c", &number, &rest) == 1)
        faults->sync_us = (uint32_t)number;
    else
        return false;
    return true;
}

bool disk_set(struct disk *disk, const char *word, char error[DISK_MAX_ERROR])
{
    struct disk_faults faults = disk->faults;
    char rest;

    if (set_number(disk, word))
        return true;
    if (sscanf(word, "fail=%lf%c", &faults.fail, &rest) == 1 ||
        sscanf(word, "torn=%lf%c", &faults.torn, &rest) == 1 ||
        sscanf(word, "slow=%lf,%u%c", &faults.slow, &faults.slow_ms, &rest) ==
            2) {
        disk->faults = faults;
        return true;
    }
    snprintf(error, DISK_MAX_ERROR,
             "'%.40s' is no setting of a disk; there are fail=P, fail_at=N, "
             "torn=P, torn_at=N, slow=P,MS, sync_us=N, full=N and room=N",
             word);
    return false;
}

/* ---- Issuing ----------------------------------------------------------- */

/* How long the next sync takes, and whether it fails: always three draws. */
static void draw_sync(struct disk *disk, struct disk_work *work,
                      uint64_t *length_us)
{
    struct disk_faults *faults = &disk->faults;
    uint32_t least_us = faults->sync_us;

    work->will_fail = rng_chance(&disk->chance, faults->fail);
    if (faults->fail_at > 0 && --faults->fail_at == 0)
        work->will_fail = true;
    *length_us = least_us + rng_below(&disk->chance, least_us + 1);
    if (rng_chance(&disk->chance, faults->slow))
        *length_us += UINT64_C(1000) *
                      rng_below(&disk->chance, faults->slow_ms + 1);
}

static void issue_sync(struct disk *disk, const struct disk_op *op,
                       struct disk_work *work, uint64_t now_us)
{
    struct file *file = NULL;
    uint64_t *busy_us = &disk->busy_us;
    uint64_t length_us;

    if (op->kind == DISK_SYNC) {
        file = files_find(disk, op->path);
        if (file == NULL) {
            work->outcome = DISK_NOT_FOUND;
            work->due_us = now_us + OPERATION_US;
            return;
        }
        busy_us = &file->busy_us;
        work->file = file->number;
        file->syncs++;
    }
    disk->counts.syncs++;
    draw_sync(disk, work, &length_us);
    work->is_sync = true;
    work->covers = disk->changes;
    work->due_us = (*busy_us > now_us ? *busy_us : now_us) + length_us;
    *busy_us = work->due_us;
}

static int issue_write(struct disk *disk, const struct disk_op *op,
                       struct disk_work *work)
{
    struct file *file = files_find(disk, op->path);
    uint64_t offset = op->offset;

    if (op->kind == DISK_APPEND)
        offset = file != NULL ? file->live.len : 0;
    if (offset > DISK_MAX_BYTES)
        return DISK_BAD_RANGE;
    if (files_grown_bytes(disk, file, offset + op->len) >
        disk->faults.full_bytes)
        return DISK_FULL;
    if (file == NULL)
        file = files_create(disk, op->path);
    if (file == NULL)
        return DISK_FULL;
    file_write(disk, file, offset, op->data, op->len);
    disk->counts.writes++;
    disk->counts.bytes += op->len;
    work->size = file->live.len;
    return OK;
}

static int issue_read(const struct file *file, const struct disk_op *op,
                      struct disk_work *work)
{
    if (op->offset > file->live.len)
        return DISK_BAD_RANGE;
    work->len = op->len;
    if (work->len > file->live.len - op->offset)
        work->len = (size_t)(file->live.len - op->offset);
    if (work->len > 0) {
        work->data = alloc_new(work->len);
        memcpy(work->data, file->live.bytes + op->offset, work->len);
    }
    return OK;
}

/* An operation on a file that must exist; not a sync. */
static int issue_use(struct disk *disk, const struct disk_op *op,
                     struct disk_work *work)
{
    struct file *file = files_find(disk, op->path);

    if (file == NULL)
        return DISK_NOT_FOUND;
    switch (op->kind) {
    case DISK_READ:
        return issue_read(file, op, work);
    case DISK_SIZE:
        work->size = file->live.len;
        return OK;
    case DISK_TRUNCATE:
        if (op->offset > file->live.len)
            return DISK_BAD_RANGE;
        file_cut(disk, file, op->offset);
        return OK;
    case DISK_RENAME:
        files_rename(disk, op->path, op->to);
        return OK;
    case DISK_REMOVE:
        files_rename(disk, op->path, "");
        return OK;
    default:
        return DISK_ERROR;
    }
}

struct disk_work *disk_issue(struct disk *disk, const struct disk_op *op,
                             uint64_t now_us)
{
    struct disk_work *work = alloc_new(sizeof(*work));
    bool is_of_folder = op->kind == DISK_LIST || op->kind == DISK_SYNC_DIR;

    work->token = op->token;
    if ((!is_of_folder && !files_is_name(op->path)) ||
        (op->kind == DISK_RENAME && !files_is_name(op->to)))
        work->outcome = DISK_ERROR;
    else if (op->kind == DISK_SYNC || op->kind == DISK_SYNC_DIR)
        issue_sync(disk, op, work, now_us);
    else if (op->kind == DISK_LIST)
        work->data = files_list(disk, &work->len);
    else if (op->kind == DISK_APPEND || op->kind == DISK_WRITE)
        work->outcome = issue_write(disk, op, work);
    else
        work->outcome = issue_use(disk, op, work);
    if (!work->is_sync) {
        /* These end in the order in which they were issued. */
        if (disk->last_us < now_us)
            disk->last_us = now_us;
        disk->last_us += OPERATION_US;
        work->due_us = disk->last_us;
    }
    return work;
}

/* ---- The end of an operation ------------------------------------------- */

void disk_finish(struct disk *disk, struct disk_work *work)
{
    if (!work->is_sync)
        return;
    work->outcome = work->will_fail ? DISK_ERROR : OK;
    if (work->file == 0) {
        files_settle(disk, work->covers, !work->will_fail);
        return;
    }
    struct file *file = files_numbered(disk, work->file);

    if (file != NULL) {
        file->syncs--;
        file_settle(file, work->covers, !work->will_fail);
    }
    files_forget_unused(disk);
}

void disk_work_free(struct disk_work *work)
{
    if (work == NULL)
        return;
    free(work->data);
    free(work);
}
