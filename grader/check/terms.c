/*
 * terms.c - a sorted array; almost always the last one is asked for. See
 * terms.h.
 */
#include "terms.h"

#include <stdlib.h>
#include <string.h>

#include "../net/alloc.h"

/* How many terms are below this one. */
static size_t rank(const struct terms *terms, uint64_t term)
{
    size_t low = 0;
    size_t high = terms->count;

    if (high > 0 && terms->facts[high - 1].term < term)
        return high;
    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (terms->facts[middle].term < term)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Forgets the lower half. */
static void forget(struct terms *terms)
{
    size_t half = terms->count / 2;

    terms->forgotten = terms->facts[half - 1].term;
    terms->count -= half;
    memmove(terms->facts, terms->facts + half,
            terms->count * sizeof(*terms->facts));
}

static void make_room(struct terms *terms)
{
    if (terms->count == TERMS_MAX)
        forget(terms);
    if (terms->count < terms->capacity)
        return;
    terms->capacity = terms->capacity == 0 ? 16 : 2 * terms->capacity;
    terms->facts = alloc_resize(terms->facts,
                                terms->capacity * sizeof(*terms->facts));
}

struct term_facts *terms_at(struct terms *terms, uint64_t term)
{
    size_t at = rank(terms, term);
    struct term_facts *facts;

    if (at < terms->count && terms->facts[at].term == term)
        return &terms->facts[at];
    if (terms->forgotten != 0 && term <= terms->forgotten)
        return NULL;
    make_room(terms);
    if (terms->forgotten != 0 && term <= terms->forgotten)
        return NULL;
    at = rank(terms, term);
    facts = &terms->facts[at];
    memmove(facts + 1, facts, (terms->count - at) * sizeof(*facts));
    terms->count++;

    *facts = (struct term_facts){.term = term, .leader = NOBODY};
    for (int i = 0; i < CHECK_MAX_NODES; i++)
        facts->vote[i] = NOBODY;
    return facts;
}

void terms_free(struct terms *terms)
{
    free(terms->facts);
    *terms = (struct terms){0};
}
