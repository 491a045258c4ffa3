/*
 * powercut.c - see powercut.h.
 */
#include "powercut.h"

#include <stdio.h>
#include <string.h>

#include "inside.h"

/* A second world. */
struct after {
    struct world *world;     /* itself */
    struct witness *witness; /* knows what the first has seen */
    struct wrong *wrong;     /* takes what goes wrong */
};

static void on_applied(void *arg, int id, uint64_t index, uint64_t term,
                       const void *data, size_t len)
{
    struct after *after = arg;

    witness_applied(after->witness, id, index, term, data, len);
}

static void on_restored(void *arg, int id, uint64_t index, uint64_t term,
                        const void *data, size_t len)
{
    struct after *after = arg;

    (void)term;
    (void)data;
    (void)len;
    witness_restored(after->witness, id, index);
}

static void on_ended(void *arg, int id, enum world_end end, const char *how)
{
    struct after *after = arg;
    struct wrong *wrong = after->wrong;

    (void)end;
    if (wrong->rule != NULL)
        return;
    wrong->rule = "power-cut";
    wrong->node = id;
    snprintf(wrong->expected, sizeof(wrong->expected),
             "a node starts from what was synced when the power went out");
    snprintf(wrong->observed, sizeof(wrong->observed), "node %d: %.200s", id,
             how);
}

/* What a crash would leave of a disk, under another. */
static void copy_durable(struct disk *to, const struct disk *from)
{
    const char *name;

    for (size_t i = 0; (name = disk_name(from, i)) != NULL; i++) {
        size_t len;
        bool is_there;
        const uint8_t *bytes = disk_bytes(from, name, &len, &is_there);

        disk_put(to, name, bytes, len);
    }
}

static bool is_back(const struct after *after, uint64_t index)
{
    const int *ids;
    int count = world_ids(after->world, &ids);

    for (int i = 0; i < count; i++)
        if (witness_at(after->witness, ids[i]) < index)
            return false;
    return true;
}

/* Who is furthest behind. */
static void tell_missing(struct after *after, uint64_t index)
{
    struct wrong *wrong = after->wrong;
    const int *ids;
    int count = world_ids(after->world, &ids);
    int last = ids[0];

    for (int i = 1; i < count; i++)
        if (witness_at(after->witness, ids[i]) <
            witness_at(after->witness, last))
            last = ids[i];
    wrong->rule = "power-cut";
    wrong->node = last;
    snprintf(wrong->expected, sizeof(wrong->expected),
             "after a loss of power every node comes back to what was "
             "committed, up to index %llu",
             (unsigned long long)index);
    snprintf(wrong->observed, sizeof(wrong->observed),
             "%d s after all nodes were started from what they had synced, "
             "node %d has applied entries up to index %llu only",
             POWERCUT_LIMIT_US / 1000000, last,
             (unsigned long long)witness_at(after->witness, last));
}

static void wait_for(struct after *after, uint64_t index)
{
    const struct wrong *seen;

    while (after->wrong->rule == NULL && !is_back(after, index)) {
        if (!world_step(after->world, POWERCUT_LIMIT_US)) {
            tell_missing(after, index);
            return;
        }
        seen = witness_wrong(after->witness);
        if (seen == NULL)
            continue;
        *after->wrong = *seen;
        after->wrong->rule = "power-cut";
    }
}

bool powercut(const struct powercut *cut, struct wrong *wrong)
{
    void (*before)(struct host *, const struct upcall *) = before_upcall;
    struct after after = {.witness = witness_new(), .wrong = wrong};
    struct world_watch watch = {.arg = &after,
                                .applied = on_applied,
                                .restored = on_restored,
                                .ended = on_ended};
    struct world_setup setup = {.seed = cut->seed,
                                .config = cut->config,
                                .code = cut->code,
                                .watch = &watch};
    char error[LOADER_MAX_ERROR];
    const int *ids;
    int count = world_ids(cut->world, &ids);

    *wrong = (struct wrong){.node = NO_NODE};
    witness_copy(after.witness, cut->witness);
    before_upcall = NULL; /* who follows the first world is not disturbed */
    after.world = world_new(&setup, error);
    for (int i = 0; i < count; i++) {
        struct world_start start = {
            .incarnation = place_of(cut->world, ids[i])->incarnation + 1};

        copy_durable(world_disk(after.world, ids[i]),
                     world_disk(cut->world, ids[i]));
        world_start(after.world, ids[i], &start);
    }
    wait_for(&after, witness_highest(cut->witness));
    world_free(after.world);
    witness_free(after.witness);
    before_upcall = before;
    return wrong->rule == NULL;
}
