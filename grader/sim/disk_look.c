/*
 * disk_look.c - what is durable on a simulated disk, for tests that read it and
 * spoil it while its node is down. See disk.h.
 */
#include "disk_file.h"

#include <stdlib.h>
#include <string.h>

struct disk_counts disk_counts(const struct disk *disk)
{
    return disk->counts;
}

const char *disk_name(const struct disk *disk, size_t i)
{
    return i < disk->durable.count ? disk->durable.list[i].text : NULL;
}

const uint8_t *disk_bytes(const struct disk *disk, const char *name,
                          size_t *len, bool *is_there)
{
    const struct file *file = files_durable(disk, name);

    *is_there = file != NULL;
    *len = file != NULL ? file->durable.len : 0;
    return file != NULL ? file->durable.bytes : NULL;
}

bool disk_put(struct disk *disk, const char *name, const void *data, size_t len)
{
    struct file *file = files_durable(disk, name);

    if (file == NULL && (!files_is_name(name) || len > DISK_MAX_BYTES ||
                         disk->durable.count == DISK_MAX_FILES))
        return false;
    if (file == NULL)
        file = files_add_durable(disk, name);
    file_replace(file, data, len);
    return true;
}

bool disk_drop(struct disk *disk, const char *name)
{
    if (files_durable(disk, name) == NULL)
        return false;
    files_drop_durable(disk, name);
    return true;
}

bool disk_flip(struct disk *disk, const char *name, uint64_t offset,
               unsigned bit)
{
    struct file *file = files_durable(disk, name);

    if (file == NULL || offset >= file->durable.len || bit > 7)
        return false;
    file->durable.bytes[offset] ^= (uint8_t)(1u << bit);
    file_reread(file);
    return true;
}
