/*
 * orders_net.c - orders to the network. See orders.h.
 */
#define _GNU_SOURCE

#include <string.h>

#include "order.h"

/* Reads sets of nodes: to which set each place belongs. -1: to none. */
static bool read_sets(const struct order *order, int first, int sets[MAX_NODES])
{
    const int *ids;
    int count = world_ids(order->world, &ids);
    int rest_set = -1;

    for (int i = 0; i < count; i++)
        sets[i] = -1;
    for (int w = first; w < order->count; w++) {
        char *at = order->words[w];
        char *word;

        while ((word = strsep(&at, ",")) != NULL) {
            int id;

            if (strcmp(word, "rest") == 0) {
                rest_set = w;
                continue;
            }
            if (!order_id(order, word, &id))
                return false;
            for (int i = 0; i < count; i++)
                if (ids[i] == id)
                    sets[i] = w;
        }
    }
    for (int i = 0; i < count; i++)
        if (sets[i] == -1)
            sets[i] = rest_set;
    return true;
}

/* ---- The network ------------------------------------------------------- */

static void set_cut(struct world *world, int from, int to, bool is_cut)
{
    struct link_faults faults = *world_link(world, from, to);

    faults.is_cut = is_cut;
    world_set_link(world, from, to, &faults);
}

bool order_link(const struct order *order)
{
    const int *ids;
    int count = world_ids(order->world, &ids);
    int from;
    int to;

    if (!order_id(order, order->words[1], &from) ||
        !order_id(order, order->words[2], &to))
        return false;
    for (int i = 0; i < count; i++) {
        for (int j = 0; j < count; j++) {
            struct link_faults faults = *world_link(order->world, ids[i],
                                                    ids[j]);
            char error[LINK_MAX_ERROR];

            if (i == j || !order_chose(from, ids[i]) ||
                !order_chose(to, ids[j]))
                continue;
            for (int w = 3; w < order->count; w++)
                if (!link_set(&faults, order->words[w], error))
                    return order_refuse(order, "%s", error);
            world_set_link(order->world, ids[i], ids[j], &faults);
        }
    }
    return true;
}

bool order_partition(const struct order *order)
{
    const int *ids;
    int count = world_ids(order->world, &ids);
    int sets[MAX_NODES];

    if (!read_sets(order, 1, sets))
        return false;
    for (int i = 0; i < count; i++)
        for (int j = 0; j < count; j++)
            if (i != j)
                set_cut(order->world, ids[i], ids[j],
                        sets[i] == -1 || sets[i] != sets[j]);
    return true;
}

bool order_bridge(const struct order *order)
{
    const int *ids;
    int count = world_ids(order->world, &ids);
    int sets[MAX_NODES];
    int middle;

    if (!order_id(order, order->words[1], &middle) ||
        !read_sets(order, 2, sets))
        return false;
    for (int i = 0; i < count; i++)
        for (int j = 0; j < count; j++)
            if (i != j)
                set_cut(order->world, ids[i], ids[j],
                        ids[i] != middle && ids[j] != middle &&
                            sets[i] != sets[j]);
    return true;
}

bool order_star(const struct order *order)
{
    const int *ids;
    int count = world_ids(order->world, &ids);
    int middle;

    if (!order_id(order, order->words[1], &middle))
        return false;
    for (int i = 0; i < count; i++)
        for (int j = 0; j < count; j++)
            if (i != j)
                set_cut(order->world, ids[i], ids[j],
                        ids[i] != middle && ids[j] != middle);
    return true;
}

/* heal: nothing is wrong any more; mend: nothing is cut or clogged. */
bool order_heal(const struct order *order)
{
    const int *ids;
    int count = world_ids(order->world, &ids);
    bool is_whole = strcmp(order->words[0], "heal") == 0;

    for (int i = 0; i < count; i++) {
        for (int j = 0; j < count; j++) {
            struct link_faults faults = *world_link(order->world, ids[i],
                                                    ids[j]);

            faults.is_cut = faults.is_clogged = false;
            if (is_whole)
                faults = (struct link_faults){0};
            world_set_link(order->world, ids[i], ids[j], &faults);
        }
    }
    return true;
}

bool order_reset(const struct order *order)
{
    int from;
    int to;

    if (!order_id(order, order->words[1], &from) ||
        !order_id(order, order->words[2], &to))
        return false;
    world_reset(order->world, from, to);
    return true;
}
