/*
 * orders_disk.c - orders to disks, and what tests read of them. See orders.h
 * and drive_disk.h.
 */
#include <stdio.h>
#include <string.h>

#include "order.h"

/* "FILE,OFFSET,BIT": true if it is one, and the node is there to be spoilt. */
static bool flip(const struct order *order, int id, const char *where)
{
    char name[MAX_DISK_PATH_BYTES];
    unsigned long long offset;
    unsigned bit;
    char rest;

    if (sscanf(where, "%63[^,],%llu,%u%c", name, &offset, &bit, &rest) != 3)
        return order_refuse(order, "'%.60s' is no FILE,OFFSET,BIT", where);
    if (world_is_up(order->world, id))
        return order_refuse(
            order, "node %d runs: a bit is flipped while it is down", id);
    if (!disk_flip(world_disk(order->world, id), name, offset, bit))
        return order_refuse(order, "node %d has no durable bit %.60s", id,
                            where);
    return true;
}

bool order_disk(const struct order *order)
{
    static const char flips[] = "flip=";
    const size_t head = sizeof(flips) - 1;
    const int *ids;
    int count = world_ids(order->world, &ids);
    char error[DISK_MAX_ERROR];
    int chosen;

    if (!order_id(order, order->words[1], &chosen))
        return false;
    for (int i = 0; i < count; i++)
        for (int w = 2; w < order->count && order_chose(chosen, ids[i]); w++) {
            const char *word = order->words[w];

            if (strncmp(word, flips, head) == 0) {
                if (!flip(order, ids[i], word + head))
                    return false;
            } else if (!disk_set(world_disk(order->world, ids[i]), word,
                                 error)) {
                return order_refuse(order, "%s", error);
            }
        }
    return true;
}
