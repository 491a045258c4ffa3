/*
 * fact.c - see fact.h.
 */
#include "fact.h"

#include <stdlib.h>
#include <string.h>

#include "../net/alloc.h"

#define FACTS_MIN 64 /* room at first */

static uint32_t *chain_of(struct facts *facts, uint64_t index, uint64_t of)
{
    uint64_t hash = (index * 0x9e3779b97f4a7c15u ^ of) * 0xd6e8feb86659fd93u;

    return &facts->chains[hash >> 32 & (2 * facts->room - 1)];
}

struct fact *facts_find(struct facts *facts, uint64_t index, uint64_t of)
{
    uint32_t at;

    if (facts->room == 0)
        return NULL;
    at = *chain_of(facts, index, of);
    while (at != 0) {
        struct fact *fact = &facts->slots[at - 1];

        if (fact->index == index && fact->of == of)
            return fact;
        at = fact->next;
    }
    return NULL;
}

/* Hangs the fact of a slot into its chain. */
static void hang(struct facts *facts, uint32_t slot)
{
    struct fact *fact = &facts->slots[slot];
    uint32_t *chain = chain_of(facts, fact->index, fact->of);

    fact->next = *chain;
    *chain = slot + 1;
}

static void grow(struct facts *facts)
{
    uint32_t room = facts->room == 0 ? FACTS_MIN : 2 * facts->room;

    facts->slots = alloc_resize(facts->slots, room * sizeof(*facts->slots));
    free(facts->chains);
    facts->chains = alloc_new(2 * room * sizeof(*facts->chains));
    facts->room = room;
    for (uint32_t slot = 0; slot < facts->count; slot++)
        hang(facts, slot);
}

static void forget(struct facts *facts, struct fact *fact)
{
    uint32_t *link = chain_of(facts, fact->index, fact->of);

    while (&facts->slots[*link - 1] != fact)
        link = &facts->slots[*link - 1].next;
    *link = fact->next;
    if (fact->index > facts->forgotten)
        facts->forgotten = fact->index;
}

struct fact *facts_add(struct facts *facts, uint64_t index, uint64_t of)
{
    uint32_t slot;

    if (facts->count == facts->room && facts->room < FACTS_MAX)
        grow(facts);
    slot = (uint32_t)(facts->count & (facts->room - 1));
    if (facts->count >= facts->room)
        forget(facts, &facts->slots[slot]);
    facts->count++;
    facts->slots[slot] = (struct fact){.index = index, .of = of};
    hang(facts, slot);
    return &facts->slots[slot];
}

void facts_free(struct facts *facts)
{
    free(facts->slots);
    free(facts->chains);
    *facts = (struct facts){0};
}

uint64_t fact_hash(const void *data, size_t len)
{
    const uint8_t *at = data;
    uint64_t hash = 0x9e3779b97f4a7c15u ^ len;
    uint64_t word;

    for (; len >= sizeof(word); at += sizeof(word), len -= sizeof(word)) {
        memcpy(&word, at, sizeof(word));
        hash = (hash ^ word) * 0xd6e8feb86659fd93u;
        hash ^= hash >> 32;
    }
    word = 0;
    if (len > 0)
        memcpy(&word, at, len);
    hash = (hash ^ word) * 0xd6e8feb86659fd93u;
    hash ^= hash >> 32;
    return hash != 0 ? hash : 1;
}
