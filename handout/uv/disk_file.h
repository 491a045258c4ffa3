/*
 * disk_file.h - one file, and the changes to it that are not durable yet.
 *
 * What is durable lies in the real file. Writes and cuts since then are kept
 * here, in the order they were issued, and are laid over what a read finds:
 *
 *     real file     [ durable bytes ........ ]
 *     in a sync     change, change, ...        the pool writes these now
 *     in a sync     change, ...                waits for the one before it
 *     changes       change, change, ...        no sync covers them yet
 *
 * So a process that is killed loses exactly what no sync has written. A sync
 * that fails drops its changes, and what lay below them shows again.
 */
#ifndef CONCLAVE_UV_DISK_FILE_H
#define CONCLAVE_UV_DISK_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "host.h"
#include "list.h"
#include "wire.h"

/* A write, or a cut, that is not durable yet. */
struct change {
    struct list link; /* in the order they were issued */
    bool is_cut;      /* the file ends at offset; else data goes there */
    uint64_t offset;  /* see is_cut */
    struct buf data;  /* what a write writes */
};

/* One file. */
struct disk_file {
    struct list link;               /* among the names, in their order */
    char name[MAX_DISK_PATH_BYTES]; /* what the node calls it */
    bool is_named;                  /* the node can still reach it */
    int fd;                         /* of the real file */
    uint64_t durable_len;           /* length in bytes without the changes */
    uint64_t len;                   /* length in bytes as the node sees it */
    struct list changes;            /* that no sync covers yet */
    struct list syncs;              /* struct disk_sync, oldest first */
};

/* A sync that has been issued: of a file, or of the folder. */
struct disk_sync {
    uv_work_t job;          /* libuv's, for the pool */
    struct list link;       /* among those of its file, or of the folder */
    struct host_disk *disk; /* whose it is */
    struct disk_file *file; /* NULL: the folder */
    struct list work;       /* what it covers: changes, or disk.c's steps */
    uint64_t token;         /* the node's */
    int outcome;            /* how it went */
    uint64_t durable_len;   /* of the file, afterwards */
};

/* Adds a change. */
void disk_file_write(struct disk_file *file, uint64_t offset,
                     struct bytes data);
void disk_file_cut(struct disk_file *file, uint64_t len);

/*
 * Reads bytes that must lie inside the file (offset + len <= file->len), the
 * changes included. OK or a DISK_ outcome.
 */
int disk_file_read(const struct disk_file *file, uint64_t offset, size_t len,
                   uint8_t *out);

/*
 * Makes the changes of a file's sync durable and sets its outcome and
 * durable_len. Runs in the pool: it touches nothing but the real file and the
 * sync. If it fails, the real file is no longer than it was.
 */
void disk_file_apply(struct disk_sync *sync);

/* After disk_file_apply, in the loop: drops the sync's changes, which are in
 * the real file now or lost. The sync must be out of file->syncs. */
void disk_file_settle(struct disk_sync *sync);

/* Frees changes; the bytes that they held. */
size_t disk_changes_free(struct list *changes);

/* The outcome for an errno. */
int disk_outcome(int error);

#endif
