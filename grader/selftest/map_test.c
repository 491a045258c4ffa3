/*
 * map_test.c - the hash map (handout/node/map.c): what it finds, alone and many
 * at once, while it grows and shrinks, and the order in which it is walked.
 */
#include "map.h"

#include <stdio.h>
#include <stdlib.h>

#include "selftest.h"

#define KEYS 3000

/* Something that is in a map. */
struct thing {
    struct map_node node; /* in the map */
    char name[32];        /* its key */
    bool is_in;           /* it should be found */
};

static struct thing things[KEYS];
static struct map map;

static struct bytes key_of(const struct thing *thing)
{
    return bytes_text(thing->name);
}

/* A map of all things, each under a name of its own, of every length from 1 to
 * more than two words of the hash. */
static void fill(void)
{
    map_init(&map, 7);
    for (int i = 0; i < KEYS; i++) {
        snprintf(things[i].name, sizeof things[i].name, "%d%.*s", i, i % 18,
                 "abcdefghijklmnopqrs");
        map_add(&map, &things[i].node, key_of(&things[i]));
        things[i].is_in = true;
    }
}

static bool is_right(const struct thing *thing, const struct map_node *found)
{
    return found == (thing->is_in ? &thing->node : NULL);
}

static void finds_what_is_there(void)
{
    int wrong = 0;

    fill();
    for (int i = 0; i < KEYS; i++)
        wrong += !is_right(&things[i], map_find(&map, key_of(&things[i])));
    CHECK_INT(wrong, 0);
    CHECK_INT(map.count, KEYS);
    CHECK(map_find(&map, bytes_text("nobody")) == NULL);
    CHECK(map_find(&map, bytes_of(NULL, 0)) == NULL);
    map_free(&map);
}

/* At every moment: half of the changes come while the map is moving. */
static void finds_at_any_moment(void)
{
    int wrong = 0;

    fill();
    for (int step = 0; step < 4 * KEYS; step++) {
        struct thing *changed = &things[selftest_random(KEYS)];
        struct thing *other = &things[selftest_random(KEYS)];

        if (changed->is_in)
            map_remove(&map, &changed->node);
        else
            map_add(&map, &changed->node, key_of(changed));
        changed->is_in = !changed->is_in;
        wrong += !is_right(changed, map_find(&map, key_of(changed)));
        wrong += !is_right(other, map_find(&map, key_of(other)));
    }
    CHECK_INT(wrong, 0);
    map_free(&map);
}

static void many_are_found_as_each(void)
{
    struct bytes keys[MAP_MANY];
    struct map_node *found[MAP_MANY];
    int wrong = 0;

    fill();
    for (int round = 0; round < 500; round++) {
        size_t count = selftest_random(MAP_MANY + 1);
        struct thing *gone = &things[selftest_random(KEYS)];

        if (gone->is_in)
            map_remove(&map, &gone->node);
        gone->is_in = false;
        for (size_t i = 0; i < count; i++)
            keys[i] = key_of(&things[selftest_random(KEYS)]);
        map_find_many(&map, keys, count, found);
        for (size_t i = 0; i < count; i++)
            wrong += found[i] != map_find(&map, keys[i]);
    }
    CHECK_INT(wrong, 0);
    map_free(&map);
}

static void an_expected_key_is_named_two_calls_later(void)
{
    fill();
    CHECK(map_expect(&map, key_of(&things[1])) == NULL);
    CHECK(map_expect(&map, key_of(&things[2])) == NULL);
    CHECK(map_expect(&map, key_of(&things[3])) == &things[1].node);
    map_remove(&map, &things[2].node);
    CHECK(map_expect(&map, bytes_text("nobody")) == NULL);
    CHECK(map_expect(&map, key_of(&things[4])) == &things[3].node);
    CHECK(map_expect(&map, key_of(&things[5])) == NULL);
    map_free(&map);
}

static void the_order_is_that_of_adding(void)
{
    int next = 0;
    int wrong = 0;

    fill();
    map_remove(&map, &things[10].node);
    map_add(&map, &things[10].node, key_of(&things[10]));
    list_each(at, &map.order) {
        struct map_node *node = list_entry(at, struct map_node, order);
        int expected = next < 10 ? next : next < KEYS - 1 ? next + 1 : 10;

        wrong += node != &things[expected].node;
        next++;
    }
    CHECK_INT(wrong, 0);
    CHECK_INT(next, KEYS);
    map_free(&map);
}

int main(void)
{
    TEST("every key is found, and no other", finds_what_is_there);
    TEST("keys are found while the map grows and shrinks", finds_at_any_moment);
    TEST("many keys are found as each by itself", many_are_found_as_each);
    TEST("an expected key is named two calls later",
         an_expected_key_is_named_two_calls_later);
    TEST("nodes are walked in the order in which they were added",
         the_order_is_that_of_adding);
    return selftest_end();
}
