/*
 * lin_ahead.c - what reads to come say about appends. See lin_ahead.h.
 */
#include "lin_ahead.h"

#include <string.h>

#define LOOKED_AT 1000 /* operations not taken that are asked */

void ahead_init(struct config *config)
{
    for (uint32_t i = 0; i < config->slot_count; i++)
        config->is_growing[i] = true;
    for (uint32_t i = 0; i < config->count; i++) {
        const struct lin_op *op = config->ops[i].item->op;

        for (uint32_t s = 0; s < op->step_count; s++) {
            enum step_kind kind = op->steps[s].kind;
            if (kind != STEP_APPEND && kind != STEP_GET && kind != STEP_GETM &&
                kind != STEP_EXISTS)
                config->is_growing[config->slots[op->steps[s].key]] = false;
        }
    }
}

/* Whether the string has these bytes at this place. */
static bool has_at(const struct value *string, uint64_t at,
                   const struct value *bytes)
{
    return at + bytes->len_bytes <= string->len_bytes &&
           memcmp(string->bytes + at, bytes->bytes, bytes->len_bytes) == 0;
}

bool ahead_forbids(const struct config *config, uint32_t place)
{
    const struct step *step = config->ops[place].item->op->steps;
    const struct value *all = config->values->all;
    uint32_t slot = config->slots[step->key];
    uint32_t now = config->states[slot].value;
    uint32_t at = config->first;

    if (!config->ops[place].is_single || step->kind != STEP_APPEND ||
        !config->is_growing[slot])
        return false;
    for (int i = 0; i < LOOKED_AT && at != NOBODY; i++) {
        const struct config_op *op = &config->ops[at];
        const struct step *read = op->item->op->steps;
        const struct value *seen = &all[read->seen_value];

        at = op->next;
        if (!op->is_single || read->key != step->key ||
            (read->kind != STEP_GET && read->kind != STEP_GETM))
            continue;
        if (read->seen_value == VALUE_NONE)
            return true;
        if (seen->bytes == NULL)
            continue; /* made by an append too: its bytes are not at hand */
        return !has_at(seen, now == VALUE_NONE ? 0 : all[now].len_bytes,
                       &all[step->value]);
    }
    return false;
}
