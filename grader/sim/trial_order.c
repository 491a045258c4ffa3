/*
 * trial_order.c - orders to a trial: those to its world (orders.h), and those
 * to its clients and its power. See trial.h.
 */
#include <stdio.h>
#include <string.h>

#include "order.h"
#include "powercut.h"
#include "trial_run.h"

static bool order_clients(struct run *run, const char *line, char *error)
{
    unsigned count;
    unsigned pause_ms;

    if (sscanf(line, "clients %u %u", &count, &pause_ms) != 2) {
        snprintf(error, ORDER_MAX_ERROR, "'%.60s' is no 'clients N PAUSE_MS'",
                 line);
        return false;
    }
    load_clients(run->load, (int)count, pause_ms);
    return true;
}

static bool order_propose(struct run *run, const char *line, char *error)
{
    struct order order = {.world = run->world, .error = error};
    char who[32];
    unsigned count;
    unsigned len;
    int id;

    if (sscanf(line, "propose %31s %u %u", who, &count, &len) != 3) {
        snprintf(error, ORDER_MAX_ERROR, "'%.60s' is no 'propose ID N BYTES'",
                 line);
        return false;
    }
    if (!order_id(&order, who, &id) || id == WORLD_ANYONE)
        return false;
    load_propose(run->load, id, (int)count, len);
    return true;
}

static void cut_power(struct run *run)
{
    struct wrong wrong;

    run->result->cuts++;
    if (powercut(
            &(struct powercut){.world = run->world,
                               .code = run->trial->code,
                               .config = run->config,
                               .witness = run->witness,
                               .seed = run->trial->seed + run->result->cuts},
            &wrong))
        return;
    run_fail(run, wrong.rule, wrong.node, wrong.expected, "%s", wrong.observed);
}

bool trial_has_bad_disk(const struct run *run, int id)
{
    const struct disk_faults *faults = disk_faults(world_disk(run->world, id));

    return faults->fail > 0 || faults->fail_at > 0 ||
           faults->full_bytes < DISK_MAX_BYTES;
}

/* Whose disk may make it end itself, from now on. */
static void note_disks(struct run *run)
{
    const int *ids;
    int count = world_ids(run->world, &ids);

    for (int i = 0; i < count; i++)
        if (trial_has_bad_disk(run, ids[i]))
            run->may_give_up[i] = run->had_bad_disk[i] = true;
}

bool trial_order(struct run *run, const char *line, char *error)
{
    bool is_obeyed = true;

    error[0] = '\0';
    if (run->trial->before != NULL)
        run->trial->before(run->trial->arg, run->world, line);
    if (run->load != NULL && strncmp(line, "clients ", 8) == 0)
        return order_clients(run, line, error);
    if (run->load != NULL && strncmp(line, "propose ", 8) == 0)
        return order_propose(run, line, error);
    if (run->load != NULL && strcmp(line, "powercut") == 0)
        cut_power(run);
    else
        is_obeyed = order_obey(run->world, line, error);
    note_disks(run);
    return is_obeyed;
}
