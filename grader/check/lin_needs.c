/*
 * lin_needs.c - counting who needs a value and who can make it. See
 * lin_needs.h. Needs are numbered; each operation has a list of uses: the needs
 * that it has itself, and those that it can meet.
 */
#include "lin_needs.h"

#include <stdlib.h>
#include <string.h>

#include "../net/alloc.h"

#define MAKERS_MAX 16      /* APPENDs noted for one value */
#define LOOKS_MAX  1000000 /* an APPEND's bytes beside a need's, in all */

struct use {
    uint32_t op;   /* whose */
    uint32_t need; /* which */
    bool is_maker; /* it can meet it; else it has it */
};

/* A value of a key that answers tell. */
struct need {
    uint32_t slot;    /* the key */
    uint32_t value;   /* the value, or VALUE_NONE */
    uint32_t readers; /* not taken, whose answers tell it */
    uint32_t makers;  /* not taken, who may write it */
    bool is_open;     /* who may write it has not been noted */
};

struct needs {
    struct need *all;    /* by number */
    uint32_t count;      /* of them */
    uint32_t room;       /* that fit */
    uint32_t *table;     /* hash index: number + 1; 0 is empty */
    uint32_t table_size; /* a power of two */
    struct use *uses;    /* by operation */
    uint32_t use_count;  /* of them */
    uint32_t use_room;   /* that fit */
    uint32_t *starts;    /* by operation: its first use; one more at the end */
};

/* ---- noting ---------------------------------------------------------------*/

static uint32_t *place_of(const struct needs *needs, uint32_t slot,
                          uint32_t value)
{
    uint64_t at = ((uint64_t)slot << 32 | value) * UINT64_C(0x9e3779b97f4a7c15);

    for (at >>= 20;; at++) {
        uint32_t *place = &needs->table[at & (needs->table_size - 1)];

        if (*place == 0 || (needs->all[*place - 1].slot == slot &&
                            needs->all[*place - 1].value == value))
            return place;
    }
}

static struct need *find(const struct needs *needs, uint32_t slot,
                         uint32_t value)
{
    uint32_t place = *place_of(needs, slot, value);

    return place == 0 ? NULL : &needs->all[place - 1];
}

static void add_use(struct needs *needs, uint32_t op, uint32_t need,
                    bool is_maker)
{
    if (needs->use_count == needs->use_room) {
        needs->use_room = needs->use_room * 2 + 64;
        needs->uses = alloc_resize(needs->uses,
                                   needs->use_room * sizeof(*needs->uses));
    }
    needs->uses[needs->use_count++] = (struct use){op, need, is_maker};
}

/* An answer tells that a key had this value. */
static void add_reader(struct needs *needs, uint32_t op, uint32_t slot,
                       uint32_t value)
{
    uint32_t *place = place_of(needs, slot, value);

    if (*place == 0) {
        if (needs->count == needs->room) {
            needs->room = needs->room * 2 + 64;
            needs->all = alloc_resize(needs->all,
                                      needs->room * sizeof(*needs->all));
        }
        needs->all[needs->count++] = (struct need){.slot = slot,
                                                   .value = value};
        *place = needs->count;
    }
    needs->all[*place - 1].readers++;
    add_use(needs, op, *place - 1, false);
}

static void add_maker(struct needs *needs, uint32_t op, struct need *need)
{
    need->makers++;
    add_use(needs, op, (uint32_t)(need - needs->all), true);
}

/* What the answer to a step tells of its key before. */
static void note_answer(struct needs *needs, uint32_t op, uint32_t slot,
                        const struct step *step)
{
    if (step->kind == STEP_GET || step->kind == STEP_GETM)
        add_reader(needs, op, slot, step->seen_value);
    else if (step->kind == STEP_CASV && step->seen_number != 0)
        add_reader(needs, op, slot, step->expected);
}

static void note_answers(struct config *config, uint32_t place)
{
    const struct config_op *op = &config->ops[place];

    /* In a MULTI that writes, a step may read what an earlier one wrote. */
    if (op->is_optional || (!op->is_single && !op->only_looks))
        return;
    for (uint32_t i = 0; i < op->item->op->step_count; i++) {
        const struct step *step = &op->item->op->steps[i];
        uint32_t slot = config->slots[step->key];

        if (!config->is_growing[slot])
            note_answer(config->needs, place, slot, step);
    }
}

/* Whether a value may end with what an APPEND writes. */
static bool may_end_with(const struct values *values, uint32_t whole,
                         uint32_t end)
{
    const struct value *string = &values->all[whole];
    const struct value *bytes = &values->all[end];

    if (whole == VALUE_NONE || bytes->len_bytes > string->len_bytes)
        return false;
    if (string->bytes == NULL || bytes->bytes == NULL)
        return true;
    return memcmp(string->bytes + string->len_bytes - bytes->len_bytes,
                  bytes->bytes, bytes->len_bytes) == 0;
}

