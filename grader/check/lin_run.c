/*
 * lin_run.c - whether optional operations are of use. See lin_run.h.
 */
#include "lin_run.h"

uint64_t run_deadline(const struct config *config)
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

static uint32_t key_of(const struct config_op *op)
{
    return op->item->op->steps->key;
}

static bool touches(const struct config_op *op, uint32_t key)
{
    for (uint32_t i = 0; i < op->item->op->step_count; i++) {
        if (op->item->op->steps[i].key == key)
            return true;
    }
    return false;
}

/* Whether an operation touches all keys of the run that ends before `end` of
 * the trail. What stands before an optional operation of several steps may be
 * of use to that. */
static bool touches_run(const struct config *config, uint32_t end,
                        const struct config_op *op)
{
    for (; end > 0; end--) {
        const struct config_op *w = &config->ops[config->trail[end - 1].op];

        if (!w->is_optional || !w->is_single)
            break;
        if (!touches(op, key_of(w)))
            return false;
    }
    return true;
}

static bool do_step(const struct config *config, uint32_t op,
                    const struct key_state *before, struct key_state *after)
{
    const struct config_op *it = &config->ops[op];

    return step_apply(config->values, it->item->op->steps, it->is_optional,
                      config->has_versions, before, after);
}

/* Of two operations of one key, whether w can be left out or come later. */
static bool is_useless(const struct config *config, uint32_t w,
                       const struct key_state *s, uint32_t x)
{
    bool may_come_later = !config->ops[x].is_optional || x < w;
    struct key_state sw, swx, sx, sxw;

    if (!do_step(config, w, s, &sw) || !do_step(config, x, &sw, &swx) ||
        !do_step(config, x, s, &sx))
        return false;
    if (state_covers(&sx, &swx))
        return true;
    return may_come_later && do_step(config, w, &sx, &sxw) &&
           state_covers(&sxw, &swx);
}

bool run_forbids(const struct config *config, uint32_t w,
                 const struct key_state *s, uint32_t x)
{
    const struct config_op *first = &config->ops[w];
    const struct config_op *second = &config->ops[x];

    if (!second->is_optional &&
        !touches_run(config, config->trail_count, second))
        return true;
    if (!first->is_single || !second->is_single)
        return false;
    if (key_of(first) != key_of(second))
        return key_of(second) < key_of(first);
    return is_useless(config, w, s, x);
}

/* Whether the run ends with operations on this key, or has some. */
static bool is_in_run(const struct config *config, uint32_t key)
{
    for (uint32_t end = config->trail_count; end > 0; end--) {
        const struct config_op *op = &config->ops[config->trail[end - 1].op];

        if (!op->is_optional)
            break;
        if (key_of(op) == key)
            return true;
    }
    return false;
}

/* Whether after an operation of a run, and more of it if need be, its key can
 * be answered as it was by a step that was not so before. */
static bool may_lead_to(const struct values *values,
                        const struct key_state *before,
                        const struct key_state *state, const struct step *step)
{
    bool is_there = state->value != VALUE_NONE;
    uint64_t version = (uint64_t)step->number;

    switch (step->kind) {
    case STEP_SET:
        return false;
    case STEP_GET:
    case STEP_GETM:
        return values_begin(values, step->seen_value, state->value);
    case STEP_APPEND:
        return step->seen_number < 0 ||
               values->all[state->value].len_bytes +
                       values->all[step->value].len_bytes <=
                   (uint64_t)step->seen_number;
    case STEP_DEL:
        return !is_there || before->value == VALUE_NONE;
    case STEP_CAS:
        if (step->seen_number == 0)
            return before->is_known && before->version == version;
        return state->version <= version &&
               (!is_there || before->value == VALUE_NONE || before->is_known ||
                before->holes != VALUE_NONE);
    case STEP_CASV:
        return step->seen_number == 0 ||
               values_begin(values, step->expected, state->value);
    default:
        return true;
    }
}

/* Whether an operation may end the run. */
static bool may_end_run(const struct config *config, const struct config_op *op)
{
    const struct taken *last = &config->trail[config->trail_count - 1];
    const struct key_state *before = &config->undos[last->undo_count].before;
    uint32_t key = key_of(&config->ops[last->op]);

    if (!touches(op, key) || !touches_run(config, config->trail_count, op))
        return false;
    if (!op->is_single && !op->only_looks)
        return true;
    for (uint32_t i = 0; i < op->item->op->step_count; i++) {
        const struct step *step = &op->item->op->steps[i];
        const struct key_state *state =
            &config->states[config->slots[step->key]];

        if (step->key == key) {
            if (!may_lead_to(config->values, before, state, step))
                return false;
        } else if ((step->kind == STEP_GET || step->kind == STEP_GETM) &&
                   step->seen_value != state->value &&
                   is_in_run(config, step->key)) {
            return false;
        }
    }
    return true;
}

/* Whether an optional operation may put another value in place of that of a
 * key in a run, or of what APPENDs make of it. */
static bool may_replace(const struct config *config, uint32_t key,
                        const struct step *step)
{
    const struct key_state *state = &config->states[config->slots[key]];

    if (step->key != key)
        return false;
    switch (step->kind) {
    case STEP_CAS:
        return (uint64_t)step->number >= state->version;
    case STEP_CASV:
        return values_begin(config->values, step->expected, state->value);
    case STEP_INCRBY:
        return true;
    default: /* SET and DEL could only stand at the run's begin: rule 3 */
        return false;
    }
}

bool run_is_in_vain(const struct config *config)
{
    const struct config_op *ops = config->ops;
    uint32_t key = key_of(&ops[config->trail[config->trail_count - 1].op]);
    uint64_t until_us = run_deadline(config);
    uint32_t at;

    if (config->has_optional_multi)
        return false;
    for (at = config->first; at != NOBODY; at = ops[at].next) {
        if (ops[at].item->call_us > until_us)
            break;
        if (may_end_run(config, &ops[at]))
            return false;
    }
    for (at = config->first_optional; at != NOBODY; at = ops[at].next) {
        if (ops[at].item->call_us > until_us)
            break;
        if (may_replace(config, key, ops[at].item->op->steps))
            return false;
    }
    return true;
}

bool run_forbids_idle(const struct config *config, uint32_t start,
                      uint64_t until_us)
{
    for (uint32_t i = start; i < config->trail_count; i++) {
        const struct config_op *op = &config->ops[config->trail[i].op];

        if (op->item->call_us <= until_us && !touches_run(config, start, op))
            return true;
    }
    return false;
}

uint64_t run_keys(const struct config *config)
{
    uint64_t keys = 0;
    uint32_t last = NOBODY;

    for (uint32_t end = config->trail_count; end > 0; end--) {
        const struct config_op *op = &config->ops[config->trail[end - 1].op];

        if (!op->is_optional || !op->is_single)
            break;
        if (key_of(op) != last)
            keys = (keys ^ key_of(op)) * UINT64_C(0x9e3779b97f4a7c15);
        last = key_of(op);
    }
    return keys;
}
