/*
 * lin_ahead.h - reads that are still to come tell what may be written now.
 *
 * A key that is only appended to, and read, never loses a byte. So whatever is
 * appended now, at some place, every read that is not yet taken must find there.
 * This is rule 5 of the search: an append that the next such read does not find
 * is not taken. It forbids only what cannot be completed, so it loses nothing;
 * and it leaves hardly a choice in histories of appends, which are hard without
 * it: that an append without an answer has happened may show much later.
 */
#ifndef CONCLAVE_LIN_AHEAD_H
#define CONCLAVE_LIN_AHEAD_H

#include "lin_config.h"

/* Notes which keys are only appended to and read: config->is_growing. */
void ahead_init(struct config *config);

/* Whether a read that is still to come shows that this cannot come now. */
bool ahead_forbids(const struct config *config, uint32_t op);

#endif
