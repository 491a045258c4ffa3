/*
 * order.h - one order while it is obeyed; for the files of orders.h alone.
 */
#ifndef CONCLAVE_SIM_ORDER_H
#define CONCLAVE_SIM_ORDER_H

#include "orders.h"

#define ORDER_MAX_WORDS 32

/* One order while it is obeyed. */
struct order {
    struct world *world;          /* which */
    char *words[ORDER_MAX_WORDS]; /* the first is the order's name */
    int count;                    /* how many */
    char *error;                  /* takes a sentence */
};

/* Writes a sentence; always false. */
bool order_refuse(const struct order *order, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* An id in words; WORLD_ANYONE for `*`; false: there is none such. */
bool order_id(const struct order *order, const char *word, int *id);

/* Whether an id is the chosen one, or any will do. */
bool order_chose(int chosen, int id);

/* The order to disks. */
bool order_disk(const struct order *order);

/* The orders to the network. */
bool order_link(const struct order *order);
bool order_partition(const struct order *order);
bool order_bridge(const struct order *order);
bool order_star(const struct order *order);
bool order_heal(const struct order *order);
bool order_reset(const struct order *order);

#endif
