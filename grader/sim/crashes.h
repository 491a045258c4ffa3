/*
 * crashes.h - one story, and a crash at every point of it.
 *
 * In the story three nodes are given commands, snapshot, bring a follower that
 * missed much back by InstallSnapshot, and change their leader. It is run once
 * as it is, to count what each node does to its disk; then once more for every
 * write, every sync that is issued and every sync that ends, with a crash of
 * that node exactly there, and for every write with one that leaves half of its
 * bytes. Who crashed starts again a while later.
 *
 * The points are numbered: CRASHES_STRIDE times the story's seed, and from 1
 * on; 0 stands for the story without a crash.
 */
#ifndef CONCLAVE_SIM_CRASHES_H
#define CONCLAVE_SIM_CRASHES_H

#include "schedule.h"

#define CRASHES_NODES  3     /* in the story */
#define CRASHES_STRIDE 10000 /* numbers of one story */

struct plan;
struct crashes;

/*
 * Runs the story of the plan's seed, in a child, and finds its points. If the
 * plan's seed is below CRASHES_STRIDE it is the story's: the plan then begins
 * at the first point and ends at the last. Else it is a point's.
 */
void crashes_find(struct plan *plan);

/* How many there are, the story itself not counted. */
uint64_t crashes_count(const struct crashes *crashes);

/* The story of a number, and what is done in it. */
uint64_t crashes_seed(uint64_t number);
void crashes_draw(const struct crashes *crashes, uint64_t number,
                  struct schedule *schedule);

#endif
