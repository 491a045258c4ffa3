/*
 * machine.h - the replicated state machine, and whose turn it is.
 *
 * Whoever provides the machine (the kit's ledger in labs 3 and 4, your store in
 * lab 5) registers three functions. The stages below reach it only through the
 * await_machine_... functions, which let one at a time in and tell the host of
 * each act: that is what the grader judges.
 *
 *     applier ----- await_machine_apply ----+
 *     snapshot ---- await_machine_snapshot -+--> one at a time --> the machine
 *     installer --- await_machine_restore --+         |
 *                                                     v
 *                                             host.h: apply, snapshot, restore
 */
#ifndef CONCLAVE_MACHINE_H
#define CONCLAVE_MACHINE_H

#include <stdint.h>

#include "wire.h"

/* A state machine. The same entries in the same order must make the same
 * state, byte for byte, on every node: no clock, no randomness, no id. */
struct machine {
    /* An entry takes effect. Appends what the proposer is answered to result,
     * which is NULL when nobody on this node waits for it. May suspend. An
     * empty command is a leader's no-op and changes nothing. */
    void (*await_apply)(uint64_t index, struct bytes command,
                        struct buf *result);

    /* Appends the whole state. Must not suspend. */
    void (*snapshot)(struct buf *out);

    /* Replaces the whole state: OK, or BAD_BYTES and the state is as it was.
     * Must not suspend. */
    int (*restore)(struct bytes state);
};

/* Registers the machine, which must live as long as the node. Called once,
 * before any stage starts. */
void machine_start(const struct machine *machine);

/*
 * Gives entry index of term to the machine, and tells the host so. Figure 2,
 * All Servers, rule 1: the caller sees to it that each index comes once and in
 * order. OK; CANCELLED, and nothing was done, if while this waited for its turn
 * a snapshot was restored that covers the index already. The command is
 * borrowed until the call returns: it must not lie in memory that can move.
 */
int await_machine_apply(uint64_t index, uint64_t term, struct bytes command,
                        struct buf *result);

/* Appends the state to out and says after which entry it was taken. OK;
 * CANCELLED if nothing has been applied yet. */
int await_machine_snapshot(uint64_t *index, uint64_t *term, struct buf *out);

/*
 * Replaces the state by a snapshot that was taken after entry index of term.
 * OK; CANCELLED, and nothing was done, if the machine is there already or
 * beyond; BAD_BYTES if the machine cannot read it.
 */
int await_machine_restore(uint64_t index, uint64_t term, struct bytes state);

/* The entry that the machine's state was made by last: 0 at first. */
uint64_t machine_index(void);

/* Waits until machine_index() is higher than an index. OK, or why the wait was
 * cancelled. */
int await_machine_beyond(uint64_t index);

#endif
