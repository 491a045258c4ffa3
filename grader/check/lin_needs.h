/*
 * lin_needs.h - what answers to come need, and what is lost for them.
 *
 * An answer that must still be explained may tell a value: a GET of x that saw
 * 7 needs x to be 7 at some time from now on. So an operation must be left that
 * can make it 7, unless it is 7 now. This is rule 6 of the search:
 * an operation after which some need can no longer be met is not taken. It
 * forbids only what cannot be completed, so it loses nothing; and a wrong
 * choice is seen at once that else would be found out much later, again and again.
 *
 * Who can make a value is judged generously: whoever writes it, and for a value
 * that many APPENDs or any INCRBY might make, nobody is asked.
 */
#ifndef CONCLAVE_LIN_NEEDS_H
#define CONCLAVE_LIN_NEEDS_H

#include "lin_config.h"

/* Notes all needs: config->needs. Call after ahead_init. */
void needs_init(struct config *config);
void needs_free(struct config *config);

/* An operation is taken, or no longer. */
void needs_take(struct config *config, uint32_t op);
void needs_undo(struct config *config, uint32_t op);

/* Whether the operation taken last leaves a need that nothing can meet. */
bool needs_forbid(const struct config *config);

#endif
