/*
 * map.c - see map.h.
 *
 * The invariant: while former has buckets, a node whose bucket of former has
 * not been moved yet is there, and every other node is in table.
 */
#include "map.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "node.h"

#define LEAST_BUCKETS 16
#define MOVED_A_CALL  4 /* buckets: a table has moved before the next grows */

/* Eight bytes at once, each mixed into all that comes behind it; then the bits
 * are mixed (the finalizer of MurmurHash3, by Austin Appleby, public domain). */
static uint64_t hash_of(uint64_t seed, struct bytes key)
{
    uint64_t hash = seed ^ key.len;
    const uint8_t *at = key.data;
    size_t left = key.len;
    uint64_t word;

    for (; left >= sizeof word; left -= sizeof word, at += sizeof word) {
        memcpy(&word, at, sizeof word);
        hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
        hash ^= hash >> 32;
    }
    for (word = 0; left > 0; left--)
        word = word << 8 | *at++;
    hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
    hash ^= hash >> 33;
    hash *= 0xff51afd7ed558ccdu;
    hash ^= hash >> 33;
    hash *= 0xc4ceb9fe1a85ec53u;
    return hash ^ (hash >> 33);
}

static struct map_table new_table(size_t size)
{
    struct map_table table = {calloc(size, sizeof(struct map_node *)), size};

    if (!table.buckets)
        node_fatal("out of memory for a map of %zu buckets", size);
    return table;
}

void map_init(struct map *map, uint64_t seed)
{
    *map = (struct map){.seed = seed};
    map->table = new_table(LEAST_BUCKETS);
    list_init(&map->order);
}

void map_free(struct map *map)
{
    free(map->table.buckets);
    free(map->former.buckets);
    map->table = map->former = (struct map_table){0};
}

/* The bucket in which a node of this hash is, or goes. */
static struct map_node **bucket_of(struct map *map, uint64_t hash)
{
    if (map->former.size > 0) {
        size_t place = hash & (map->former.size - 1);
        if (place >= map->moved)
            return &map->former.buckets[place];
    }
    return &map->table.buckets[hash & (map->table.size - 1)];
}

/* Moves some of the former table's nodes to where they belong now. */
static void move_some(struct map *map)
{
    for (int i = 0; i < MOVED_A_CALL && map->former.size > 0; i++) {
        struct map_node *node = map->former.buckets[map->moved++];

        while (node) {
            struct map_node *next = node->next;
            struct map_node **bucket =
                &map->table.buckets[node->hash & (map->table.size - 1)];
            node->next = *bucket;
            *bucket = node;
            node = next;
        }
        if (map->moved == map->former.size) {
            free(map->former.buckets);
            map->former = (struct map_table){0};
        }
    }
}

/* Begins to move to a table of twice the size. */
static void grow(struct map *map)
{
    map->former = map->table;
    map->table = new_table(2 * map->former.size);
    map->moved = 0;
}

/* The node with this key among those of a bucket, or NULL. */
static struct map_node *find_in(struct map_node *node, uint64_t hash,
                                struct bytes key)
{
    while (node && (node->hash != hash || !bytes_equal(node->key, key)))
        node = node->next;
    return node;
}

struct map_node *map_find(struct map *map, struct bytes key)
{
    uint64_t hash = hash_of(map->seed, key);

    return find_in(*bucket_of(map, hash), hash, key);
}

void map_find_many(struct map *map, const struct bytes keys[], size_t count,
                   struct map_node *found[])
{
    struct map_node **buckets[MAP_MANY];
    uint64_t hashes[MAP_MANY];

    assert(count <= MAP_MANY);
    for (size_t i = 0; i < count; i++) {
        hashes[i] = hash_of(map->seed, keys[i]);
        buckets[i] = bucket_of(map, hashes[i]);
        __builtin_prefetch(buckets[i]);
    }
    for (size_t i = 0; i < count; i++) {
        __builtin_prefetch(*buckets[i]);
        /* What the node is part of, its key perhaps. */
        __builtin_prefetch(*buckets[i] ? *buckets[i] + 1 : NULL);
    }
    for (size_t i = 0; i < count; i++)
        found[i] = find_in(*buckets[i], hashes[i], keys[i]);
}

struct map_node *map_expect(struct map *map, struct bytes key)
{
    uint64_t newest = hash_of(map->seed, key);
    uint64_t oldest = map->expected[1];
    struct map_node *node = *bucket_of(map, map->expected[0]);

    __builtin_prefetch(bucket_of(map, newest));
    __builtin_prefetch(node);
    __builtin_prefetch(node ? node + 1 : NULL);
    map->expected[1] = map->expected[0];
    map->expected[0] = newest;
    for (node = *bucket_of(map, oldest); node; node = node->next)
        if (node->hash == oldest)
            return node;
    return NULL;
}

void map_add(struct map *map, struct map_node *node, struct bytes key)
{
    move_some(map);
    if (2 * map->count >= map->table.size && map->former.size == 0)
        grow(map);
    node->key = key;
    node->hash = hash_of(map->seed, key);

    struct map_node **bucket = bucket_of(map, node->hash);
    node->next = *bucket;
    *bucket = node;
    list_add(&map->order, &node->order);
    map->count++;
}

void map_remove(struct map *map, struct map_node *node)
{
    struct map_node **at = bucket_of(map, node->hash);

    while (*at && *at != node)
        at = &(*at)->next;
    assert(*at); /* only what has been added can be removed */
    *at = node->next;
    list_remove(&node->order);
    map->count--;
    move_some(map);
}
