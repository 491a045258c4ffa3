/*
 * lin_dive.c - depth first, with memory. See lin_dive.h; the rules are those of
 * lin_search.c.
 */
#include "lin_dive.h"

#include <stdlib.h>

#include "../net/alloc.h"
#include "lin_ahead.h"
#include "lin_config.h"
#include "lin_needs.h"
#include "lin_run.h"
#include "lin_visits.h"

#define REMEMBERED_MAX (1u << 22) /* configurations: 128 MB of table */

/* A point to come back to. */
struct frame {
    uint32_t trail;          /* what was taken before it was come to */
    uint32_t first, next;    /* its choices not yet tried, in `choices` */
    uint32_t end;            /* and where they end */
    uint32_t optional;       /* W of rule 3, or NOBODY */
    struct key_state before; /* then: s, W's key in it */
};

struct dive {
    struct config config;        /* where it is */
    struct visits visits;        /* configurations come to */
    struct search_result result; /* what it found so far */
    uint32_t optional_max;       /* optional operations taken, at most */
    bool is_cut;                 /* one more would have been taken */
    struct frame *frames;        /* one below the other */
    uint32_t frame_count;        /* how many */
    uint32_t frame_room;         /* how many fit */
    uint32_t *choices;           /* of all frames */
    uint32_t choice_room;        /* how many fit */
    uint64_t *stamps;            /* by kind: when it was last a choice */
    uint64_t stamp;              /* counts the frames made */
    uint32_t left_least;         /* operations left on the longest order */
    bool is_deepest;             /* the topmost frame is on it, not noted */
};

/* The hash of where it is, with W and s if they matter (rule 3). */
static struct hash hash_here(const struct dive *dive, uint32_t optional,
                             const struct key_state *before)
{
    struct hash hash = dive->config.hash;

    if (optional != NOBODY) {
        struct hash mark = config_hash_state(~optional, before);
        uint64_t keys = run_keys(&dive->config);
        hash.a = (hash.a ^ mark.b ^ keys) * UINT64_C(0x9e3779b97f4a7c15);
        hash.b = (hash.b ^ mark.a) * UINT64_C(0xd1b54a32d192ed03);
    }
    return hash;
}

/* ---- choices --------------------------------------------------------------*/

/* Rule 1. */
static void take_idle(struct dive *dive)
{
    struct config *config = &dive->config;
    bool again = true;

    while (again) {
        uint64_t until_us = run_deadline(config);
        uint32_t next;

        again = false;
        for (uint32_t at = config->first; at != NOBODY; at = next) {
            next = config->ops[at].next;
            if (config->ops[at].item->call_us > until_us)
                break;
            if (!config->ops[at].only_looks)
                continue;
            dive->result.steps++;
            if (config_take(config, at, true) == TAKE_SAME)
                again = true;
        }
    }
}

static void add_choice(struct dive *dive, struct frame *frame, uint32_t choice)
{
    if (frame->end == dive->choice_room) {
        dive->choice_room *= 2;
        dive->choices = alloc_resize(dive->choices, dive->choice_room *
                                                        sizeof(*dive->choices));
    }
    dive->choices[frame->end++] = choice;
}

static void list_choices(struct dive *dive, struct frame *frame)
{
    struct config *config = &dive->config;
    const struct config_op *ops = config->ops;
    uint64_t until_us = run_deadline(config);
    uint32_t at;

    for (at = config->first; at != NOBODY; at = ops[at].next) {
        uint32_t place = frame->end;

        if (ops[at].item->call_us > until_us)
            break;
        add_choice(dive, frame, at);
        for (; place > frame->first; place--) { /* in order of answers */
            uint32_t *pair = &dive->choices[place - 1];

            if (ops[pair[0]].item->return_us <= ops[at].item->return_us)
                break;
            pair[1] = pair[0];
            pair[0] = at;
        }
    }
    dive->stamp++;
    for (at = config->first_optional; at != NOBODY; at = ops[at].next) {
        if (ops[at].item->call_us > until_us)
            break;
        if (dive->stamps[ops[at].kind] == dive->stamp)
            continue; /* rule 2 */
        dive->stamps[ops[at].kind] = dive->stamp;
        add_choice(dive, frame, at);
    }
}

/* ---- going on and going back ----------------------------------------------*/

static void note_order(struct dive *dive)
{
    const struct config *config = &dive->config;

    dive->is_deepest = false;
    dive->result.order_count = config->trail_count;
    for (uint32_t i = 0; i < config->trail_count; i++)
        dive->result.order[i] = config->trail[i].op;
}

