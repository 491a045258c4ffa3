/*
 * lin_explain.c - the smallest part of a history that cannot be explained, and
 * why, in words.
 *
 * First the part is cut off in time: the earliest answer up to which the history
 * cannot be explained (what is answered later counts as not answered yet). Then
 * answers are left out, in ever smaller portions, as long as what is left
 * cannot be explained: what only read goes altogether, a write becomes one that
 * may have happened at any time after its call, or never. Both only allow more,
 * so what is left is a contradiction of the whole history too, and (where the
 * bounds below sufficed to find out) every answer left in it is needed. Writes
 * without their answer are shown if one of the answers left may tell of them.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "../net/alloc.h"
#include "lin_history.h"

#define SHOWN_MAX   30      /* operations listed */
#define TRIAL_STEPS 50000   /* of a search that leaves out answers */
#define ALL_STEPS   1000000 /* of all of them together */

/* The history being cut down. */
struct part {
    struct lin *lin;           /* whose it is */
    struct search_task task;   /* of the searches; its items are those tried */
    uint32_t slot_count;       /* keys */
    struct search_item *items; /* all, in order of calls */
    uint32_t count;            /* of them */
    bool *is_kept;             /* by item: its answer counts */
    uint64_t until_us;         /* answers after that do not */
    uint64_t steps;            /* made so far */
    struct search_item *tried; /* for one search */
    struct search_result last; /* of the latest that found no order */
};

/* Whether it is known to have written nothing. */
static bool only_looks(const struct lin_op *op)
{
    for (uint32_t i = 0; i < op->step_count; i++) {
        if (op->return_us == LIN_NEVER || !step_only_looks(&op->steps[i]))
            return false;
    }
    return true;
}

/* Collects the part's items; returns how many. */
static uint32_t collect(const struct part *part, struct search_item *items)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < part->count; i++) {
        struct search_item item = part->items[i];

        if (item.call_us > part->until_us)
            continue;
        if (!part->is_kept[i] || item.return_us > part->until_us) {
            if (only_looks(item.op))
                continue;
            item.return_us = LIN_NEVER;
        }
        items[count++] = item;
    }
    return count;
}

/* Whether the part, as it is now, has certainly no explanation. */
static bool is_bad(struct part *part)
{
    struct search_result result;

    part->task.count = collect(part, part->tried);
    lin_search(part->lin, &part->task, &result);
    part->steps += result.steps;
    if (result.verdict != LIN_BAD) {
        free(result.order);
        return false;
    }
    free(part->last.order);
    part->last = result;
    return true;
}

static int by_time(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

/* The earliest answer up to which there is no explanation. */
static void cut_in_time(struct part *part)
{
    uint64_t *times = alloc_new(part->count * sizeof(*times));
    uint32_t count = 0;
    uint32_t low = 0;
    uint32_t high;

    for (uint32_t i = 0; i < part->count; i++) {
        if (part->items[i].return_us != LIN_NEVER)
            times[count++] = part->items[i].return_us;
    }
    qsort(times, count, sizeof(*times), by_time);
    high = count - 1; /* up to this one it is bad */
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        part->until_us = times[middle];
        if (is_bad(part))
            high = middle;
        else
            low = middle + 1;
    }
    part->until_us = times[high];
    free(times);
}

/* Leaves out answers, `size` at a time: those of reads first. */
static void leave_out(struct part *part, uint32_t *kept, uint32_t size)
{
    uint32_t count = 0;

    for (int writes = 0; writes < 2; writes++) {
        for (uint32_t i = 0; i < part->count; i++) {
            const struct search_item *item = &part->items[i];

            if (part->is_kept[i] && item->return_us <= part->until_us &&
                only_looks(item->op) == (writes == 0))
                kept[count++] = i;
        }
    }
    for (uint32_t at = 0; at < count; at += size) {
        uint32_t end = at + size < count ? at + size : count;

        if (part->steps > ALL_STEPS)
            return;
        for (uint32_t i = at; i < end; i++)
            part->is_kept[kept[i]] = false;
        if (is_bad(part))
            continue;
        for (uint32_t i = at; i < end; i++)
            part->is_kept[kept[i]] = true;
    }
}

/* ---- in words -------------------------------------------------------------*/

static void say_time(struct lin_text *text, uint64_t time_us)
{
    if (time_us == LIN_NEVER)
        why_add(text, "%12s", "-");
    else
        why_add(text, "%10.6f s", (double)time_us / 1e6);
}

static void say_op(struct lin_text *text, const struct search_item *item)
{
    why_add(text, "  client %-3d ", item->op->client);
    say_time(text, item->op->call_us);
    why_add(text, " ");
    say_time(text, item->op->return_us);
    why_add(text, "  %s%s\n", item->op->text,
            item->return_us == LIN_NEVER && item->op->return_us != LIN_NEVER
                ? " (at any time after its call, or never)"
                : "");
}

static void say_value(struct lin *lin, struct lin_text *text, uint32_t value)
{
    char bytes[64];
    size_t len;

    if (value == VALUE_NONE) {
        why_add(text, "nil");
        return;
    }
    len = values_bytes(&lin->values, value, bytes, sizeof(bytes));
    why_word(text, bytes, len);
}

/* Whether the answer to `told` may depend on what `write` wrote. */
static bool may_tell(const struct step *told, const struct step *write)
{
    if (told->key != write->key)
        return false;
    if (write->kind != STEP_SET && write->kind != STEP_CAS &&
        write->kind != STEP_CASV)
        return true;
    switch (told->kind) {
    case STEP_SET:
        return false;
    case STEP_GET:
    case STEP_GETM:
        return told->seen_value == write->value;
    case STEP_CASV:
        return (told->seen_number != 0) == (told->expected == write->value);
    default:
        return true;
    }
}

