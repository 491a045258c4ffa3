/*
 * boot.h - the node of labs 3 to 5: how its stages are started, and what it
 * says of itself. For the app above them.
 */
#ifndef CONCLAVE_BOOT_H
#define CONCLAVE_BOOT_H

#include "machine.h"
#include "replication.h"
#include "wire.h"

/* Opens the store and the last snapshot, starts all stages over a machine, and
 * adds the client command SNAPSHOT. Returns at once; client commands may be
 * registered before or after. */
void boot_start(const struct machine *machine);

/*
 * Says in Redis's words why a command was not executed: -MOVED 0 host:port if
 * another leads, -CLUSTERDOWN if nobody is known to, -BUSY, -LOST, -TOOLARGE.
 */
void boot_answer_refusal(struct buf *out, enum proposed proposed);

#endif
