/*
 * mirror.h - what the log on disk comes to, in memory.
 *
 * Memory changes in one way only: it takes a record. The store makes a record
 * of each change, has the mirror take it, and writes it; recovery reads the
 * records and has the mirror take them. So both come to the same.
 *
 *         base          floor
 *     ------+--- gap ---+-----+-----+-----+
 *           |           | +1  | +2  | +3  |  entries
 *     ------+-----------+-----+-----+-----+
 *
 * There is a gap only during a recovery that begins in the middle of the log,
 * because a snapshot covers the entries before; a record that comes later moves
 * the base beyond them. If none does, entries are missing.
 *
 * The functions of store.h that only look (store_term, store_entry, ...) are in
 * mirror.c, too.
 */
#ifndef CONCLAVE_MIRROR_H
#define CONCLAVE_MIRROR_H

#include "record.h"
#include "store.h"

/*
 * Takes a record. OK; BAD_BYTES, and nothing has changed, if it does not fit
 * what is there: an entry that is not the next one, a summary that says
 * something else than all before it. Only the very first summary is believed.
 */
int mirror_take(const struct record *record);

/* What is there now. */
struct summary mirror_summary(void);

/* Whether no entry between the base and the last is missing. */
bool mirror_is_whole(void);

#endif
