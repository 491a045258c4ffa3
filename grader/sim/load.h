/*
 * load.h - clients of a simulated cluster, who propose commands.
 *
 * Each has several proposals under way, follows -MOVED most of the time, hops
 * to another node now and then, and stays with a node that nobody hears any
 * more for as long as that keeps silent. It says a command again only when it
 * has certainly not been taken; what was lost is followed by a new one. All
 * that a node answers is told to the witness.
 *
 *     load = load_new(world, witness, seed, NULL);
 *     load_clients(load, 3, 40);            // three, one proposal each 40 ms
 *     load_propose(load, 2, 5, 100);        // five by somebody else, at once
 *     while (...) { world_step(world, load_next_us(load)); load_act(load); }
 *
 * load_heard must be given what the world's watcher hears for clients.
 */
#ifndef CONCLAVE_SIM_LOAD_H
#define CONCLAVE_SIM_LOAD_H

#include <stdio.h>

#include "witness.h"
#include "world.h"

#define LOAD_MAX_CLIENTS 16    /* at once */
#define LOAD_MAX_FLIGHT  4     /* proposals of one of them under way */
#define LOAD_MAX_BATCH   512   /* of one load_propose */
#define LOAD_MAX_REPLY   65536 /* bytes of a reply that is not yet whole */

struct load;

/*
 * Nobody yet. What is asked and answered is written to told, unless it is NULL:
 *
 *     Q t NUMBER NODE TEXT      command NUMBER is proposed to a node
 *     Y t NUMBER TEXT           what became of it
 */
struct load *load_new(struct world *world, struct witness *witness,
                      uint64_t seed, FILE *told);
void load_free(struct load *load);

/* So many clients from now on, each proposes every pause_ms or so. */
void load_clients(struct load *load, int count, uint32_t pause_ms);

/* So many new commands of some length, to one node, together. The first's
 * number. */
uint64_t load_propose(struct load *load, int node, int count, size_t len);

/* Another command to a node: its connection, for load_reply. */
uint64_t load_ask(struct load *load, int node, const char *command);

/* The whole first reply on a connection, or NULL: not yet. */
const char *load_reply(const struct load *load, uint64_t connection);

/* When something is to be done next; UINT64_MAX: nothing. Does it. */
uint64_t load_next_us(const struct load *load);
void load_act(struct load *load);

/* Bytes of a node for a client of ours; NULL: it has closed it. */
void load_heard(struct load *load, uint64_t connection, const void *data,
                size_t len);

#endif
