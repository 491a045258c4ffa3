/*
 * fact.h - what is known of entries, by index and a term: a table that keeps
 * the latest of them.
 *
 * A ring with a hash index over it, which grows up to FACTS_MAX and from then
 * on forgets the oldest. What was forgotten is not known, so it is not judged;
 * where a first time matters, `forgotten` says up to which index there may
 * have been one.
 */
#ifndef CONCLAVE_FACT_H
#define CONCLAVE_FACT_H

#include <stddef.h>
#include <stdint.h>

#define FACTS_MAX 65536 /* remembered in one table; a power of two */

/* One fact. Its key is (index, of); what `of` is, the table's owner says. */
struct fact {
    uint64_t index;     /* of the entry */
    uint64_t of;        /* the entry's term, or that of its leader */
    uint64_t term;      /* the entry's */
    uint64_t prev_term; /* of the entry before it */
    uint64_t by_term;   /* it was committed in this term, or earlier */
    uint64_t hash;      /* of its bytes; 0: not known */
    uint64_t frame;     /* which showed it; 0: an act did */
    uint32_t arrived;   /* at whom: a bit for each node's place */
    int place;          /* who showed it */
    uint32_t next;      /* in its hash chain: slot + 1; 0: last */
};

struct facts {
    struct fact *slots; /* as many as there is room for */
    uint32_t *chains;   /* twice as many: slot + 1; 0: empty */
    uint32_t room;      /* slots; a power of two, or 0 */
    uint64_t count;     /* facts put in so far */
    uint64_t forgotten; /* the highest index of one forgotten; 0: none */
};

/* The fact with this key, or NULL. Valid until the next facts_add. */
struct fact *facts_find(struct facts *facts, uint64_t index, uint64_t of);

/* Puts in one whose key is not there. The caller fills in the rest. */
struct fact *facts_add(struct facts *facts, uint64_t index, uint64_t of);

void facts_free(struct facts *facts);

/* A hash of some bytes, never 0. */
uint64_t fact_hash(const void *data, size_t len);

#endif
