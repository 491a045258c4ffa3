/*
 * lin_search.c - depth first, with memory. See lin_search.h.
 *
 * Of the operations that must be taken and are not, let D be the one that was
 * answered first. Whatever was called before D's answer may be taken next; what
 * was called later may not, since D comes before it. So the choices at each
 * point are a few: what was going on at one moment. Among them go, in order of
 * their answers, those that were answered; then the optional ones.
 *
 * Four rules leave choices out. Each is sound because of any orders that
 * explain the history one is kept: the best, by what follows first.
 *   (a) fewest optional operations taken;
 *   (b) the later these stand, the better (by the sum of their places);
 *   (c) among optional ones, earlier calls first.
 * A rule forbids an order only if a change of it gives a better one.
 *
 * 1. A read that fits, or another operation whose answer says that it wrote
 *    nothing, is taken at once, without a choice. In any order that goes on
 *    from here it can be moved to this place: its call allows it, it fits, and
 *    for the others nothing changes. No optional operation comes earlier by
 *    that, and none is added. (If it would tell a version not known until
 *    then, it is a choice like others.)
 *
 * 2. Of optional operations that do the same, the one called first is taken
 *    first. In an order that takes the later one, exchange the two: no worse by
 *    (a) and (b), better by (c). (If the earlier one is taken further on, it is
 *    optional and may stand as late as it likes.)
 *
 * 3. After an optional operation W, a next operation X is taken only if W was
 *    of use to it. Let s be the state before W. If X fits in s and leads to a
 *    state that covers that after W and X, then W can be left out: better by
 *    (a). If X fits in s and X then W leads to a state that covers that after W
 *    then X, they can be exchanged, since W may stand as late as it likes:
 *    better by (b) if X must be taken, by (c) if X is optional and was called
 *    before W. (Checked where both are one step on one key; two on different
 *    keys can always be exchanged.)
 *
 * 4. An optional operation that changes nothing is not taken, nor one that is
 *    the last: (a).
 *
 * 5. Appends that reads to come will not find: see lin_ahead.h.
 *
 * Rule 3 makes what may follow depend on how a configuration was reached. So a
 * configuration reached by an optional W is remembered together with W and s.
 *
 * States that stand for several stores (lin_model.h) change none of this: "a
 * covers b" means that whatever explains the rest from b does so from a.
 */
#include "lin_search.h"

#include <stdlib.h>
#include <string.h>

#include "../net/alloc.h"
#include "lin_ahead.h"
#include "lin_config.h"

#define REMEMBERED_MAX (1u << 22) /* configurations: 128 MB of table */

/* A point to come back to. */
struct frame {
    uint32_t trail;          /* what was taken before it was come to */
    uint32_t first, next;    /* its choices not yet tried, in `choices` */
    uint32_t end;            /* and where they end */
    uint32_t optional;       /* W of rule 3, or NOBODY */
    struct key_state before; /* then: s, W's key in it */
};

struct search {
    struct config config;         /* where it is */
    struct search_result *result; /* what to fill in */
    uint64_t steps_max;           /* when to give up */
    struct frame *frames;         /* one below the other */
    uint32_t frame_count;         /* how many */
    uint32_t frame_room;          /* how many fit */
    uint32_t *choices;            /* of all frames */
    uint32_t choice_room;         /* how many fit */
    uint64_t *stamps;             /* by kind: when it was last a choice */
    uint64_t stamp;               /* counts the frames made */
    struct hash *table;           /* configurations come to; {0, 0} is free */
    uint64_t table_size;          /* a power of two */
    uint32_t left_least;          /* operations left on the longest order */
    bool is_deepest;              /* the topmost frame is on it, not noted */
};

/* ---- memory ---------------------------------------------------------------*/

static bool put_hash(struct hash *table, uint64_t size, struct hash hash)
{
    for (uint64_t at = hash.a;; at++) {
        struct hash *slot = &table[at & (size - 1)];

        if (slot->a == hash.a && slot->b == hash.b)
            return false;
        if (slot->a == 0 && slot->b == 0) {
            *slot = hash;
            return true;
        }
    }
}

/* Remembers a configuration. False if it was remembered already. */
static bool remember(struct search *search, struct hash hash)
{
    struct search_result *result = search->result;

    if (!put_hash(search->table, search->table_size, hash))
        return false;
    if (++result->remembered * 2 > search->table_size) {
        struct hash *old = search->table;
        uint64_t old_size = search->table_size;

        search->table_size *= 2;
        search->table = alloc_new(search->table_size * sizeof(*old));
        for (uint64_t i = 0; i < old_size; i++) {
            if (old[i].a != 0 || old[i].b != 0)
                put_hash(search->table, search->table_size, old[i]);
        }
        free(old);
    }
    return true;
}

