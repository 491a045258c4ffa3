/*
 * kv_pairs.c - see kv_pairs.h.
 */
#include "kv_pairs.h"

#include <stdlib.h>
#include <string.h>

#include "node.h"

#define LINE_BYTES    64  /* of a processor's cache */
#define FETCHED_BYTES 256 /* of a value: what is behind follows by itself */

/* The pairs that expire, the first of them in front. */
struct heap {
    struct pair **pairs; /* count of them */
    size_t count;        /* how many */
    size_t room;         /* allocated */
};

static struct map map;   /* the pairs, by key */
static struct heap heap; /* those that expire */
static uint64_t now_ms;  /* the state's own time */

void pairs_start(void)
{
    map_init(&map, node_random());
}

size_t pairs_count(void)
{
    return map.count;
}

struct list *pairs_all(void)
{
    return &map.order;
}

uint64_t pairs_time_ms(void)
{
    return now_ms;
}

uint64_t pairs_next_expiry_ms(void)
{
    return heap.count > 0 ? heap.pairs[0]->expires_at_ms : UINT64_MAX;
}

/* ---- The heap --------------------------------------------------------------- */

/* Ties are broken by version, so that the order is the same everywhere. */
static bool goes_before(const struct pair *a, const struct pair *b)
{
    if (a->expires_at_ms != b->expires_at_ms)
        return a->expires_at_ms < b->expires_at_ms;
    return a->version < b->version;
}

static void put_at(size_t place, struct pair *pair)
{
    heap.pairs[place] = pair;
    pair->place = place;
}

/* Moves a pair to where it belongs, from a place that is free. */
static void settle(size_t place, struct pair *pair)
{
    while (place > 0 && goes_before(pair, heap.pairs[(place - 1) / 2])) {
        put_at(place, heap.pairs[(place - 1) / 2]);
        place = (place - 1) / 2;
    }
    for (;;) {
        size_t child = 2 * place + 1;
        if (child + 1 < heap.count &&
            goes_before(heap.pairs[child + 1], heap.pairs[child]))
            child++;
        if (child >= heap.count || goes_before(pair, heap.pairs[child]))
            break;
        put_at(place, heap.pairs[child]);
        place = child;
    }
    put_at(place, pair);
}

static void heap_add(struct pair *pair)
{
    if (heap.count == heap.room) {
        heap.room = heap.room > 0 ? 2 * heap.room : 16;
        heap.pairs = realloc(heap.pairs, heap.room * sizeof heap.pairs[0]);
        if (!heap.pairs)
            node_fatal("out of memory for %zu keys that expire", heap.room);
    }
    heap.count++;
    settle(heap.count - 1, pair);
}

static void heap_remove(struct pair *pair)
{
    struct pair *last = heap.pairs[--heap.count];

    if (last != pair)
        settle(pair->place, last);
}

/* ---- Pairs ------------------------------------------------------------------ */

struct pair *pair_find(struct bytes key)
{
    struct map_node *node = map_find(&map, key);

    return node ? list_entry(node, struct pair, node) : NULL;
}

/* Has the processor fetch the beginning of a pair's value. */
static void fetch_value(const struct map_node *node)
{
    const struct pair *pair = list_entry(node, struct pair, node);
    size_t len = pair->value.len < FETCHED_BYTES ? pair->value.len
                                                 : FETCHED_BYTES;

    for (size_t at = 0; at < len; at += LINE_BYTES)
        __builtin_prefetch(pair->value.data + at);
}

void pairs_fetch(const struct bytes keys[], size_t count)
{
    struct map_node *found[PAIRS_AHEAD];

    map_find_many(&map, keys, count, found);
    for (size_t i = 0; i < count; i++)
        if (found[i])
            fetch_value(found[i]);
}

void pairs_expect(struct bytes key)
{
    const struct map_node *former = map_expect(&map, key);

    if (former)
        fetch_value(former);
}

struct pair *pair_make(struct bytes key)
{
    struct pair *pair = calloc(1, sizeof *pair + key.len);

    if (!pair)
        node_fatal("out of memory for a key");
    if (key.len > 0)
        memcpy(pair->key, key.data, key.len);
    map_add(&map, &pair->node, bytes_of(pair->key, key.len));
    return pair;
}

void pair_expire(struct pair *pair, uint64_t expires_at_ms)
{
    if (pair->expires_at_ms > 0)
        heap_remove(pair);
    pair->expires_at_ms = expires_at_ms;
    if (expires_at_ms > 0)
        heap_add(pair);
}

void pair_remove(struct pair *pair)
{
    pair_expire(pair, 0);
    map_remove(&map, &pair->node);
    buf_free(&pair->value);
    free(pair);
}

void pairs_advance(uint64_t time_ms)
{
    if (time_ms > now_ms)
        now_ms = time_ms;
    while (pairs_next_expiry_ms() <= now_ms)
        pair_remove(heap.pairs[0]);
}
