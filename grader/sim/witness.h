/*
 * witness.h - what was seen committed, and whether it stays.
 *
 * Commands are numbered, so that each is known by its bytes wherever it turns
 * up. What a node gives to its state machine is committed (Figure 2, All
 * Servers, rule 1); the first to do so with an index fixes what stands there
 * for ever. Found wrong is
 *
 *     state-machine   another entry, or another term, at such an index
 *     applied-once    one command at two indexes
 *     invented        a command that no client gave
 *     seen-commit     a client was told of an index and a term that its command
 *                     does not have, or of one that is not applied yet
 *
 *     number = witness_command(witness, 40);    // a client is about to say it
 *     witness_applied(witness, 1, 7, 2, data, len);
 *     witness_answered(witness, 1, number, 7, 2);
 *     if (witness_wrong(witness) != NULL) ...
 */
#ifndef CONCLAVE_SIM_WITNESS_H
#define CONCLAVE_SIM_WITNESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../handout/node/host.h"

#define WITNESS_MAX_TEXT    256       /* a sentence, with its NUL */
#define COMMAND_MIN_BYTES   24        /* room for its number */
#define COMMAND_MAX_BYTES   (4 << 20) /* more is never proposed */
#define WITNESS_MAX_ENTRIES 1000000   /* an index above is no index */

/* The first thing that went wrong. */
struct wrong {
    const char *rule;                /* its name, as above */
    int node;                        /* who did it, or NO_NODE */
    char expected[WITNESS_MAX_TEXT]; /* a sentence */
    char observed[WITNESS_MAX_TEXT]; /* a sentence */
};

struct witness;

struct witness *witness_new(void);
void witness_free(struct witness *witness);

/* A new command of so many bytes: its number, from 1. Its bytes. */
uint64_t witness_command(struct witness *witness, size_t len);
void witness_bytes(const struct witness *witness, uint64_t number,
                   uint8_t *bytes);
size_t witness_len(const struct witness *witness, uint64_t number);

/* A node's life begins: its state machine is empty. */
void witness_started(struct witness *witness, int node);

/* An entry takes effect; the state is replaced by that after an entry. */
void witness_applied(struct witness *witness, int node, uint64_t index,
                     uint64_t term, const void *data, size_t len);
void witness_restored(struct witness *witness, int node, uint64_t index);

/* A client of a node heard that its command stands there. */
void witness_answered(struct witness *witness, int node, uint64_t number,
                      uint64_t index, uint64_t term);

/* Whether some client has heard so of a command. */
bool witness_is_answered(const struct witness *witness, uint64_t number);
uint64_t witness_answers(const struct witness *witness);

/* How far a node's machine is; the highest index ever applied anywhere, and
 * answered to anybody. */
uint64_t witness_at(const struct witness *witness, int node);
uint64_t witness_highest(const struct witness *witness);
uint64_t witness_highest_answered(const struct witness *witness);

/* What the ledger of a machine holds after an index: how many commands, and
 * their digest (handout/standin/ledger.c). */
void witness_ledger(const struct witness *witness, uint64_t index,
                    uint64_t *count, uint64_t *digest);

/* Takes over what another has seen, but for how far nodes are: for a second
 * world (powercut.h). */
void witness_copy(struct witness *to, const struct witness *from);

/* What went wrong first, or NULL. */
const struct wrong *witness_wrong(const struct witness *witness);

#endif
