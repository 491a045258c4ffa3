/*
 * snapshot_receive.h - Lab 4, part B: the receiver of InstallSnapshot.
 */
#ifndef CONCLAVE_SNAPSHOT_RECEIVE_H
#define CONCLAVE_SNAPSHOT_RECEIVE_H

#include <stdint.h>

/* next_offset of an InstallSnapshot reply, past the end of any snapshot:
 * nothing of it is wanted, all that it covers is held here, and is on disk. */
#define SNAPSHOT_HELD UINT64_MAX

/* Registers the InstallSnapshot handler. */
void snapshot_receive_start(void);

#endif
