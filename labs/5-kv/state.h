/*
 * state.h - Lab 5, part A: the replicated state, and how it is read.
 *
 * For the files of this stage. Nothing here asks a clock.
 */
#ifndef CONCLAVE_STATE_H
#define CONCLAVE_STATE_H

#include "kv.h"

/* Answers a read from the state as it is. now_ms is the reader's wall clock, for
 * KV_TTL alone. */
void state_read(const struct kv_command *command, uint64_t now_ms,
                struct buf *answer);

/* The last version that was given to anything; sessions have them, too. */
extern uint64_t last_version;

/*
 * The whole state as bytes, appended to out; and brought back in place of what
 * there was: OK, or BAD_BYTES, and nothing has changed (state_image.c). Equal
 * states make equal bytes.
 */
void state_snapshot(struct buf *out);
int state_restore(struct bytes bytes);

#endif
