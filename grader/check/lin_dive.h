/*
 * lin_dive.h - one search, depth first, that can be interrupted.
 *
 *     struct dive *dive = dive_new(&task, UINT32_MAX);
 *     dive_go(dive, 1000);                 // as often as wished
 *     if (dive_result(dive)->verdict == LIN_GOOD) ...
 *     dive_free(dive);
 *
 * It may be forbidden to take more than so many optional operations. Then it
 * finds only the orders with as few; to find none proves nothing, unless it
 * never wanted to take more.
 */
#ifndef CONCLAVE_LIN_DIVE_H
#define CONCLAVE_LIN_DIVE_H

#include "lin_search.h"

struct dive;

/* The task's items are in order of calls, and stay where they are. */
struct dive *dive_new(const struct search_task *task, uint32_t optional_max);
void dive_free(struct dive *dive);

/* Goes on for about so many steps, or until it is over. */
void dive_go(struct dive *dive, uint64_t steps);

/* What it found so far: LIN_UNKNOWN if it is not over, or proved nothing. */
struct search_result *dive_result(struct dive *dive);

/* Whether there is nothing left to try. */
bool dive_is_over(const struct dive *dive);

#endif
