/*
 * disk.h - the host's disk as functions that wait.
 *
 * Everything but a sync takes effect at once for later reads, and is lost by a
 * crash until a sync that was issued after it has completed: disk_sync for a
 * file's bytes and length, disk_sync_dir for creations, renames and removals.
 * After a failed sync the bytes it covered are gone, even if the next one
 * succeeds. All functions return OK, or DISK_NOT_FOUND, DISK_FULL, DISK_ERROR,
 * DISK_BAD_RANGE. Waits of the disk are not cancelled: a write under way
 * cannot be called back.
 */
#ifndef CONCLAVE_DISK_H
#define CONCLAVE_DISK_H

#include "wire.h"

/* Adds bytes at the end of a file, creating it; *size: its new length. */
int await_disk_append(const char *path, struct bytes data, uint64_t *size);

/* Writes bytes at an offset of a file, creating it. */
int await_disk_write(const char *path, uint64_t offset, struct bytes data);

/* Reads up to len bytes at an offset, appended to out; fewer at the end. */
int await_disk_read(const char *path, uint64_t offset, size_t len,
                    struct buf *out);

int await_disk_size(const char *path, uint64_t *size);
int await_disk_sync(const char *path);
int await_disk_truncate(const char *path, uint64_t size);
int await_disk_rename(const char *path, const char *to);
int await_disk_remove(const char *path);
int await_disk_sync_dir(void);

/* Appends the names that exist to out, each ended by a NUL byte. */
int await_disk_list(struct buf *out);

/* The runtime's upcall. */
void disk_on_done(uint64_t token, int outcome, const void *data, size_t len,
                  uint64_t size);

#endif
