/*
 * terms.h - what is known of each term: who voted for whom, who led.
 *
 * A table in the order of the terms. It holds the latest TERMS_MAX; of terms
 * at or below `forgotten` nothing is known any more, and nothing may be judged.
 */
#ifndef CONCLAVE_TERMS_H
#define CONCLAVE_TERMS_H

#include <stddef.h>
#include <stdint.h>

#define CHECK_MAX_NODES 16   /* in a cluster */
#define TERMS_MAX       4096 /* terms remembered */
#define NOBODY          (-1) /* no node's place */

/* A term. Nodes are named by their places in the cluster, 0 to 15. */
struct term_facts {
    uint64_t term;                        /* which */
    int leader;                           /* who led first, or NOBODY */
    uint64_t leader_frame;                /* in which frame it showed */
    int vote[CHECK_MAX_NODES];            /* for whom each voted, or NOBODY */
    uint64_t vote_frame[CHECK_MAX_NODES]; /* in which frame it showed */
    uint32_t grants[CHECK_MAX_NODES];     /* votes delivered to each: a bit
                                             for each voter's place */
};

struct terms {
    struct term_facts *facts; /* ascending by term */
    size_t count;             /* how many */
    size_t capacity;          /* room for so many */
    uint64_t forgotten;       /* highest term no longer known; 0: none */
};

/*
 * The facts of a term, made if need be; NULL if it was forgotten. Valid until
 * the next call.
 */
struct term_facts *terms_at(struct terms *terms, uint64_t term);

void terms_free(struct terms *terms);

#endif
