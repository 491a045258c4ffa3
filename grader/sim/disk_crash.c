/*
 * disk_crash.c - what a crash leaves on a simulated disk. See disk.h.
 *
 * A disk takes what it is given in any order, and may be cut off in the middle
 * of it. Either chance decides (torn), or a test does (torn_at): then the disk
 * had done everything in order, names and cuts included, up to some byte.
 */
#include "disk_file.h"

/* Changes of a file vanish, but for those that had reached the disk by chance:
 * the first few, the last of them torn, or any. */
static void crash_file(struct disk *disk, struct file *file)
{
    bool is_torn = rng_chance(&disk->chance, disk->faults.torn);
    bool in_order = rng_chance(&disk->chance, 0.5);
    uint32_t count = 0;

    for (struct change *at = file->changes; at != NULL; at = at->next)
        count++;
    uint32_t keep = rng_below(&disk->chance, count + 1);
    for (uint32_t i = 0; file->changes != NULL; i++) {
        size_t part = file->changes->len;
        bool is_kept = in_order ? i < keep : rng_chance(&disk->chance, 0.5);

        if (in_order && i + 1 == keep)
            part = rng_below(&disk->chance, (uint32_t)part + 1);
        file_take_first(file, is_torn && is_kept, part);
    }
}

static void crash_by_chance(struct disk *disk)
{
    bool is_torn = rng_chance(&disk->chance, disk->faults.torn);

    for (struct file *at = disk->files; at != NULL; at = at->next)
        crash_file(disk, at);
    while (disk->steps != NULL) {
        /* A folder keeps the first few of its steps. */
        is_torn = is_torn && rng_chance(&disk->chance, 0.5);
        files_take_first(disk, is_torn);
    }
}

/* The file with the oldest change, or NULL: a step is older, or none is left.*/
static struct file *oldest(const struct disk *disk)
{
    uint64_t least = disk->steps != NULL ? disk->steps->number : UINT64_MAX;
    struct file *found = NULL;

    for (struct file *at = disk->files; at != NULL; at = at->next) {
        if (at->changes == NULL || at->changes->number >= least)
            continue;
        least = at->changes->number;
        found = at;
    }
    return found;
}

static void crash_at_byte(struct disk *disk)
{
    uint64_t left = disk->faults.torn_at;
    bool is_kept = true;
    struct file *file;

    while ((file = oldest(disk)) != NULL || disk->steps != NULL) {
        size_t part;

        if (file == NULL) {
            files_take_first(disk, is_kept);
            continue;
        }
        part = file->changes->len;
        if (is_kept && part > left)
            file_take_first(file, true, (size_t)left);
        else
            file_take_first(file, is_kept, part);
        is_kept = is_kept && part <= left;
        left -= part <= left ? part : left;
    }
    disk->faults.is_torn_at = false;
}

void disk_crash(struct disk *disk)
{
    if (disk->faults.is_torn_at)
        crash_at_byte(disk);
    else
        crash_by_chance(disk);
    for (struct file *at = disk->files; at != NULL; at = at->next) {
        file_reread(at);
        at->busy_us = 0;
        at->syncs = 0;
    }
    files_reread(disk);
    disk->busy_us = disk->last_us = 0;
    files_forget_unused(disk);
}
