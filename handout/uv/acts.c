/*
 * acts.c - see acts.h.
 */
#define _GNU_SOURCE

#include "acts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_NAME  ".acts"
#define HEAD_BYTES 29 /* of a record, before the bytes */
#define LENGTH_AT  17 /* in a record */

static uint8_t *put(uint8_t *at, uint64_t value, int count)
{
    for (int i = 0; i < count; i++)
        *at++ = (uint8_t)(value >> 8 * i);
    return at;
}

/* FNV-1a. */
static uint64_t hash_of(const uint8_t *bytes, size_t len)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < len; i++)
        hash = (hash ^ bytes[i]) * 0x100000001b3u;
    return hash;
}

void acts_add(struct acts *acts, enum act_kind kind, uint64_t index,
              uint64_t term, const void *data, size_t len)
{
    if (!acts->is_on)
        return;
    size_t shown = len < ACT_HEAD_BYTES ? len : ACT_HEAD_BYTES;
    if (acts->len + HEAD_BYTES + shown > acts->room) {
        acts->room = 2 * (acts->len + HEAD_BYTES + shown);
        acts->data = realloc(acts->data, acts->room);
        if (!acts->data)
            abort(); /* out of memory */
    }
    uint8_t *at = acts->data + acts->len;
    at = put(put(put(at, kind, 1), index, 8), term, 8);
    at = put(put(at, len, 4), hash_of(data, len), 8);
    if (shown > 0)
        memcpy(at, data, shown);
    acts->len += HEAD_BYTES + shown;
}

int acts_flush(struct acts *acts)
{
    size_t done = 0;
    while (done < acts->len) {
        ssize_t count = write(acts->fd, acts->data + done, acts->len - done);
        if (count < 0 && errno != EINTR)
            return errno;
        done += count > 0 ? (size_t)count : 0;
    }
    acts->len = 0;
    return 0;
}

/* Where the last whole record ends: a kill may have cut the next one short. */
static off_t whole_bytes(int fd)
{
    uint8_t head[HEAD_BYTES];
    off_t size = lseek(fd, 0, SEEK_END);
    off_t at = 0;
    while (pread(fd, head, sizeof head, at) == (ssize_t)sizeof head) {
        size_t len = 0;
        for (int i = 3; i >= 0; i--)
            len = len << 8 | head[LENGTH_AT + i];
        off_t end = at + HEAD_BYTES +
                    (off_t)(len < ACT_HEAD_BYTES ? len : ACT_HEAD_BYTES);
        if (end > size)
            break;
        at = end;
    }
    return at;
}

int acts_open(struct acts *acts, int folder_fd, uint64_t incarnation,
              char *error, size_t error_bytes)
{
    acts->fd = openat(folder_fd, FILE_NAME,
                      O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (acts->fd >= 0 && ftruncate(acts->fd, whole_bytes(acts->fd)) == 0) {
        acts->is_on = true;
        acts_add(acts, ACT_START, 0, incarnation, NULL, 0);
        if (acts_flush(acts) == 0)
            return 0;
    }
    snprintf(error, error_bytes, "the file %s in the data folder: %s",
             FILE_NAME, strerror(errno));
    return -1;
}
