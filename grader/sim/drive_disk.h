/*
 * drive_disk.h - what tests read of a simulated disk, and write to it; for
 * drive.c alone.
 *
 *     files ID              what is durable: `ok NAME SIZE NAME SIZE ...`
 *     file ID NAME          a file's bytes: `ok HEX` ("-" for none)
 *     put ID NAME HEX       they are these now
 *     drop ID NAME          the file is gone
 *     diskcount ID          so far: `ok WRITES BYTES SYNCS`
 *
 * put and drop are for a node that is down.
 */
#ifndef CONCLAVE_SIM_DRIVE_DISK_H
#define CONCLAVE_SIM_DRIVE_DISK_H

#include <stdio.h>

#include "world.h"

/* Obeys a command, whose bytes (put) are len at words[3], and answers. */
void drive_disk(struct world *world, FILE *out, char **words, size_t len);

#endif