/* Notes an APPEND or an INCRBY, which make a value of another. */
static void note_change(struct config *config, uint32_t op, uint32_t slot,
                        const struct step *step)
{
    struct needs *needs = config->needs;

    for (uint32_t i = 0; i < needs->count; i++) {
        struct need *need = &needs->all[i];
        const struct value *value = &config->values->all[need->value];

        if (need->slot != slot || need->is_open)
            continue;
        if (step->kind == STEP_INCRBY)
            need->is_open = value->is_integer;
        else if (!may_end_with(config->values, need->value, step->value))
            continue;
        else if (need->makers < MAKERS_MAX)
            add_maker(needs, op, need);
        else
            need->is_open = true;
    }
}

static void note_step(struct config *config, uint32_t op, uint32_t slot,
                      const struct step *step)
{
    struct need *need;

    if (!config->ops[op].is_optional && step_only_looks(step))
        return;
    switch (step->kind) {
    case STEP_SET:
    case STEP_CAS:
    case STEP_CASV:
    case STEP_DEL:
        need = find(config->needs, slot,
                    step->kind == STEP_DEL ? VALUE_NONE : step->value);
        if (need != NULL)
            add_maker(config->needs, op, need);
        break;
    case STEP_APPEND:
    case STEP_INCRBY:
        note_change(config, op, slot, step);
        break;
    default:
        break;
    }
}

/* ---- in order -------------------------------------------------------------*/

static int by_op(const void *a, const void *b)
{
    const struct use *x = a;
    const struct use *y = b;

    return x->op < y->op ? -1 : x->op > y->op;
}

static void sort_uses(struct needs *needs, uint32_t op_count)
{
    uint32_t at = 0;

    if (needs->use_count > 0)
        qsort(needs->uses, needs->use_count, sizeof(*needs->uses), by_op);
    for (uint32_t op = 0; op <= op_count; op++) {
        while (at < needs->use_count && needs->uses[at].op < op)
            at++;
        needs->starts[op] = at;
    }
}

/* How many steps make a value of another. */
static uint32_t count_changes(const struct config *config)
{
    uint32_t changes = 0;

    for (uint32_t i = 0; i < config->count; i++) {
        const struct lin_op *op = config->ops[i].item->op;

        for (uint32_t s = 0; s < op->step_count; s++)
            changes += op->steps[s].kind == STEP_APPEND ||
                       op->steps[s].kind == STEP_INCRBY;
    }
    return changes;
}

void needs_init(struct config *config)
{
    struct needs *needs = alloc_new(sizeof(*needs));
    uint32_t steps = 0;

    config->needs = needs;
    for (uint32_t i = 0; i < config->count; i++)
        steps += config->ops[i].item->op->step_count;
    for (needs->table_size = 16; needs->table_size < steps * 2;)
        needs->table_size *= 2;
    needs->table = alloc_new(needs->table_size * sizeof(*needs->table));
    needs->starts = alloc_new((config->count + 1) * sizeof(*needs->starts));
    for (uint32_t i = 0; i < config->count; i++)
        note_answers(config, i);
    if ((uint64_t)count_changes(config) * needs->count > LOOKS_MAX) {
        needs_free(config); /* it would take longer than it may spare */
        return;
    }
    for (uint32_t i = 0; i < config->count; i++) {
        const struct lin_op *op = config->ops[i].item->op;

        for (uint32_t s = 0; s < op->step_count; s++)
            note_step(config, i, config->slots[op->steps[s].key],
                      &op->steps[s]);
    }
    sort_uses(needs, config->count);
}

void needs_free(struct config *config)
{
    struct needs *needs = config->needs;

    if (needs == NULL)
        return;
    free(needs->all);
    free(needs->table);
    free(needs->uses);
    free(needs->starts);
    free(needs);
    config->needs = NULL;
}

/* ---- taking ---------------------------------------------------------------*/

/* Counts an operation's uses, or does not count them any more. */
static void count(struct needs *needs, uint32_t op, uint32_t change)
{
    for (uint32_t i = needs->starts[op]; i < needs->starts[op + 1]; i++) {
        const struct use *use = &needs->uses[i];
        struct need *need = &needs->all[use->need];

        *(use->is_maker ? &need->makers : &need->readers) += change;
    }
}

void needs_take(struct config *config, uint32_t op)
{
    if (config->needs != NULL)
        count(config->needs, op, UINT32_MAX); /* that is -1 */
}

void needs_undo(struct config *config, uint32_t op)
{
    if (config->needs != NULL)
        count(config->needs, op, 1);
}

static bool is_lost(const struct config *config, const struct need *need)
{
    return need->readers > 0 && need->makers == 0 && !need->is_open &&
           config->states[need->slot].value != need->value;
}

bool needs_forbid(const struct config *config)
{
    const struct needs *needs = config->needs;
    const struct taken *last = &config->trail[config->trail_count - 1];

    if (needs == NULL)
        return false;
    for (uint32_t i = last->undo_count; i < config->undo_count; i++) {
        const struct undo *undo = &config->undos[i];
        const struct need *need = find(needs, undo->slot, undo->before.value);

        if (need != NULL && is_lost(config, need))
            return true;
    }
    for (uint32_t i = needs->starts[last->op]; i < needs->starts[last->op + 1];
         i++) {
        const struct use *use = &needs->uses[i];

        if (use->is_maker && is_lost(config, &needs->all[use->need]))
            return true;
    }
    return false;
}
