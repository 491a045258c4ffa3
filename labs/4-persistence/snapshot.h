/*
 * snapshot.h - Lab 4, part B: snapshots (the Raft paper, section 7).
 *
 * A snapshot is the state machine after some entry, written to disk whole; what
 * the log holds up to that entry is then needed no more. This stage takes
 * snapshots when the log has grown (snapshot_log_bytes), cuts the log behind
 * them (store_compact), starts from them, and passes them on to peers that need
 * entries which are gone (await_snapshot_send, declared in replication.h).
 *
 * The other half of the lab, part A, is behind store.h.
 */
#ifndef CONCLAVE_SNAPSHOT_H
#define CONCLAVE_SNAPSHOT_H

#include "replication.h"

/*
 * Brings back the last durable snapshot, if there is one: restores the machine
 * (await_machine_restore), moves the log's base (store_compact) and tells the
 * replication stage (replication_restored). Called once, after await_store_open
 * and raft_init, before any stage starts. OK, or a DISK_ outcome; a snapshot
 * that is damaged, or that the log does not reach, ends the node with a
 * sentence (node_fatal) that names the file and the offset.
 */
int await_snapshot_open(void);

/* Registers the InstallSnapshot handler and starts to watch the log's size. */
void snapshot_start(void);

/*
 * Takes a snapshot now, of what has been applied, makes it durable and cuts the
 * log behind it. One is taken at a time; the caller waits for its turn. OK at
 * once if nothing has been applied since the last one; else OK, or the DISK_
 * outcome that prevented it: then the last snapshot and the log are as they
 * were.
 */
int await_snapshot_take(void);

#endif
