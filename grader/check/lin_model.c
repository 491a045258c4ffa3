/*
 * lin_model.c - the steps, one by one. See lin_model.h.
 */
#include "lin_model.h"

#include <stdlib.h>
#include <string.h>

#include "../net/alloc.h"

/* ---- versions -------------------------------------------------------------*/

static bool is_hole(const struct values *values, const struct key_state *state,
                    uint64_t version)
{
    const struct value *holes = &values->all[state->holes];
    uint64_t hole;

    if (state->holes == VALUE_NONE)
        return false;
    for (uint64_t at = 0; at < holes->len_bytes; at += sizeof(hole)) {
        memcpy(&hole, holes->bytes + at, sizeof(hole));
        if (hole == version)
            return true;
    }
    return false;
}

static bool may_have_version(const struct values *values,
                             const struct key_state *state, uint64_t version)
{
    if (state->is_known)
        return version == state->version;
    return version >= state->version && !is_hole(values, state, version);
}

/* The state has this version, as it turned out. */
static void fix_version(struct key_state *state, uint64_t version)
{
    state->version = version;
    state->is_known = true;
    state->holes = VALUE_NONE;
}

/* The state does not have this version, though it might have had. */
static void rule_out(struct values *values, struct key_state *state,
                     uint64_t version)
{
    uint64_t len = state->holes == VALUE_NONE
                       ? 0
                       : values->all[state->holes].len_bytes;
    char *bytes = alloc_new(len + sizeof(version));
    uint64_t at = 0; /* they are kept in order: equal sets, equal strings */
    uint64_t hole;

    if (len > 0)
        memcpy(bytes, values->all[state->holes].bytes, len);
    for (; at < len; at += sizeof(hole)) {
        memcpy(&hole, bytes + at, sizeof(hole));
        if (hole > version)
            break;
    }
    memmove(bytes + at + sizeof(version), bytes + at, len - at);
    memcpy(bytes + at, &version, sizeof(version));
    state->holes = values_text(values, bytes, len + sizeof(version));
    free(bytes);
}

/* ---- writes ---------------------------------------------------------------*/

/* The key's next value. False if the version told is not above the last. */
static bool write_value(struct key_state *state, uint32_t value,
                        uint64_t seen_version, bool has_versions)
{
    state->value = value;
    if (!has_versions)
        return true;
    state->version++;
    state->is_known = false;
    state->holes = VALUE_NONE;
    if (seen_version == 0)
        return true;
    if (seen_version < state->version)
        return false;
    fix_version(state, seen_version);
    return true;
}

static bool apply_cas(struct values *values, const struct step *step,
                      bool is_optional, struct key_state *state)
{
    uint64_t version = (uint64_t)step->number;
    bool may_match = state->value != VALUE_NONE &&
                     may_have_version(values, state, version);

    if (is_optional ? may_match : step->seen_number != 0) {
        if (!may_match)
            return false;
        fix_version(state, version);
        return write_value(state, step->value,
                           is_optional ? 0 : step->seen_version, true);
    }
    if (is_optional || !may_match)
        return true;
    if (state->is_known)
        return false;
    rule_out(values, state, version);
    return true;
}

static bool apply_incrby(struct values *values, const struct step *step,
                         bool is_optional, bool has_versions,
                         struct key_state *state)
{
    const struct value *old = &values->all[state->value];
    int64_t sum = 0;
    bool is_sum = true;
    uint32_t value;

    if (state->value != VALUE_NONE) {
        is_sum = old->is_integer;
        sum = old->integer;
    }
    is_sum = is_sum && !__builtin_add_overflow(sum, step->number, &sum);
    if (!is_sum || (!is_optional && step->is_refused))
        return is_optional || (!is_sum && step->is_refused);
    value = values_integer(values, sum);
    if (!is_optional && value != step->seen_value)
        return false;
    return write_value(state, value, is_optional ? 0 : step->seen_version,
                       has_versions);
}

static bool apply_append(struct values *values, const struct step *step,
                         bool is_optional, bool has_versions,
                         struct key_state *state)
{
    uint32_t value = state->value == VALUE_NONE
                         ? step->value
                         : values_join(values, state->value, step->value);

    if (!is_optional && step->seen_number >= 0 &&
        (uint64_t)step->seen_number != values->all[value].len_bytes)
        return false;
    return write_value(state, value, is_optional ? 0 : step->seen_version,
                       has_versions);
}

static bool apply_getm(struct values *values, const struct step *step,
                       struct key_state *state)
{
    if (state->value != step->seen_value)
        return false;
    if (state->value == VALUE_NONE)
        return true;
    if (!may_have_version(values, state, step->seen_version))
        return false;
    fix_version(state, step->seen_version);
    return true;
}

bool step_apply(struct values *values, const struct step *step,
                bool is_optional, bool has_versions,
                const struct key_state *before, struct key_state *after)
{
    bool is_there = before->value != VALUE_NONE;
    bool is_answer = is_optional || (step->seen_number != 0) == is_there;
    uint64_t told = is_optional ? 0 : step->seen_version;

    *after = *before;
    switch (step->kind) {
    case STEP_GET:
        return is_optional || before->value == step->seen_value;
    case STEP_GETM:
        return is_optional || apply_getm(values, step, after);
    case STEP_EXISTS:
        return is_answer;
    case STEP_SET:
        return write_value(after, step->value, told, has_versions);
    case STEP_DEL:
        if (is_there)
            write_value(after, VALUE_NONE, 0, has_versions);
        return is_answer;
    case STEP_INCRBY:
        return apply_incrby(values, step, is_optional, has_versions, after);
    case STEP_APPEND:
        return apply_append(values, step, is_optional, has_versions, after);
    case STEP_CAS:
        return apply_cas(values, step, is_optional, after);
    case STEP_CASV:
        if (before->value == step->expected)
            write_value(after, step->value, 0, has_versions);
        return is_optional ||
               (step->seen_number != 0) == (before->value == step->expected);
    }
    return false;
}

bool step_only_looks(const struct step *step)
{
    switch (step->kind) {
    case STEP_GET:
    case STEP_GETM:
    case STEP_EXISTS:
        return true;
    case STEP_DEL:
    case STEP_CAS:
    case STEP_CASV:
        return step->seen_number == 0;
    case STEP_INCRBY:
        return step->is_refused;
    default:
        return false;
    }
}

bool state_equal(const struct key_state *a, const struct key_state *b)
{
    return a->value == b->value && a->version == b->version &&
           a->is_known == b->is_known && a->holes == b->holes;
}

bool state_covers(const struct key_state *a, const struct key_state *b)
{
    return state_equal(a, b) ||
           (a->value == b->value && !a->is_known && a->holes == VALUE_NONE &&
            b->version >= a->version);
}
