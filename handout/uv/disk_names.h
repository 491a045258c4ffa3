/*
 * disk_names.h - the names of the node's files, and the steps on them that are
 * not durable yet; see disk.h for how they relate.
 *
 * Each step is one system call on the real folder: a rename (a creation gives
 * a hidden file its name) or a removal.
 */
#ifndef CONCLAVE_UV_DISK_NAMES_H
#define CONCLAVE_UV_DISK_NAMES_H

#include "disk.h"

/* Whether a text may name a file. NULL may not. */
bool disk_is_name(const char *text);

/* Reads the real folder and clears away what is hidden. 0, or -1 and why. */
int disk_load_names(struct host_disk *disk, char *error, size_t error_bytes);

/* The file with a name, or NULL. */
struct disk_file *disk_find(const struct host_disk *disk, const char *name);

/* These take effect for the node at once. OK or a DISK_ outcome. */
int disk_create(struct host_disk *disk, const char *name,
                struct disk_file **file);
int disk_rename(struct host_disk *disk, struct disk_file *file, const char *to);
int disk_remove(struct host_disk *disk, struct disk_file *file);

/* Frees a file that has no syncs, with its changes. */
void disk_forget(struct host_disk *disk, struct disk_file *file);

/* Takes a sync's steps in the real folder, in their order, up to the first
 * that fails, and makes them durable. Runs in the pool. */
void disk_names_apply(struct disk_sync *sync);

/* After disk_names_apply, in the loop: steps that failed are for the next
 * sync. The sync must be out of disk->syncs. */
void disk_names_settle(struct disk_sync *sync);

void disk_steps_free(struct list *steps);

/* Moves all members of a list in front of those of another. */
void disk_prepend(struct list *to, struct list *from);

#endif
