/*
 * powercut.h - what would be left if the power went out now, everywhere?
 *
 * Each node's disk as it would be after a crash is put under a node of its own,
 * in a second world, whose network is perfect. There all that was ever seen
 * committed in the first must come back: applied at its index, with its term.
 * The first world does not notice.
 *
 *     if (!powercut(&(struct powercut){.world = world, ...}, &wrong))
 *         ... wrong.observed
 */
#ifndef CONCLAVE_SIM_POWERCUT_H
#define CONCLAVE_SIM_POWERCUT_H

#include "witness.h"
#include "world.h"

#define POWERCUT_LIMIT_US 20000000 /* for everything to come back */

/* Where the power is cut. */
struct powercut {
    struct world *world;           /* whose disks are taken */
    const struct code *code;       /* of its nodes */
    const char *config;            /* that they were given */
    const struct witness *witness; /* of what was committed */
    uint64_t seed;                 /* of the second world */
};

/* True: all came back. Else what did not. */
bool powercut(const struct powercut *cut, struct wrong *wrong);

#endif
