/*
 * disk_file.c - one file, and the changes to it that are not durable yet.
 */
#define _GNU_SOURCE

#include "disk_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "outcome.h"

int disk_outcome(int error)
{
    switch (error) {
    case 0:
        return OK;
    case ENOENT:
        return DISK_NOT_FOUND;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return DISK_FULL;
    default:
        return DISK_ERROR;
    }
}

static struct change *add_change(struct disk_file *file, bool is_cut,
                                 uint64_t offset)
{
    struct change *change = calloc(1, sizeof *change);
    if (!change)
        abort(); /* out of memory */
    change->is_cut = is_cut;
    change->offset = offset;
    list_add(&file->changes, &change->link);
    return change;
}

size_t disk_changes_free(struct list *changes)
{
    size_t freed_bytes = 0;
    list_each(at, changes) {
        struct change *change = list_entry(at, struct change, link);
        list_remove(&change->link);
        freed_bytes += change->data.len;
        buf_free(&change->data);
        free(change);
    }
    return freed_bytes;
}

/* The length that a file of len bytes has after some changes. */
static uint64_t len_after(uint64_t len, const struct list *changes)
{
    list_each(at, changes) {
        const struct change *change = list_entry(at, struct change, link);
        uint64_t end = change->offset + change->data.len;
        if (change->is_cut ? end < len : end > len)
            len = end;
    }
    return len;
}

void disk_file_write(struct disk_file *file, uint64_t offset, struct bytes data)
{
    if (data.len == 0)
        return;
    struct change *last = list_entry(file->changes.prev, struct change, link);
    /* Appends that follow each other become one write of the real file. */
    if (list_empty(&file->changes) || last->is_cut ||
        last->offset + last->data.len != offset)
        last = add_change(file, false, offset);
    put_bytes(&last->data, data);
    if (offset + data.len > file->len)
        file->len = offset + data.len;
}

void disk_file_cut(struct disk_file *file, uint64_t len)
{
    struct change *last = list_entry(file->changes.prev, struct change, link);
    if (!list_empty(&file->changes) && last->is_cut)
        last->offset = len; /* the shorter of two */
    else
        add_change(file, true, len);
    file->len = len;
}

/* ---- Reading ----------------------------------------------------------- */

/* Lays changes over out, which shows len bytes of a file from offset on. */
static void lay_over(const struct list *changes, uint64_t offset, size_t len,
                     uint8_t *out)
{
    list_each(at, changes) {
        const struct change *change = list_entry(at, struct change, link);
        uint64_t from = change->offset;
        uint64_t to = change->is_cut ? UINT64_MAX : from + change->data.len;
        if (from < offset)
            from = offset;
        if (to > offset + len)
            to = offset + len;
        if (from >= to)
            continue;
        if (change->is_cut) /* a file that grows again grows by zeros */
            memset(out + (from - offset), 0, to - from);
        else
            memcpy(out + (from - offset),
                   change->data.data + (from - change->offset), to - from);
    }
}

int disk_file_read(const struct disk_file *file, uint64_t offset, size_t len,
                   uint8_t *out)
{
    size_t durable = 0; /* bytes of these that the real file has */
    if (offset < file->durable_len)
        durable = file->durable_len - offset < len
                      ? (size_t)(file->durable_len - offset)
                      : len;
    size_t done = 0;
    while (done < durable) {
        ssize_t n = pread(file->fd, out + done, durable - done,
                          (off_t)(offset + done));
        if (n < 0 && errno != EINTR)
            return disk_outcome(errno);
        if (n == 0)
            break; /* a cut is being made durable at this moment */
        done += n > 0 ? (size_t)n : 0;
    }
    if (done < len)
        memset(out + done, 0, len - done);
    list_each(at, &file->syncs)
        lay_over(&list_entry(at, struct disk_sync, link)->work, offset, len,
                 out);
    lay_over(&file->changes, offset, len, out);
    return OK;
}

/* ---- Making durable ---------------------------------------------------- */

/* Writes all of it. 0 or an errno. */
static int write_all(int fd, uint64_t offset, struct bytes data)
{
    size_t done = 0;
    while (done < data.len) {
        ssize_t n = pwrite(fd, data.data + done, data.len - done,
                           (off_t)(offset + done));
        if (n < 0 && errno != EINTR)
            return errno;
        if (n == 0)
            return EIO;
        done += n > 0 ? (size_t)n : 0;
    }
    return 0;
}

/* Makes one change in the real file, which has len bytes. 0 or an errno. */
static int make_change(int fd, uint64_t len, const struct change *change)
{
    if (!change->is_cut)
        return write_all(fd, change->offset, buf_span(&change->data));
    if (change->offset < len && ftruncate(fd, (off_t)change->offset) != 0)
        return errno;
    return 0;
}

void disk_file_apply(struct disk_sync *sync)
{
    int fd = sync->file->fd;
    uint64_t len = sync->durable_len;
    int error = 0;
    for (struct list *at = sync->work.next; at != &sync->work && error == 0;
         at = at->next) {
        const struct change *change = list_entry(at, struct change, link);
        error = make_change(fd, len, change);
        uint64_t end = change->offset + change->data.len;
        if (error == 0 && (change->is_cut ? end < len : end > len))
            len = end;
    }
    if (error == 0 && fdatasync(fd) != 0)
        error = errno;
    sync->outcome = disk_outcome(error);
    if (error == 0) {
        sync->durable_len = len;
        return;
    }
    /* What was lost must not come back when the file grows again. */
    struct stat now;
    if (len < sync->durable_len)
        sync->durable_len = len;
    if (fstat(fd, &now) == 0 && (uint64_t)now.st_size > sync->durable_len)
        (void)!ftruncate(fd, (off_t)sync->durable_len);
}

void disk_file_settle(struct disk_sync *sync)
{
    struct disk_file *file = sync->file;
    file->durable_len = sync->durable_len;
    file->len = file->durable_len;
    list_each(at, &file->syncs)
        file->len = len_after(file->len,
                              &list_entry(at, struct disk_sync, link)->work);
    file->len = len_after(file->len, &file->changes);
}
