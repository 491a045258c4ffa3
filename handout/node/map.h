/*
 * map.h - a hash map from bytes to whatever its nodes are part of.
 *
 * Nodes are embedded, as list links are (list.h), and belong to whoever added
 * them:
 *
 *     struct pair {
 *         struct map_node node;  // in the map
 *         ...
 *         uint8_t key[];         // the key's bytes
 *     };
 *     struct map_node *found = map_find(&map, key);
 *     struct pair *pair = found ? list_entry(found, struct pair, node) : NULL;
 *
 * The nodes are also in a list, in the order in which they were added: two maps
 * that were changed in the same way are walked in the same order, on every
 * node of a cluster, which a snapshot needs. The map grows a little with each
 * call, never all at once: no call takes long because the map is large.
 */
#ifndef CONCLAVE_MAP_H
#define CONCLAVE_MAP_H

#include "list.h"
#include "wire.h"

/* What makes something findable. */
struct map_node {
    struct map_node *next; /* in its bucket */
    uint64_t hash;         /* of the key */
    struct bytes key;      /* borrowed from whoever the node is part of */
    struct list order;     /* in the map's order */
};

/* Buckets, a power of two of them. */
struct map_table {
    struct map_node **buckets; /* NULL: none */
    size_t size;               /* how many */
};

struct map {
    struct map_table table;  /* where all nodes are, or go */
    struct map_table former; /* smaller, being emptied into table */
    size_t moved;            /* buckets of former that are empty already */
    size_t count;            /* nodes */
    uint64_t seed;           /* of the hash: keys cannot be chosen to collide */
    uint64_t expected[2];    /* hashes of the last keys of map_expect */
    struct list order;       /* all nodes, oldest first */
};

/* An empty map. seed is any random number. */
void map_init(struct map *map, uint64_t seed);

/* Frees what the map allocated; the nodes are their owners'. */
void map_free(struct map *map);

/* The node with this key, or NULL. */
struct map_node *map_find(struct map *map, struct bytes key);

/*
 * The same for up to MAP_MANY keys at once. A map that no cache holds costs a
 * find several waits for memory; many finds together wait as often as one.
 */
#define MAP_MANY 32
void map_find_many(struct map *map, const struct bytes keys[], size_t count,
                   struct map_node *found[]);

/*
 * Says that a key will be looked for soon, by a single map_find. The processor
 * fetches the way to it, a step with each call, so that nobody waits: what is
 * returned is the node of the key that was expected two calls before, or NULL.
 */
struct map_node *map_expect(struct map *map, struct bytes key);

/* Adds a node under a key that the map does not hold. The key's bytes must stay
 * where they are until the node is removed. */
void map_add(struct map *map, struct map_node *node, struct bytes key);
void map_remove(struct map *map, struct map_node *node);

#endif
