/*
 * apart.h - nodes in processes of their own, where code->is_isolated says so.
 *
 *     if (apart_start(place, error))
 *         apart_upcall(place, &upcall) ...
 *     apart_end(place);
 *
 * What such a node does to its memory, its stack or its process it does to
 * nobody else. The same seed gives the same trace hash as in one process.
 */
#ifndef CONCLAVE_SIM_APART_H
#define CONCLAVE_SIM_APART_H

#include "inside.h"

/* A node's process. */
struct apart;

/* Forks it and loads the node there. False: a sentence in error says why. */
bool apart_start(struct host *place, char error[LOADER_MAX_ERROR]);

/* Makes an upcall and obeys what the node calls; it may die of that. */
void apart_upcall(struct host *place, const struct upcall *upcall);

/* What its coroutines wait for. The node may die of the question. */
void apart_describe(struct host *place, char *text, size_t size_bytes);

/* Ends the process, if there is one. */
void apart_end(struct host *place);

#endif
