/*
 * lin_visits.c - a set of hashes, by open addressing. See lin_visits.h.
 */
#include "lin_visits.h"

#include <stdlib.h>

#include "../net/alloc.h"

#define SIZE_AT_FIRST 256

void visits_init(struct visits *visits)
{
    *visits = (struct visits){.size = SIZE_AT_FIRST};
    visits->table = alloc_new(visits->size * sizeof(*visits->table));
}

void visits_free(struct visits *visits)
{
    free(visits->table);
}

static bool put(struct visits *visits, struct hash hash)
{
    for (uint64_t at = hash.a;; at++) {
        struct hash *slot = &visits->table[at & (visits->size - 1)];

        if (slot->a == hash.a && slot->b == hash.b)
            return false;
        if (slot->a == 0 && slot->b == 0) {
            *slot = hash;
            return true;
        }
    }
}

bool visits_add(struct visits *visits, struct hash hash)
{
    struct hash *old = visits->table;
    uint64_t old_size = visits->size;

    if (!put(visits, hash))
        return false;
    if (++visits->count * 2 <= visits->size)
        return true;
    visits->size *= 2;
    visits->table = alloc_new(visits->size * sizeof(*old));
    for (uint64_t i = 0; i < old_size; i++) {
        if (old[i].a != 0 || old[i].b != 0)
            put(visits, old[i]);
    }
    free(old);
    return true;
}
