/*
 * lin_run.h - what may follow optional operations: rule 3 of the search.
 *
 * A run is the optional operations taken since the last one that must be taken.
 * It is worth taking only for what comes next: so all of its keys have to be of
 * use to that. Why this loses nothing is told in lin_search.c.
 */
#ifndef CONCLAVE_LIN_RUN_H
#define CONCLAVE_LIN_RUN_H

#include "lin_config.h"

/* The time of the first answer that must still be explained, D's in
 * lin_search.c: what is called later cannot come next. */
uint64_t run_deadline(const struct config *config);

/* Whether rule 3 forbids x after the optional w, the end of a run, before which
 * w's key was s. */
bool run_forbids(const struct config *config, uint32_t w,
                 const struct key_state *s, uint32_t x);

/* Whether rule 3 forbids the run that the trail ends with: whatever may come
 * next could not be answered as it was, however the run goes on. */
bool run_is_in_vain(const struct config *config);

/* Whether rule 3 forbids the operations that rule 1 has taken after a run:
 * those of the trail from `start` on, of which it is about those called before
 * `until_us`. */
bool run_forbids_idle(const struct config *config, uint32_t start,
                      uint64_t until_us);

/* Stands for the keys of the run at the trail's end: what may follow depends
 * on them. */
uint64_t run_keys(const struct config *config);

#endif