/* Comes to a point, unless it was there before. */
static void enter(struct dive *dive, uint32_t trail, uint32_t optional,
                  const struct key_state *before)
{
    struct config *config = &dive->config;
    struct frame *frame;
    uint32_t start = config->trail_count;
    uint64_t until_us = run_deadline(config);

    take_idle(dive);
    if (run_forbids_idle(config, start, until_us)) {
        config_undo(config, trail);
        return;
    }
    if (config->trail_count > start)
        optional = NOBODY; /* it was of use to what was taken now */
    if (!visits_add(&dive->visits, hash_here(dive, optional, before))) {
        config_undo(config, trail);
        return;
    }
    if (dive->frame_count == dive->frame_room) {
        dive->frame_room *= 2;
        dive->frames = alloc_resize(dive->frames,
                                    dive->frame_room * sizeof(*dive->frames));
    }
    frame = &dive->frames[dive->frame_count];
    *frame = (struct frame){
        .trail = trail, .optional = optional, .before = *before};
    if (dive->frame_count > 0)
        frame->first = frame->next = frame->end = frame[-1].end;
    dive->frame_count++;
    list_choices(dive, frame);
    if (config->left < dive->left_least) {
        dive->left_least = config->left;
        dive->is_deepest = true;
    }
}

static void leave(struct dive *dive)
{
    const struct frame *frame = &dive->frames[dive->frame_count - 1];

    if (dive->is_deepest)
        note_order(dive);
    config_undo(&dive->config, frame->trail);
    dive->frame_count--;
}

/* Tries a choice of the topmost frame. */
static void try_choice(struct dive *dive, uint32_t choice)
{
    struct config *config = &dive->config;
    const struct frame *frame = &dive->frames[dive->frame_count - 1];
    const struct config_op *op = &config->ops[choice];
    uint32_t slot = config->slots[op->item->op->steps->key];
    struct key_state before = config->states[slot];
    uint32_t trail = config->trail_count;
    enum take take;

    if (frame->optional != NOBODY &&
        run_forbids(config, frame->optional, &frame->before, choice))
        return;
    if (ahead_forbids(config, choice)) /* rule 5 */
        return;
    take = config_take(config, choice, false);
    if (take == TAKE_NOT)
        return;
    if ((op->is_optional && (take == TAKE_SAME ||        /* rule 4 */
                             run_is_in_vain(config))) || /* rule 3 */
        needs_forbid(config)) {                          /* rule 6 */
        config_undo(config, trail);
        return;
    }
    if (config->optional_taken > dive->optional_max) {
        dive->is_cut = true;
        config_undo(config, trail);
        return;
    }
    enter(dive, trail, op->is_optional ? choice : NOBODY, &before);
}

/* ---- from outside ---------------------------------------------------------*/

void dive_go(struct dive *dive, uint64_t steps)
{
    struct search_result *result = &dive->result;
    uint64_t end = result->steps + steps;

    while (dive->config.left > 0 && dive->frame_count > 0) {
        struct frame *frame = &dive->frames[dive->frame_count - 1];

        if (result->steps >= end || dive->visits.count >= REMEMBERED_MAX)
            break;
        result->steps++;
        if (frame->next < frame->end)
            try_choice(dive, dive->choices[frame->next++]);
        else
            leave(dive);
    }
    if (dive->config.left == 0)
        result->verdict = LIN_GOOD;
    else if (dive->frame_count == 0 && !dive->is_cut)
        result->verdict = LIN_BAD;
    result->remembered = dive->visits.count;
    if (dive->is_deepest)
        note_order(dive);
}

struct dive *dive_new(const struct search_task *task, uint32_t optional_max)
{
    struct key_state nothing = {.value = VALUE_NONE};
    struct dive *dive = alloc_new(sizeof(*dive));

    *dive = (struct dive){.optional_max = optional_max,
                          .frame_room = 64,
                          .choice_room = 256,
                          .left_least = UINT32_MAX};
    dive->result.verdict = LIN_UNKNOWN;
    dive->result.order = alloc_new(task->count * sizeof(uint32_t) + 1);
    config_init(&dive->config, task);
    if (task->looks_ahead) {
        ahead_init(&dive->config);
        needs_init(&dive->config);
    }
    visits_init(&dive->visits);
    dive->frames = alloc_new(dive->frame_room * sizeof(*dive->frames));
    dive->choices = alloc_new(dive->choice_room * sizeof(*dive->choices));
    dive->stamps = alloc_new(task->count * sizeof(*dive->stamps) + 1);
    enter(dive, 0, NOBODY, &nothing);
    return dive;
}

struct search_result *dive_result(struct dive *dive)
{
    return &dive->result;
}

bool dive_is_over(const struct dive *dive)
{
    return dive->config.left == 0 || dive->frame_count == 0;
}

void dive_free(struct dive *dive)
{
    config_free(&dive->config);
    visits_free(&dive->visits);
    free(dive->result.order);
    free(dive->frames);
    free(dive->choices);
    free(dive->stamps);
    free(dive);
}
