/*
 * ledger.h - the state machine of labs 3 and 4: a book of all commands.
 *
 * Every command is entered. The book knows how many there were and a digest of
 * all of them in their order, and keeps the latest LEDGER_KEPT_BYTES of them,
 * so that a snapshot has some size. Applying an entry takes apply_ms: what is
 * applied may have to wait, and your applier must live with that.
 */
#ifndef CONCLAVE_LEDGER_H
#define CONCLAVE_LEDGER_H

#include "machine.h"

#define LEDGER_KEPT_BYTES (256u << 10) /* of the latest commands */

extern const struct machine ledger_machine;

/* Commands entered so far, no-ops excluded; a digest of them in order. */
uint64_t ledger_count(void);
uint64_t ledger_digest(void);

#endif
