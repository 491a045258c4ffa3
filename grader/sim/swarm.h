/*
 * swarm.h - schedules drawn at random: what may go wrong, all at once.
 *
 * Each seed first draws which kinds of fault there are at all (a swarm: a rare
 * pair of faults is seen more often when the others are absent), then when they
 * strike. Some know who leads. In the end everything is healed and started, and
 * nothing more is done to the cluster.
 */
#ifndef CONCLAVE_SIM_SWARM_H
#define CONCLAVE_SIM_SWARM_H

#include "trial.h"

#define SWARM_TROUBLE_US 6000000 /* everything is healed then */
#define SWARM_FASTEST    1.1     /* rate of the fastest clock that is drawn */

#define SWARM_ROOM " full=1073741824" /* a disk's usual size */

/* Draws the schedule of a seed for a cluster of so many nodes, ids from 1. */
void swarm_draw(struct schedule *schedule, enum trial_kind kind, uint64_t seed,
                int nodes);

/* The same of leaders that fall again and again just when they have got hold
 * of a command and passed it on to one or to few (the Raft paper, Figure 8). */
void figure8_draw(struct schedule *schedule, enum trial_kind kind,
                  uint64_t seed, int nodes);

/* Everything is healed and started, and clients are silent. */
void swarm_heal(struct schedule *schedule, enum trial_kind kind, int nodes);

#endif
