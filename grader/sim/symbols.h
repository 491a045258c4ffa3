/*
 * symbols.h - what a node's shared object asks of libc, held against a list.
 *
 * A node reaches the world through the door (handout/node/host.h) only. What
 * computes is allowed, and printing for debugging is; what reads the world,
 * waits, starts threads or hangs on the process is refused before the node is
 * ever loaded, with the object file and the call named.
 */
#ifndef CONCLAVE_SIM_SYMBOLS_H
#define CONCLAVE_SIM_SYMBOLS_H

#include "loader.h"

/*
 * Checks a shared object; the objects that it was linked from help to say who
 * is to blame. Prints a sentence for each refused call and returns how many
 * there are; -1 if a file is no ELF file of this machine.
 */
int symbols_check(const struct code *code, char **objects, int object_count);

#endif
