/*
 * lin_visits.h - the configurations that a search has come to, by their hashes.
 */
#ifndef CONCLAVE_LIN_VISITS_H
#define CONCLAVE_LIN_VISITS_H

#include "lin_config.h"

struct visits {
    struct hash *table; /* {0, 0} is free */
    uint64_t size;      /* a power of two, at least twice the count */
    uint64_t count;     /* hashes remembered */
};

void visits_init(struct visits *visits);
void visits_free(struct visits *visits);

/* Remembers a configuration. False if it was remembered already. */
bool visits_add(struct visits *visits, struct hash hash);

#endif
