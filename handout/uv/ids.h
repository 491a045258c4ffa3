/*
 * ids.h - numbers that name things, each used once, found at once.
 *
 * Numbers rise from 1. The thing with number id sits in slot id % slot_count; a
 * number whose slot is still taken is passed over. So a look-up is one
 * comparison, and a number that is gone never comes to mean something else.
 */
#ifndef CONCLAVE_UV_IDS_H
#define CONCLAVE_UV_IDS_H

#include <stddef.h>
#include <stdint.h>

/* Things by number. {0} with slots and slot_count set is an empty one. */
struct ids {
    struct id_slot *slots; /* slot_count of them, zeroed at first */
    size_t slot_count;     /* how many there may be */
    size_t used;           /* how many there are */
    uint64_t last;         /* the highest number given so far */
};

/* One slot. */
struct id_slot {
    uint64_t id; /* 0: free */
    void *thing; /* what it names */
};

/* Gives a thing its number; 0 when all slots are taken. */
static inline uint64_t ids_add(struct ids *ids, void *thing)
{
    if (ids->used == ids->slot_count)
        return 0;
    do
        ids->last++;
    while (ids->slots[ids->last % ids->slot_count].id != 0);
    ids->slots[ids->last % ids->slot_count] = (struct id_slot){ids->last,
                                                               thing};
    ids->used++;
    return ids->last;
}

/* The thing with a number, or NULL. */
static inline void *ids_get(const struct ids *ids, uint64_t id)
{
    const struct id_slot *slot = &ids->slots[id % ids->slot_count];
    return id != 0 && slot->id == id ? slot->thing : NULL;
}

/* Takes a number that is in use out of it. */
static inline void ids_remove(struct ids *ids, uint64_t id)
{
    ids->slots[id % ids->slot_count] = (struct id_slot){0, NULL};
    ids->used--;
}

#endif
