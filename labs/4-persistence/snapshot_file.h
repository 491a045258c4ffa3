/*
 * snapshot_file.h - Lab 4, part B: the file that holds a snapshot.
 *
 * There is one, by the name of SNAPSHOT_FILE, or none yet. A new one is written
 * under another name and then takes its place:
 *
 *     struct snapshot_id id = {.index = 40, .term = 3};
 *     int outcome = await_snapshot_file_write(TAKEN_FILE, &id, state);
 *     if (outcome == OK)
 *         outcome = await_snapshot_file_publish(TAKEN_FILE, id);
 *
 * The format is in docs/protocol.md. What travels to a peer is the state alone,
 * the bytes after the header.
 */
#ifndef CONCLAVE_SNAPSHOT_FILE_H
#define CONCLAVE_SNAPSHOT_FILE_H

#include <stdint.h>

#include "wire.h"

#define SNAPSHOT_FILE         "snapshot"       /* the last durable one */
#define TAKEN_FILE            "snapshot.taken" /* being written by this node */
#define RECEIVED_FILE         "snapshot.received" /* arriving from a leader */
#define SNAPSHOT_HEADER_BYTES 52                  /* before the state */
#define SNAPSHOT_PIECE_BYTES  (256u << 10)        /* read or written at once */
#define SNAPSHOT_MAX_BYTES    (1u << 30)          /* of a state */
#define MAX_DAMAGE_TEXT       160                 /* a sentence, with its NUL */

/* Which snapshot a file holds. */
struct snapshot_id {
    uint64_t index;      /* the last entry that it covers; 0: no snapshot */
    uint64_t term;       /* that entry's term */
    uint64_t size_bytes; /* of the state, without the header */
};

/* What is wrong with a file. */
struct damage {
    uint64_t offset;            /* where it was noticed */
    char text[MAX_DAMAGE_TEXT]; /* what is wrong there */
};

/*
 * The turn: whoever wants to put another file in the place of SNAPSHOT_FILE
 * holds it, from the choice of the snapshot until its log has been cut. OK, or
 * why the wait for it was cancelled. What is done in one's turn is done to the
 * end: nothing cancels its waits.
 */
int await_snapshot_turn(void);
void snapshot_give_back_turn(void);

/*
 * Writes a snapshot of state under a name of its own and syncs it; id->index
 * and id->term are given, id->size_bytes is filled in. OK, TOO_LARGE, or a
 * DISK_ outcome.
 */
int await_snapshot_file_write(const char *path, struct snapshot_id *id,
                              struct bytes state);

/*
 * The same for a state that is in the file already, id.size_bytes of it behind
 * room for the header; it is appended to state, too.
 */
int await_snapshot_file_seal(const char *path, struct snapshot_id id,
                             struct buf *state);

/*
 * Reads a file and checks every byte of it; the state goes into state, which is
 * empty. OK;
 * BAD_BYTES, and what is wrong in damage; or a DISK_ outcome.
 */
int await_snapshot_file_read(const char *path, struct snapshot_id *id,
                             struct buf *state, struct damage *damage);

/*
 * Puts a file that is whole and synced in the place of SNAPSHOT_FILE, for good:
 * OK means that a crash finds it there. A DISK_ outcome means that the former
 * one is still (or again) in place. Only in one's turn.
 */
int await_snapshot_file_publish(const char *path, struct snapshot_id id);

/* Once, before all else: what SNAPSHOT_FILE was found to hold. */
void snapshot_file_start(struct snapshot_id found);

/*
 * What a read of SNAPSHOT_FILE that is issued now would come from. It may
 * change at every await_: whoever reads piece by piece asks again.
 */
struct snapshot_id snapshot_file_current(void);

#endif
