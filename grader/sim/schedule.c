/*
 * schedule.c - see schedule.h.
 */
#define _GNU_SOURCE

#include "schedule.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "../net/alloc.h"

void schedule_add(struct schedule *schedule, uint64_t at_us, const char *format,
                  ...)
{
    size_t at = schedule->count;
    va_list args;

    if (schedule->count == SCHEDULE_MAX_ACTIONS)
        return;
    if (schedule->count == schedule->capacity) {
        schedule->capacity = schedule->capacity == 0 ? 32
                                                     : 2 * schedule->capacity;
        schedule->actions = alloc_resize(
            schedule->actions, schedule->capacity * sizeof(struct action));
    }
    schedule->count++;
    for (; at > 0 && schedule->actions[at - 1].at_us > at_us; at--)
        schedule->actions[at] = schedule->actions[at - 1];
    schedule->actions[at].at_us = at_us;
    va_start(args, format);
    vsnprintf(schedule->actions[at].order, ACTION_MAX_BYTES, format, args);
    va_end(args);
}

void schedule_copy(struct schedule *to, const struct schedule *from)
{
    schedule_free(to);
    for (size_t i = 0; i < from->count; i++)
        schedule_add(to, from->actions[i].at_us, "%s", from->actions[i].order);
}

void schedule_print(const struct schedule *schedule, FILE *out)
{
    for (size_t i = 0; i < schedule->count; i++)
        fprintf(out, "%llu %s\n",
                (unsigned long long)schedule->actions[i].at_us,
                schedule->actions[i].order);
}

/* One line; false: it is no action. */
static bool read_line(struct schedule *schedule, char *line)
{
    unsigned long long at_us;
    int order_at = 0;

    line[strcspn(line, "\r\n")] = '\0';
    if (line[0] == '#' || line[0] == '\0')
        return true;
    if (sscanf(line, "%llu %n", &at_us, &order_at) != 1 || order_at == 0 ||
        line[order_at] == '\0' || strlen(line + order_at) >= ACTION_MAX_BYTES)
        return false;
    schedule_add(schedule, at_us, "%s", line + order_at);
    return true;
}

int schedule_read(struct schedule *schedule, FILE *in)
{
    char *line = NULL;
    size_t capacity = 0;
    int number = 0;
    bool is_good = true;

    while (is_good && getline(&line, &capacity, in) > 0) {
        number++;
        is_good = read_line(schedule, line);
    }
    free(line);
    return is_good ? 0 : number;
}

void schedule_free(struct schedule *schedule)
{
    free(schedule->actions);
    *schedule = (struct schedule){0};
}
