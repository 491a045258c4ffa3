/*
 * kv_pairs.h - lab 5's keys: what they hold, and when they go.
 *
 * The invariant: a pair with an expiry is in the heap, and its expiry is after
 * pairs_time_ms. So whatever is found is there. Nothing here asks a clock.
 */
#ifndef CONCLAVE_KV_PAIRS_H
#define CONCLAVE_KV_PAIRS_H

#include "map.h"
#include "wire.h"

/* A key and what it holds. */
struct pair {
    struct map_node node;   /* in the map */
    struct buf value;       /* what GET answers */
    uint64_t version;       /* of its last write; no two are the same */
    uint64_t expires_at_ms; /* in the state's time; 0: never */
    size_t place;           /* in the heap, if it expires */
    uint8_t key[];          /* its bytes; node.key says how many */
};

/* No keys, and the time is 0. */
void pairs_start(void);

/* The pair of a key: NULL if there is none; pair_make makes an empty one. */
struct pair *pair_find(struct bytes key);
struct pair *pair_make(struct bytes key);
void pair_remove(struct pair *pair);

/*
 * Has the processor fetch what the next pair_finds of these keys will read: up
 * to PAIRS_AHEAD of them. It changes nothing but how long those take.
 */
#define PAIRS_AHEAD MAP_MANY
void pairs_fetch(const struct bytes keys[], size_t count);

/* The same for a key that will be asked for a little later, and with no wait at
 * all (map_expect). */
void pairs_expect(struct bytes key);

/* When it goes: 0: never. */
void pair_expire(struct pair *pair, uint64_t expires_at_ms);

/* How many there are; all of them, in the order in which they were made, which
 * is the same on every node: links of struct pair's node.order. */
size_t pairs_count(void);
struct list *pairs_all(void);

/* The time never falls; what expires by it is removed. */
void pairs_advance(uint64_t time_ms);
uint64_t pairs_time_ms(void);

/* When the next pair goes; UINT64_MAX: none ever will. */
uint64_t pairs_next_expiry_ms(void);

#endif
