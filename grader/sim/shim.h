/*
 * shim.h - what a loaded copy of a node calls instead of libc.
 *
 * A node's shared object is linked with shim.o, which defines malloc, rand,
 * time, exit and their kin for it alone (hidden, so nobody else is affected)
 * and passes them on to the functions below. The simulator's program offers
 * these to all copies; it knows which node is running.
 *
 *     lab code --malloc()--> shim.o in the copy --sim_alloc()--> simulator
 *
 * `caller` is an address in the code that made the call, for reports.
 */
#ifndef CONCLAVE_SIM_SHIM_H
#define CONCLAVE_SIM_SHIM_H

#include <stddef.h>
#include <stdint.h>

/* Heap memory that goes when the node does. Fresh bytes hold a pattern. */
void *sim_alloc(size_t size_bytes, const void *caller);
void *sim_alloc_zeroed(size_t count, size_t size_bytes, const void *caller);
void *sim_resize(void *block, size_t size_bytes, const void *caller);
void sim_free(void *block, const void *caller);

/* Whole pages, for stacks; they go when the node does, too. */
void *sim_map(size_t size_bytes);
int sim_guard(void *base, size_t size_bytes);
int sim_unmap(void *base, size_t size_bytes);

/* Chance and time of the world, in place of the machine's. */
uint64_t sim_random(const char *called, const void *caller);
int64_t sim_wall_us(const char *called, const void *caller);
uint64_t sim_monotonic_us(const char *called, const void *caller);

/* The node ends itself. `how` says it: "called exit(0)". */
_Noreturn void sim_end(const char *how, const void *caller);

#endif
