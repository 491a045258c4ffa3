/*
 * strike.h - what draws schedules; for swarm.c, strikes.c and figure8.c alone.
 */
#ifndef CONCLAVE_SIM_STRIKE_H
#define CONCLAVE_SIM_STRIKE_H

#include "../net/rng.h"
#include "trial.h"

#define MS           UINT64_C(1000)
#define STRIKES_MOST 16 /* kinds of fault of one kind of trial */

/* What a fault needs to know to strike. */
struct strike {
    struct schedule *schedule; /* takes the actions */
    struct rng *chance;        /* decides */
    int nodes;                 /* in the cluster */
    uint64_t at_us;            /* when it begins */
    uint64_t for_us;           /* how long it lasts */
};

/* Adds its actions. */
typedef void (*strike_fn)(const struct strike *);

/* A number from low to high. Never twice in one list of arguments: compilers
 * differ in their order. */
uint32_t strike_draw(const struct strike *s, uint32_t low, uint32_t high);

/* A node's id; the leader as often as all others together. */
int strike_node(const struct strike *s);
const char *strike_victim(const struct strike *s);

/* An order when the fault ends. */
void strike_end(const struct strike *s, const char *order);

/* strikes.c: faults of nodes that replicate. Fills the list: how many. */
size_t strikes_list(enum trial_kind kind, strike_fn list[STRIKES_MOST]);

/* The clients, and what is wrong with disks all the time. */
void strikes_always(const struct strike *s, enum trial_kind kind);

#endif
