/*
 * orders.c - see orders.h. One table says which order takes how many words.
 */
#define _GNU_SOURCE

#include "order.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool order_refuse(const struct order *order, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(order->error, ORDER_MAX_ERROR, format, args);
    va_end(args);
    return false;
}

/* ---- Who --------------------------------------------------------------- */

bool order_id(const struct order *order, const char *word, int *id)
{
    const int *ids;
    int count = world_ids(order->world, &ids);
    int leader = world_leader(order->world, NULL);
    int rank;
    char rest;

    if (leader == NO_NODE)
        leader = ids[0];
    if (strcmp(word, "*") == 0) {
        *id = WORLD_ANYONE;
        return true;
    }
    if (strcmp(word, "leader") == 0) {
        *id = leader;
        return true;
    }
    if (sscanf(word, "other:%d%c", &rank, &rest) == 1 && rank >= 0) {
        for (int i = 0; i < count; i++)
            if (ids[i] != leader && rank-- == 0)
                *id = ids[i];
        return rank < 0 ||
               order_refuse(order, "there is no node '%.40s'", word);
    }
    if (sscanf(word, "%d%c", id, &rest) == 1 && world_has(order->world, *id))
        return true;
    return order_refuse(order, "'%.40s' is no node of this cluster", word);
}

bool order_chose(int chosen, int id)
{
    return chosen == WORLD_ANYONE || chosen == id;
}

/* ---- Nodes ------------------------------------------------------------- */

static bool read_start(const struct order *order, struct world_start *start)
{
    unsigned long long incarnation = 0;
    long long wall_ms = 0;
    char rest;

    *start = (struct world_start){0};
    if (order->count > 2 && strcmp(order->words[2], "-") != 0 &&
        sscanf(order->words[2], "%llu%c", &incarnation, &rest) != 1)
        return order_refuse(order, "'%.40s' is no incarnation",
                            order->words[2]);
    if (order->count > 3 &&
        (sscanf(order->words[3], "%lf%c", &start->rate, &rest) != 1 ||
         !(start->rate >= 0.1 && start->rate <= 10)))
        return order_refuse(order,
                            "a clock's rate is from 0.1 to 10, not '%.40s'",
                            order->words[3]);
    if (order->count > 4 &&
        sscanf(order->words[4], "%lld%c", &wall_ms, &rest) != 1)
        return order_refuse(order, "'%.40s' is no time", order->words[4]);
    start->incarnation = incarnation;
    start->wall_offset_us = wall_ms * 1000;
    return true;
}

static bool order_start(const struct order *order)
{
    const int *ids;
    int count = world_ids(order->world, &ids);
    struct world_start start;
    int chosen;

    if (!order_id(order, order->words[1], &chosen) ||
        !read_start(order, &start))
        return false;
    for (int i = 0; i < count; i++)
        if (order_chose(chosen, ids[i]) && !world_is_up(order->world, ids[i]))
            world_start(order->world, ids[i], &start);
    return true;
}

static bool obey_life(const struct order *order)
{
    static const struct {
        const char *name;                   /* the order's */
        void (*fn)(struct world *, int id); /* what it does */
    } lives[] = {{"kill", world_kill},
                 {"pause", world_pause},
                 {"resume", world_resume},
                 {"terminate", world_shut_down}};
    const int *ids;
    int count = world_ids(order->world, &ids);
    int chosen;

    if (!order_id(order, order->words[1], &chosen))
        return false;
    for (size_t k = 0; k < sizeof(lives) / sizeof(lives[0]); k++)
        for (int i = 0; i < count; i++)
            if (strcmp(lives[k].name, order->words[0]) == 0 &&
                order_chose(chosen, ids[i]))
                lives[k].fn(order->world, ids[i]);
    return true;
}

static bool obey_crash(const struct order *order)
{
    static const char *const points[POINT_COUNT] = {"send", "write", "sync",
                                                    "synced", "apply"};
    unsigned count;
    char rest;
    int id;

    if (!order_id(order, order->words[1], &id) || id == WORLD_ANYONE)
        return false;
    if (sscanf(order->words[3], "%u%c", &count, &rest) != 1)
        return order_refuse(order, "'%.40s' is no count", order->words[3]);
    for (int point = 0; point < POINT_COUNT; point++) {
        if (strcmp(points[point], order->words[2]) != 0)
            continue;
        world_crash_at(order->world, id, (enum world_point)point, count);
        return true;
    }
    return order_refuse(order,
                        "'%.40s' is no crash point; there are send, write, "
                        "sync, synced and apply",
                        order->words[2]);
}

static bool obey_clock(const struct order *order)
{
    const int *ids;
    int count = world_ids(order->world, &ids);
    double value;
    char rest;
    int chosen;

    if (!order_id(order, order->words[1], &chosen))
        return false;
    if (sscanf(order->words[2], "%lf%c", &value, &rest) != 1 ||
        (order->words[0][0] == 'r' && !(value >= 0.1 && value <= 10)))
        return order_refuse(order, "a clock cannot have '%.40s'",
                            order->words[2]);
    for (int i = 0; i < count; i++) {
        if (!order_chose(chosen, ids[i]))
            continue;
        if (order->words[0][0] == 'r')
            world_set_rate(order->world, ids[i], value);
        else if (order->words[0][0] == 'w')
            world_jump_wall(order->world, ids[i], (int64_t)(value * 1000));
        else
            world_set_jitter(order->world, ids[i], (uint32_t)value);
    }
    return true;
}

/* ---- All --------------------------------------------------------------- */

static const struct {
    const char *name;                   /* the first word */
    int least;                          /* words, this one included */
    int most;                           /* words */
    bool (*obey)(const struct order *); /* does it */
} known[] = {
    {"link", 4, ORDER_MAX_WORDS, order_link},
    {"partition", 2, ORDER_MAX_WORDS, order_partition},
    {"bridge", 3, ORDER_MAX_WORDS, order_bridge},
    {"star", 2, 2, order_star},
    {"mend", 1, 1, order_heal},
    {"heal", 1, 1, order_heal},
    {"reset", 3, 3, order_reset},
    {"start", 2, 5, order_start},
    {"kill", 2, 2, obey_life},
    {"pause", 2, 2, obey_life},
    {"resume", 2, 2, obey_life},
    {"terminate", 2, 2, obey_life},
    {"crash", 4, 4, obey_crash},
    {"rate", 3, 3, obey_clock},
    {"wall", 3, 3, obey_clock},
    {"jitter", 3, 3, obey_clock},
    {"disk", 3, ORDER_MAX_WORDS, order_disk},
};

bool order_obey(struct world *world, const char *line,
                char error[ORDER_MAX_ERROR])
{
    char text[ORDER_MAX_BYTES];
    struct order order = {.world = world, .error = error};
    char *at = text;
    char *word;

    snprintf(text, sizeof(text), "%s", line);
    while ((word = strsep(&at, " \t\r\n")) != NULL &&
           order.count < ORDER_MAX_WORDS)
        if (*word != '\0')
            order.words[order.count++] = word;
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (order.count == 0 || strcmp(known[i].name, order.words[0]) != 0)
            continue;
        if (order.count < known[i].least || order.count > known[i].most)
            return order_refuse(&order, "'%.60s' has too %s words", line,
                                order.count < known[i].least ? "few" : "many");
        error[0] = '\0';
        if (known[i].obey(&order))
            return true;
        return error[0] == '\0' &&
               order_refuse(&order, "'%.60s' needs a node", line);
    }
    return order_refuse(&order, "'%.60s' is no order", line);
}
