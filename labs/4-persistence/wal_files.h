/*
 * wal_files.h - the files of the log as a row: which there are, which of them
 * are needed, and where in them the next batch goes.
 *
 *     wal.00000004    wal.00000005    wal.00000006    wal.00000007
 *     +-----------+   +-----------+   +-------+---+   +-----------+
 *     | batches   |   | batches   |   | batch | 0 |   | 0         |
 *     +-----------+   +-----------+   +-------+---+   +-----------+
 *     not needed:     needed          current ^       next, made ahead:
 *     may be used                             |       nobody waits for it
 *     for the next                   the next batch
 *
 * What is done to one file is in segment.h; how the row is found again after a
 * crash, in recover.h. Who waits for which batch is wal.c's business.
 */
#ifndef CONCLAVE_WAL_FILES_H
#define CONCLAVE_WAL_FILES_H

#include "recover.h"

/* Has the log read back into the mirror, or begins one where there is none:
 * *is_new. Call it once, first. OK or a DISK_ outcome. */
int await_wal_files_open(bool *is_new);

/* Starts the housekeeper, who makes the next file and removes old ones: when
 * the log is open, and its first batch durable if it is new. */
void wal_files_keep_house(void);

/*
 * Makes room for a batch that is not sealed yet. If the current file has none,
 * the next one becomes current, and *batch grows by what has to stand at its
 * front. If it fails, *batch is what it was and may be tried again later. OK
 * or a DISK_ outcome.
 */
int await_wal_files_room(struct buf *batch);

/*
 * Seals a batch that there is room for, writes it and makes it durable.
 * `after`: what the log comes to with it. One at a time, and after a failure
 * none any more. OK or a DISK_ outcome.
 */
int await_wal_files_write(struct buf *batch, const struct summary *after);

/* Tells the housekeeper that a batch has ended, well or not. */
void wal_files_batch_ended(void);

#endif