/* Whether an answer left may tell of what an optional operation wrote. */
static bool may_show(const struct search_item *items, uint32_t count,
                     const struct lin_op *write)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct lin_op *op = items[i].op;

        for (uint32_t a = 0; a < op->step_count; a++) {
            for (uint32_t b = 0; b < write->step_count; b++) {
                if (items[i].return_us != LIN_NEVER &&
                    may_tell(&op->steps[a], &write->steps[b]))
                    return true;
            }
        }
    }
    return false;
}

/* The state after the longest order found, and what cannot come next. */
static void say_end(struct part *part, struct lin_text *text, uint32_t count)
{
    struct lin *lin = part->lin;
    struct key_state *states = alloc_new(part->slot_count * sizeof(*states));
    bool *is_done = alloc_new(count);
    uint64_t due_us = LIN_NEVER; /* something must come before this */

    why_add(text, "The longest order that fits:");
    for (uint32_t i = 0; i < part->last.order_count; i++) {
        const struct search_item *item = &part->tried[part->last.order[i]];

        is_done[part->last.order[i]] = true;
        for (uint32_t s = 0; s < item->op->step_count; s++) {
            const struct step *step = &item->op->steps[s];
            struct key_state *state = &states[lin->slots[step->key]];
            struct key_state before = *state;

            step_apply(&lin->values, step, item->return_us == LIN_NEVER, true,
                       &before, state);
        }
        why_add(text, "\n  %u. client %d: %s", i + 1, item->op->client,
                item->op->text);
    }
    why_add(text, "%s\n", part->last.order_count == 0 ? " none" : "");
    for (uint32_t i = 0; i < count; i++) {
        if (!is_done[i] && part->tried[i].return_us < due_us)
            due_us = part->tried[i].return_us;
    }
    for (uint32_t i = 0; i < count; i++) {
        const struct search_item *item = &part->tried[i];
        const struct step *step = item->op->steps;
        struct key_state state = states[lin->slots[step->key]];

        if (is_done[i] || item->return_us == LIN_NEVER ||
            item->call_us > due_us)
            continue;
        why_add(text, "Then client %d's %s cannot come: ", item->op->client,
                item->op->text);
        why_word(text, lin->keys.all[step->key].bytes,
                 lin->keys.all[step->key].len_bytes);
        why_add(text, " is ");
        say_value(lin, text, state.value);
        if (step->seen_version != 0 || step->kind == STEP_CAS)
            why_add(text, ", its version %s%" PRIu64,
                    state.is_known ? "" : "at least ", state.version);
        why_add(text, "\n");
    }
    free(states);
    free(is_done);
}

static void say(struct part *part)
{
    struct lin *lin = part->lin;
    struct lin_text *text = &lin->why;
    uint32_t count = collect(part, part->tried);
    uint32_t shown = 0;
    const struct search_item *last = NULL;

    lin->culprits = alloc_new(count * sizeof(*lin->culprits));
    for (uint32_t i = 0; i < count; i++) {
        const struct search_item *item = &part->tried[i];

        if (item->return_us == part->until_us)
            last = item;
        if (item->return_us != LIN_NEVER ||
            may_show(part->tried, count, item->op))
            lin->culprits[lin->culprit_count++] = item->op->number;
    }
    why_add(text,
            "These cannot all have happened, in whatever order "
            "(%u of %u operations on ",
            lin->culprit_count, part->count);
    why_add(text, part->slot_count == 1 ? "key " : "these keys");
    if (part->slot_count == 1) {
        uint32_t key = part->items->op->steps->key;
        why_word(text, lin->keys.all[key].bytes, lin->keys.all[key].len_bytes);
    }
    why_add(text, "):\n");
    for (uint32_t i = 0, at = 0; i < count && at < lin->culprit_count; i++) {
        if (part->tried[i].op->number != lin->culprits[at])
            continue;
        at++;
        if (shown++ < SHOWN_MAX)
            say_op(text, &part->tried[i]);
    }
    if (shown > SHOWN_MAX)
        why_add(text, "  and %u more\n", shown - SHOWN_MAX);
    if (last != NULL)
        why_add(text,
                "Up to client %d's %s, answered at %.6f s, all is well.\n",
                last->op->client, last->op->text, (double)part->until_us / 1e6);
    say_end(part, text, count);
}

void explain_bad(struct lin *lin, const struct search_task *task)
{
    uint32_t count = task->count;
    struct part part = {.lin = lin,
                        .task = *task,
                        .slot_count = task->slot_count,
                        .items = task->items,
                        .count = count,
                        .until_us = LIN_NEVER};
    uint32_t *kept = alloc_new(count * sizeof(*kept));

    part.is_kept = alloc_new(count * sizeof(*part.is_kept));
    part.tried = part.task.items = alloc_new(count * sizeof(*part.tried));
    for (uint32_t i = 0; i < count; i++)
        part.is_kept[i] = true;
    cut_in_time(&part);
    part.steps = 0;
    part.task.deepens = false; /* it would only take time from proofs */
    if (part.task.steps_max > TRIAL_STEPS)
        part.task.steps_max = TRIAL_STEPS;
    for (uint32_t size = (count + 1) / 2; size > 1; size /= 2)
        leave_out(&part, kept, size);
    leave_out(&part, kept, 1);
    part.task.steps_max = task->steps_max;
    is_bad(&part); /* the part as it is now: its longest order */
    part.task.steps_max = TRIAL_STEPS;
    part.task.looks_ahead = false;
    is_bad(&part); /* a better one, if that is not too hard */
    say(&part);
    free(part.last.order);
    free(part.is_kept);
    free(part.tried);
    free(kept);
}