/* The hash of where it is, with W and s if they matter (rule 3). */
static struct hash hash_here(const struct search *search, uint32_t optional,
                             const struct key_state *before)
{
    struct hash hash = search->config.hash;

    if (optional != NOBODY) {
        struct hash mark = config_hash_state(~optional, before);
        hash.a = (hash.a ^ mark.b) * UINT64_C(0x9e3779b97f4a7c15);
        hash.b = (hash.b ^ mark.a) * UINT64_C(0xd1b54a32d192ed03);
    }
    return hash;
}

/* ---- choices --------------------------------------------------------------*/

/* The time of D's answer: what is called later cannot come next. */
static uint64_t deadline(const struct config *config)
{
    uint64_t first_us = LIN_NEVER;

    for (uint32_t at = config->first; at != NOBODY; at = config->ops[at].next) {
        const struct search_item *item = config->ops[at].item;

        if (item->call_us > first_us)
            break;
        if (item->return_us < first_us)
            first_us = item->return_us;
    }
    return first_us;
}

/* Rule 1. */
static void take_idle(struct search *search)
{
    struct config *config = &search->config;
    bool again = true;

    while (again) {
        uint64_t until_us = deadline(config);
        uint32_t next;

        again = false;
        for (uint32_t at = config->first; at != NOBODY; at = next) {
            next = config->ops[at].next;
            if (config->ops[at].item->call_us > until_us)
                break;
            if (!config->ops[at].only_looks)
                continue;
            search->result->steps++;
            if (config_take(config, at, true) == TAKE_SAME)
                again = true;
        }
    }
}

static void add_choice(struct search *search, struct frame *frame,
                       uint32_t choice)
{
    if (frame->end == search->choice_room) {
        search->choice_room *= 2;
        search->choices = alloc_resize(
            search->choices, search->choice_room * sizeof(*search->choices));
    }
    search->choices[frame->end++] = choice;
}

static void list_choices(struct search *search, struct frame *frame)
{
    struct config *config = &search->config;
    const struct config_op *ops = config->ops;
    uint64_t until_us = deadline(config);
    uint32_t at;

    for (at = config->first; at != NOBODY; at = ops[at].next) {
        uint32_t place = frame->end;

        if (ops[at].item->call_us > until_us)
            break;
        add_choice(search, frame, at);
        for (; place > frame->first; place--) { /* in order of answers */
            uint32_t *pair = &search->choices[place - 1];

            if (ops[pair[0]].item->return_us <= ops[at].item->return_us)
                break;
            pair[1] = pair[0];
            pair[0] = at;
        }
    }
    search->stamp++;
    for (at = config->first_optional; at != NOBODY; at = ops[at].next) {
        if (ops[at].item->call_us > until_us)
            break;
        if (search->stamps[ops[at].kind] == search->stamp)
            continue; /* rule 2 */
        search->stamps[ops[at].kind] = search->stamp;
        add_choice(search, frame, at);
    }
}

static bool do_step(const struct config *config, uint32_t op,
                    const struct key_state *before, struct key_state *after)
{
    const struct config_op *it = &config->ops[op];

    return step_apply(config->values, it->item->op->steps, it->is_optional,
                      config->has_versions, before, after);
}

/* Whether rule 3 forbids x as the next operation after w, before which its key
 * was s. */
static bool is_useless(const struct config *config, uint32_t w,
                       const struct key_state *s, uint32_t x)
{
    const struct config_op *first = &config->ops[w];
    const struct config_op *second = &config->ops[x];
    struct key_state sw, swx, sx, sxw;
    bool is_later = !second->is_optional || x < w;

    if (!first->is_single || !second->is_single)
        return false;
    if (first->item->op->steps->key != second->item->op->steps->key)
        return is_later;
    if (!do_step(config, w, s, &sw) || !do_step(config, x, &sw, &swx) ||
        !do_step(config, x, s, &sx))
        return false;
    if (state_covers(&sx, &swx))
        return true;
    return is_later && do_step(config, w, &sx, &sxw) &&
           state_covers(&sxw, &swx);
}

/* ---- going on and going back ----------------------------------------------*/

