/*
 * tell.c - one trial, and all that can be seen of it. See explore.h.
 */
#define _GNU_SOURCE

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "explore.h"
#include "lines.h"
#include "order.h"
#include "report.h"

#define MAX_DESCRIPTION (64u << 10) /* bytes of a node's description */

static struct lines lines;        /* where it is written */
static unsigned lives[MAX_NODES]; /* of each place, so far */

static void on_crashed(int id, const char *how)
{
    lines_crashed(&lines, id, how);
    fflush(lines.out);
}

/* Who is started is noted, as a test's cluster does. */
static void note_starts(struct world *world, const char *order)
{
    char error[ORDER_MAX_ERROR];
    char who[32];
    struct order parsed = {.world = world, .error = error};
    const int *ids;
    int count = world_ids(world, &ids);
    int chosen;

    if (sscanf(order, "start %31s", who) != 1 ||
        !order_id(&parsed, who, &chosen))
        return;
    for (int i = 0; i < count; i++) {
        char id[16];
        char text[32];

        if (!order_chose(chosen, ids[i]) || world_is_up(world, ids[i]))
            continue;
        snprintf(id, sizeof(id), "%d", ids[i]);
        snprintf(text, sizeof(text), "start %u", ++lives[i]);
        lines_note(&lines, id, text);
    }
}

/* What all coroutines wait for. */
static void describe(struct world *world)
{
    static char text[MAX_DESCRIPTION];
    const int *ids;
    int count = world_ids(world, &ids);

    for (int i = 0; i < count; i++) {
        char *at = text;
        char *line;

        world_describe(world, ids[i], text, sizeof(text));
        while ((line = strsep(&at, "\n")) != NULL)
            if (*line != '\0')
                fprintf(lines.out, "W %d %s\n", ids[i], line);
    }
}

static void before(void *arg, struct world *world, const char *order)
{
    (void)arg;
    lines.world = world;
    if (order == NULL) {
        describe(world);
        return;
    }
    note_starts(world, order);
    lines_mark(&lines, order);
}

int tell_main(const struct code *code, int argc, char **argv)
{
    struct trial_result result;
    struct schedule schedule = {0};
    struct world_watch watch;
    struct trial trial;
    struct plan plan;

    if (!plan_read(&plan, code, argc, argv))
        return 2;
    lines.out = fdopen(dup(STDOUT_FILENO), "w");
    dup2(STDERR_FILENO, STDOUT_FILENO); /* what nodes print */
    lines.is_watching = lines.has_logs = true;
    lines.has_acts = plan.has_acts;
    watch = lines_watch(&lines);
    report_start(on_crashed);
    plan_draw(&plan, plan.seed, &schedule);
    trial = plan_trial(&plan, plan.seed, &schedule);
    trial.watch = &watch;
    trial.told = lines.out;
    trial.before = before;
    trial.until_us = plan.until_us;
    trial_run(&trial, &result);
    fprintf(lines.out, "ended %llu\n", (unsigned long long)result.end_us);
    fclose(lines.out);
    schedule_free(&schedule);
    schedule_free(&plan.fixed);
    return 0;
}
