/*
 * lin_config.c - taking operations and undoing it. See lin_config.h.
 */
#include "lin_config.h"

#include <stdlib.h>
#include <string.h>

#include "../net/alloc.h"
#include "lin_needs.h"

static uint64_t mix(uint64_t x)
{
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

static struct hash hash_of(uint64_t x, uint64_t y)
{
    uint64_t a = mix(x + UINT64_C(0x9e3779b97f4a7c15));
    uint64_t b = mix(x ^ UINT64_C(0xd1b54a32d192ed03));

    return (struct hash){mix(a ^ y), mix(b + y)};
}

struct hash config_hash_state(uint32_t slot, const struct key_state *state)
{
    uint64_t place = (uint64_t)slot << 32 | state->value;
    uint64_t version = state->version << 1 | (state->is_known ? 1 : 0);

    return hash_of(place, mix(version) + state->holes);
}

static void toggle(struct config *config, struct hash hash)
{
    config->hash.a ^= hash.a;
    config->hash.b ^= hash.b;
}

/* ---- the lists ------------------------------------------------------------*/

static uint32_t *head_of(struct config *config, const struct config_op *op)
{
    return op->is_optional ? &config->first_optional : &config->first;
}

static void unlink_op(struct config *config, uint32_t place)
{
    struct config_op *op = &config->ops[place];

    if (op->previous == NOBODY)
        *head_of(config, op) = op->next;
    else
        config->ops[op->previous].next = op->next;
    if (op->next != NOBODY)
        config->ops[op->next].previous = op->previous;
}

/* Only in the reverse order of unlink_op: its neighbours are then the same. */
static void relink_op(struct config *config, uint32_t place)
{
    struct config_op *op = &config->ops[place];

    if (op->previous == NOBODY)
        *head_of(config, op) = place;
    else
        config->ops[op->previous].next = place;
    if (op->next != NOBODY)
        config->ops[op->next].previous = place;
}

static void link_all(struct config *config)
{
    uint32_t last[2] = {NOBODY, NOBODY};

    config->first = config->first_optional = NOBODY;
    for (uint32_t i = 0; i < config->count; i++) {
        struct config_op *op = &config->ops[i];
        uint32_t *tail = &last[op->is_optional ? 1 : 0];

        op->previous = *tail;
        op->next = NOBODY;
        if (*tail == NOBODY)
            *head_of(config, op) = i;
        else
            config->ops[*tail].next = i;
        *tail = i;
        if (!op->is_optional)
            config->left++;
    }
}

/* ---- kinds ----------------------------------------------------------------*/

static bool same_effect(const struct config_op *a, const struct config_op *b)
{
    const struct step *x = a->item->op->steps;
    const struct step *y = b->item->op->steps;

    return a->is_single && b->is_single && x->kind == y->kind &&
           x->key == y->key && x->value == y->value &&
           x->expected == y->expected && x->number == y->number;
}

/* Numbers optional operations by what they do. */
static void number_kinds(struct config *config)
{
    uint32_t size = 16;
    uint32_t *table;

    while (size < config->count * 2)
        size *= 2;
    table = alloc_new(size * sizeof(*table)); /* op + 1; 0: empty */
    for (uint32_t i = 0; i < config->count; i++) {
        struct config_op *op = &config->ops[i];
        const struct step *step = op->item->op->steps;
        uint64_t at;

        op->kind = i;
        if (!op->is_optional)
            continue;
        at = hash_of((uint64_t)step->key << 32 | step->value,
                     (uint64_t)step->number * 16 + (uint64_t)step->kind)
                 .a;
        for (;; at++) {
            uint32_t *slot = &table[at & (size - 1)];

            if (*slot == 0)
                *slot = i + 1;
            if (*slot == i + 1)
                break;
            if (same_effect(&config->ops[*slot - 1], op)) {
                op->kind = config->ops[*slot - 1].kind;
                break;
            }
        }
    }
    free(table);
}

/* ---- life -----------------------------------------------------------------*/

static bool tells_version(const struct config_op *op)
{
    for (uint32_t i = 0; i < op->item->op->step_count; i++) {
        const struct step *step = &op->item->op->steps[i];

        if (step->kind == STEP_CAS ||
            (!op->is_optional && step->seen_version != 0))
            return true;
    }
    return false;
}

static bool only_looks(const struct lin_op *op)
{
    for (uint32_t i = 0; i < op->step_count; i++) {
        if (!step_only_looks(&op->steps[i]))
            return false;
    }
    return true;
}

void config_init(struct config *config, const struct search_task *task)
{
    uint32_t count = task->count;

    *config = (struct config){.values = task->values,
                              .slots = task->slots,
                              .slot_count = task->slot_count,
                              .count = count};
    config->states = alloc_new(task->slot_count * sizeof(*config->states) + 1);
    config->is_growing = alloc_new(task->slot_count * sizeof(bool) + 1);
    config->ops = alloc_new(count * sizeof(*config->ops) + 1);
    config->trail = alloc_new(count * sizeof(*config->trail) + 1);
    for (uint32_t i = 0; i < count; i++) {
        struct config_op *op = &config->ops[i];
        const struct search_item *item = &task->items[i];

        op->item = item;
        op->hash = hash_of(i, UINT64_C(0x5eed));
        op->is_optional = item->return_us == LIN_NEVER;
        op->is_single = item->op->step_count == 1;
        op->only_looks = !op->is_optional && only_looks(item->op);
        config->has_optional_multi |= op->is_optional && !op->is_single;
        config->has_versions = config->has_versions || tells_version(op);
    }
    for (uint32_t i = 0; i < config->slot_count; i++)
        toggle(config, config_hash_state(i, &config->states[i]));
    link_all(config);
    number_kinds(config);
}

void config_free(struct config *config)
{
    free(config->states);
    free(config->is_growing);
    free(config->ops);
    free(config->trail);
    free(config->undos);
    needs_free(config);
}

/* ---- taking ---------------------------------------------------------------*/

static void set_state(struct config *config, uint32_t slot,
                      const struct key_state *state)
{
    toggle(config, config_hash_state(slot, &config->states[slot]));
    config->states[slot] = *state;
    toggle(config, config_hash_state(slot, state));
}

static void change_state(struct config *config, uint32_t slot,
                         const struct key_state *state)
{
    if (config->undo_count == config->undo_room) {
        config->undo_room = config->undo_room * 2 + 64;
        config->undos = alloc_resize(config->undos, config->undo_room *
                                                        sizeof(*config->undos));
    }
    config->undos[config->undo_count++] = (struct undo){slot,
                                                        config->states[slot]};
    set_state(config, slot, state);
}

static void undo_states(struct config *config, uint32_t undo_count)
{
    while (config->undo_count > undo_count) {
        const struct undo *undo = &config->undos[--config->undo_count];
        set_state(config, undo->slot, &undo->before);
    }
}

enum take config_take(struct config *config, uint32_t place, bool only_same)
{
    struct config_op *op = &config->ops[place];
    uint32_t undo_count = config->undo_count;

    for (uint32_t i = 0; i < op->item->op->step_count; i++) {
        const struct step *step = &op->item->op->steps[i];
        uint32_t slot = config->slots[step->key];
        const struct key_state *state = &config->states[slot];
        struct key_state after;
        bool fits = step_apply(config->values, step, op->is_optional,
                               config->has_versions, state, &after);

        if (fits && state_equal(state, &after))
            continue;
        if (!fits || only_same) {
            undo_states(config, undo_count);
            return TAKE_NOT;
        }
        change_state(config, slot, &after);
    }
    unlink_op(config, place);
    toggle(config, op->hash);
    if (op->is_optional)
        config->optional_taken++;
    else
        config->left--;
    config->trail[config->trail_count++] = (struct taken){place, undo_count};
    needs_take(config, place);
    return config->undo_count == undo_count ? TAKE_SAME : TAKE_CHANGED;
}

void config_undo(struct config *config, uint32_t trail_count)
{
    while (config->trail_count > trail_count) {
        const struct taken *taken = &config->trail[--config->trail_count];
        struct config_op *op = &config->ops[taken->op];

        undo_states(config, taken->undo_count);
        toggle(config, op->hash);
        relink_op(config, taken->op);
        needs_undo(config, taken->op);
        if (op->is_optional)
            config->optional_taken--;
        else
            config->left++;
    }
}