static void note_order(struct search *search)
{
    const struct config *config = &search->config;

    search->is_deepest = false;
    search->result->order_count = config->trail_count;
    for (uint32_t i = 0; i < config->trail_count; i++)
        search->result->order[i] = config->trail[i].op;
}

/* Comes to a point; false if it was there before. */
static bool enter(struct search *search, uint32_t trail, uint32_t optional,
                  const struct key_state *before)
{
    struct config *config = &search->config;
    struct frame *frame;
    uint32_t start = config->trail_count;

    take_idle(search);
    if (config->trail_count > start)
        optional = NOBODY; /* it was of use to what was taken now */
    if (!remember(search, hash_here(search, optional, before))) {
        config_undo(config, trail);
        return false;
    }
    if (search->frame_count == search->frame_room) {
        search->frame_room *= 2;
        search->frames = alloc_resize(
            search->frames, search->frame_room * sizeof(*search->frames));
    }
    frame = &search->frames[search->frame_count];
    *frame = (struct frame){
        .trail = trail, .optional = optional, .before = *before};
    if (search->frame_count > 0)
        frame->first = frame->next = frame->end = frame[-1].end;
    search->frame_count++;
    list_choices(search, frame);
    if (config->left < search->left_least) {
        search->left_least = config->left;
        search->is_deepest = true;
    }
    return true;
}

static void leave(struct search *search)
{
    const struct frame *frame = &search->frames[search->frame_count - 1];

    if (search->is_deepest)
        note_order(search);
    config_undo(&search->config, frame->trail);
    search->frame_count--;
}

/* Tries a choice of the topmost frame. */
static void try_choice(struct search *search, uint32_t choice)
{
    struct config *config = &search->config;
    const struct frame *frame = &search->frames[search->frame_count - 1];
    const struct config_op *op = &config->ops[choice];
    uint32_t slot = config->slots[op->item->op->steps->key];
    struct key_state before = config->states[slot];
    uint32_t trail = config->trail_count;
    enum take take;

    if (frame->optional != NOBODY &&
        is_useless(config, frame->optional, &frame->before, choice))
        return;
    if (ahead_forbids(config, choice)) /* rule 5 */
        return;
    take = config_take(config, choice, false);
    if (take == TAKE_NOT)
        return;
    if (op->is_optional && take == TAKE_SAME) { /* rule 4 */
        config_undo(config, trail);
        return;
    }
    enter(search, trail, op->is_optional ? choice : NOBODY, &before);
}

static enum lin_verdict search_all(struct search *search)
{
    struct key_state nothing = {.value = VALUE_NONE};

    enter(search, 0, NOBODY, &nothing);
    while (search->config.left > 0) {
        struct frame *frame = &search->frames[search->frame_count - 1];

        if (search->result->steps++ >= search->steps_max ||
            search->result->remembered >= REMEMBERED_MAX)
            return LIN_UNKNOWN;
        if (frame->next < frame->end) {
            try_choice(search, search->choices[frame->next++]);
            continue;
        }
        leave(search);
        if (search->frame_count == 0)
            return LIN_BAD;
    }
    return LIN_GOOD;
}

static int by_call(const void *a, const void *b)
{
    const struct search_item *x = a;
    const struct search_item *y = b;

    if (x->call_us != y->call_us)
        return x->call_us < y->call_us ? -1 : 1;
    return x->op->number < y->op->number ? -1 : x->op->number > y->op->number;
}

void search_run(const struct search_task *task, struct search_result *result)
{
    struct search search = {.result = result,
                            .steps_max = task->steps_max,
                            .frame_room = 64,
                            .choice_room = 256,
                            .table_size = 256,
                            .left_least = UINT32_MAX};

    qsort(task->items, task->count, sizeof(*task->items), by_call);
    *result = (struct search_result){.order = NULL};
    result->order = alloc_new(task->count * sizeof(*result->order) + 1);
    config_init(&search.config, task);
    if (task->looks_ahead)
        ahead_init(&search.config);
    search.frames = alloc_new(search.frame_room * sizeof(*search.frames));
    search.choices = alloc_new(search.choice_room * sizeof(*search.choices));
    search.stamps = alloc_new(task->count * sizeof(*search.stamps) + 1);
    search.table = alloc_new(search.table_size * sizeof(*search.table));
    result->verdict = search_all(&search);
    if (search.is_deepest)
        note_order(&search);
    config_free(&search.config);
    free(search.frames);
    free(search.choices);
    free(search.stamps);
    free(search.table);
}
