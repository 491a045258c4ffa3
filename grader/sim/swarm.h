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

#include "schedule.h"

#define SWARM_TROUBLE_US 6000000 /* everything is healed then */
#define SWARM_FASTEST    1.1     /* rate of the fastest clock that is drawn */

/* Draws the schedule of a seed for a cluster of so many nodes, ids from 1. */
void swarm_draw(struct schedule *schedule, uint64_t seed, int nodes);

#endif
