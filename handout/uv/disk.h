/*
 * disk.h - the node's files. What is not synced stays in this process.
 *
 * The real folder holds what is durable; see disk_file.h for the bytes of a
 * file. Names work the same way: the node sees its own list of names, and
 * what it did to them since is kept as steps, which a sync of the folder takes
 * in the real one. A file that no sync of the folder covers yet has a hidden
 * name there:
 *
 *     the node does          its names     the real folder
 *     append to "a"          a             .unnamed-1 (empty)
 *     sync "a"               a             .unnamed-1
 *     rename "a" to "b"      b             .unnamed-1
 *     sync the folder        b             b
 *
 * The invariant: taking the steps one after another turns the real folder's
 * names into the node's. What a kill leaves hidden goes at the next start.
 */
#ifndef CONCLAVE_UV_DISK_H
#define CONCLAVE_UV_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "disk_file.h"
#include "host.h"
#include "list.h"

#define MAX_DISK_FILES     1024         /* of one node; one more: DISK_FULL */
#define MAX_UNSYNCED_BYTES (512u << 20) /* kept here; more: DISK_FULL */
#define MAX_UNSYNCED_NAMES 65536        /* steps kept here; more: DISK_FULL */

/* Told of the end of every operation; never from inside host_disk_issue. */
typedef void (*disk_done)(void *arg, uint64_t token, int outcome,
                          const void *data, size_t len, uint64_t size);

/* The files of one node. */
struct host_disk {
    uv_loop_t *loop;       /* where completions are reported */
    int folder_fd;         /* the real folder */
    disk_done done;        /* told of completions */
    void *arg;             /* given to done */
    struct list files;     /* struct disk_file, sorted by name */
    size_t file_count;     /* how many */
    struct list steps;     /* on names, that no sync covers yet */
    size_t step_count;     /* how many */
    struct list syncs;     /* struct disk_sync of the folder, oldest first */
    size_t unsynced_bytes; /* in all changes of all files */
    uint64_t last_hidden;  /* number of the latest hidden name */
    struct list completed; /* operations to be reported, oldest first */
    uv_idle_t report;      /* reports them in the loop's next round */
    bool is_stopped;       /* nothing is reported any more */
};

/*
 * Brings up the files of a folder, which stays the caller's. Returns 0, or -1
 * with a sentence in error.
 */
int host_disk_open(struct host_disk *disk, uv_loop_t *loop, int folder_fd,
                   disk_done done, void *arg, char *error, size_t error_bytes);

/* Issues an operation: see host.h. */
void host_disk_issue(struct host_disk *disk, const struct disk_op *op);

/* Reports nothing any more. Syncs under way still end in the loop. */
void host_disk_stop(struct host_disk *disk);

/* Frees everything; after the loop has run out. What is not synced is lost. */
void host_disk_free(struct host_disk *disk);

#endif
