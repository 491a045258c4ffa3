/*
 * disk.h - a simulated disk: what a node wrote, and what of it would survive.
 *
 * Three things are kept for each file: what the node sees (live), what a crash
 * would leave (durable), and the changes between the two, in order. A sync
 * covers the changes made before it was issued; when it ends well they go into
 * durable, when it fails they are gone, from live too. Names are treated in the
 * same way: creations, renames and removals are steps, made durable by a sync
 * of the folder.
 *
 *     live    = durable + changes          folder: live = durable + steps
 *     sync ok:   durable += covered        sync of the folder: the same
 *     sync fail: live    -= covered
 *     crash:     live    = durable [+ some of the changes, some torn]
 *
 * While the node is down, live and durable are the same, and tests read and
 * spoil them: disk_name, disk_bytes, disk_put, disk_drop, disk_flip.
 *
 * An operation is issued, takes effect at once (but for syncs), and is due at
 * a virtual time, when disk_finish gives its outcome.
 */
#ifndef CONCLAVE_SIM_DISK_H
#define CONCLAVE_SIM_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../handout/node/host.h"

#define DISK_MAX_FILES 1024 /* names at once */
#define DISK_MAX_BYTES \
    (UINT64_C(1) << 30)    /* of all files, unless less is set */
#define DISK_MAX_ERROR 160 /* a sentence, with its NUL */

/* What is wrong with a disk. The standard one only forgets. */
struct disk_faults {
    double torn;         /* probability that a crash leaves some of what was
                            not synced, perhaps torn, of a file or folder */
    double fail;         /* probability that a sync fails */
    double slow;         /* probability that a sync takes slow_ms more */
    uint32_t slow_ms;    /* up to so much */
    uint32_t sync_us;    /* least time of a sync; up to twice that */
    uint64_t full_bytes; /* room for so many bytes */
    uint32_t fail_at;    /* the so manieth sync from now on fails; 0: none */
    bool is_torn_at;     /* the next crash leaves all that was done, in its
                            order, up to the torn_at-th byte written */
    uint64_t torn_at;    /* see is_torn_at */
};

/* What was done to a disk so far. */
struct disk_counts {
    uint64_t writes; /* and appends, that did not fail */
    uint64_t bytes;  /* written by them */
    uint64_t syncs;  /* issued, of files and of the folder */
};

/* An operation under way, and then its result. */
struct disk_work {
    uint64_t token;       /* the node's name for it */
    uint64_t due_us;      /* when to call disk_finish */
    bool is_sync;         /* of a file or of the folder */
    uint64_t file;        /* sync: the file's number; 0: the folder */
    uint64_t covers;      /* sync: changes up to this one */
    bool will_fail;       /* sync: it is fated to */
    int outcome;          /* OK or a DISK_ outcome */
    uint64_t sync_number; /* sync of a file: the checker's name for it */
    uint64_t size;        /* for DISK_SIZE, DISK_APPEND, DISK_WRITE */
    uint8_t *data;        /* what was read or listed */
    size_t len;           /* bytes of that */
};

struct disk;

/* An empty disk; its chance is drawn from the seed for a node's id. */
struct disk *disk_new(uint64_t seed, int id);
void disk_free(struct disk *disk);

/* May be changed at any time. */
struct disk_faults *disk_faults(struct disk *disk);

/*
 * Reads one setting, "key=value". False and a sentence in error if it is none.
 *
 *     fail=P   torn=P   slow=P,MS   sync_us=N     as in struct disk_faults
 *     full=N   room=N      room for N bytes, or for N more than there are now
 *     fail_at=N            the N-th sync from now on fails; 0: none
 *     torn_at=N            the next crash tears at the N-th byte; -1: it does
 *                          not, unless torn=P says so
 */
bool disk_set(struct disk *disk, const char *word, char error[DISK_MAX_ERROR]);

/* Issues an operation. The caller owns the result. */
struct disk_work *disk_issue(struct disk *disk, const struct disk_op *op,
                             uint64_t now_us);

/* The operation has ended: its outcome stands now. */
void disk_finish(struct disk *disk, struct disk_work *work);
void disk_work_free(struct disk_work *work);

/* The node has crashed: what was not synced is lost. Operations under way must
 * not be finished any more. */
void disk_crash(struct disk *disk);

struct disk_counts disk_counts(const struct disk *disk);

/* ---- What is durable --------------------------------------------------- */

/* The names of files, in their order; NULL: there are fewer. */
const char *disk_name(const struct disk *disk, size_t i);

/* A file's bytes and how many; NULL if there is none of that name, or if it
 * is empty: then *is_there tells. */
const uint8_t *disk_bytes(const struct disk *disk, const char *name,
                          size_t *len, bool *is_there);

/* While the node is down: a file has these bytes now (it is made if there is
 * none); it is gone; a bit of it (from the lowest) is another. False: there is
 * no such file, byte or name. */
bool disk_put(struct disk *disk, const char *name, const void *data,
              size_t len);
bool disk_drop(struct disk *disk, const char *name);
bool disk_flip(struct disk *disk, const char *name, uint64_t offset,
               unsigned bit);

#endif
