/*
 * bench.h - how fast the simulator is.
 */
#ifndef CONCLAVE_SIM_BENCH_H
#define CONCLAVE_SIM_BENCH_H

#include "loader.h"

/*
 * Runs nodes with 50 ms heartbeats for so many virtual seconds, all checks on,
 * with about so many proposals of clients a second (0: elections alone), and
 * prints upcalls a second and simulated seconds a second of CPU time, and
 * what the time went into.
 * 0, or 1 if it went wrong.
 */
int bench_run(const struct code *code, int nodes, unsigned seconds,
              unsigned proposals);

#endif
