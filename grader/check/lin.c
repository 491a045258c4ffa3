/*
 * lin.c - takes a history apart and has each part searched. See lin.h.
 *
 * Operations on different keys do not disturb each other, so a history is
 * linearizable if and only if its part for each key is (Herlihy and Wing, 1990:
 * linearizability is local). Keys that one operation touches together, by an
 * MGET or a MULTI, are one object; so keys are put into groups, and each group
 * is searched alone.
 */
#include "lin.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../net/alloc.h"
#include "lin_history.h"

#define SHOWN_BYTES 40 /* of a word in an explanation */

/* ---- text -----------------------------------------------------------------*/

void why_add(struct lin_text *text, const char *format, ...)
{
    va_list args;
    int len;

    va_start(args, format);
    len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (text->len + (size_t)len + 1 > text->room) {
        text->room = (text->len + (size_t)len + 32) * 2;
        text->bytes = alloc_resize(text->bytes, text->room);
    }
    va_start(args, format);
    vsnprintf(text->bytes + text->len, text->room - text->len, format, args);
    va_end(args);
    text->len += (size_t)len;
}

void why_word(struct lin_text *text, const char *bytes, size_t len)
{
    size_t shown = len > SHOWN_BYTES ? SHOWN_BYTES : len;
    bool is_plain = len > 0;

    for (size_t i = 0; i < shown; i++)
        is_plain = is_plain && isgraph((unsigned char)bytes[i]) &&
                   bytes[i] != '"' && bytes[i] != '\\';
    if (is_plain && shown == len) {
        why_add(text, "%.*s", (int)len, bytes);
        return;
    }
    why_add(text, "\"");
    for (size_t i = 0; i < shown; i++) {
        unsigned char c = (unsigned char)bytes[i];

        if (c == '"' || c == '\\')
            why_add(text, "\\%c", c);
        else if (isprint(c))
            why_add(text, "%c", c);
        else
            why_add(text, "\\x%02x", c);
    }
    why_add(text, shown < len ? "...\" (%zu bytes)" : "\"", len);
}

static char *tell(const struct lin_call *call)
{
    struct lin_text text = {.bytes = NULL};

    for (size_t i = 0; i < call->request_count; i++) {
        const struct lin_word *word = &call->request[i];
        why_add(&text, i == 0 ? "" : " ");
        why_word(&text, word->bytes, word->len_bytes);
    }
    if (call->return_us == LIN_NEVER)
        why_add(&text, " (no answer)");
    for (size_t i = 0; call->return_us != LIN_NEVER && i < call->answer_count;
         i++) {
        const struct lin_word *word = &call->answer[i];
        why_add(&text, i == 0 ? " => " : " ");
        if (word->kind == LIN_NIL)
            why_add(&text, "nil");
        else if (word->kind == LIN_ERROR)
            why_add(&text, "-%.*s", (int)word->len_bytes, word->bytes);
        else
            why_word(&text, word->bytes, word->len_bytes);
    }
    return text.bytes;
}

/* ---- the history ----------------------------------------------------------*/

struct lin *lin_new(void)
{
    struct lin *lin = alloc_new(sizeof(*lin));

    values_init(&lin->values);
    values_init(&lin->keys);
    return lin;
}

void lin_free(struct lin *lin)
{
    if (lin == NULL)
        return;
    for (uint32_t i = 0; i < lin->op_count; i++) {
        free(lin->ops[i].steps);
        free(lin->ops[i].text);
    }
    values_free(&lin->values);
    values_free(&lin->keys);
    free(lin->groups);
    free(lin->slots);
    free(lin->ops);
    free(lin->culprits);
    free(lin->why.bytes);
    free(lin);
}

uint32_t lin_key(struct lin *lin, const struct lin_word *word)
{
    uint32_t key = values_text(&lin->keys, word->bytes, word->len_bytes);

    if (key >= lin->key_room) {
        uint32_t room = key * 2 + 16;

        lin->groups = alloc_resize(lin->groups, room * sizeof(*lin->groups));
        lin->slots = alloc_resize(lin->slots, room * sizeof(*lin->slots));
        for (uint32_t i = lin->key_room; i < room; i++)
            lin->groups[i] = i;
        lin->key_room = room;
    }
    return key;
}

static uint32_t group_of(struct lin *lin, uint32_t key)
{
    while (lin->groups[key] != key) {
        lin->groups[key] = lin->groups[lin->groups[key]];
        key = lin->groups[key];
    }
    return key;
}

void lin_join(struct lin *lin, uint32_t a, uint32_t b)
{
    lin->groups[group_of(lin, a)] = group_of(lin, b);
}

int lin_add(struct lin *lin, const struct lin_call *call)
{
    struct lin_op op = {.client = call->client,
                        .call_us = call->call_us,
                        .return_us = call->return_us,
                        .number = lin->added};
    int status;

    for (size_t i = 0; i < call->request_count; i++)
        lin->bytes += call->request[i].len_bytes;
    for (size_t i = 0; i < call->answer_count; i++)
        lin->bytes += call->answer[i].len_bytes;
    if (lin->added >= LIN_MAX_OPS || lin->bytes > LIN_MAX_BYTES)
        return LIN_E_SIZE;
    if (call->call_us > call->return_us || call->call_us == LIN_NEVER)
        return LIN_E_TIME;
    status = words_read(lin, call, &op);
    if (status != 0) {
        free(op.steps);
        lin->added += status == WORDS_NOTHING ? 1 : 0;
        return status == WORDS_NOTHING ? 0 : status;
    }
    if (lin->op_count == lin->op_room) {
        lin->op_room = lin->op_room * 2 + 64;
        lin->ops = alloc_resize(lin->ops, lin->op_room * sizeof(*lin->ops));
    }
    op.text = tell(call);
    lin->ops[lin->op_count++] = op;
    lin->added++;
    return 0;
}

/* ---- checking -------------------------------------------------------------*/

void lin_search(struct lin *lin, const struct search_task *task,
                struct search_result *result)
{
    search_run(task, result);
    lin->steps += result->steps;
    lin->remembered += result->remembered;
}

/* An operation and the group that it belongs to. */
struct member {
    uint32_t group; /* of its keys */
    uint32_t op;    /* its place in lin->ops */
};

static int by_group(const void *a, const void *b)
{
    const struct member *x = a;
    const struct member *y = b;

    if (x->group != y->group)
        return x->group < y->group ? -1 : 1;
    return x->op < y->op ? -1 : x->op > y->op;
}

/* Numbers the keys of a group; returns how many it has. */
static uint32_t number_slots(struct lin *lin, const struct member *members,
                             uint32_t count)
{
    uint32_t slots = 0;

    for (uint32_t i = 0; i < count; i++) {
        const struct lin_op *op = &lin->ops[members[i].op];

        for (uint32_t s = 0; s < op->step_count; s++) {
            if (lin->slots[op->steps[s].key] == UINT32_MAX)
                lin->slots[op->steps[s].key] = slots++;
        }
    }
    return slots;
}

static enum lin_verdict check_group(struct lin *lin,
                                    const struct member *members,
                                    uint32_t count, uint64_t steps_max)
{
    struct search_item *items = alloc_new(count * sizeof(*items));
    struct search_task task = {
        .values = &lin->values,
        .slots = lin->slots,
        .slot_count = number_slots(lin, members, count),
        .items = items,
        .count = count,
        .steps_max = steps_max,
        .deepens = true,
        .looks_ahead = true,
    };
    struct search_result result;

    for (uint32_t i = 0; i < count; i++) {
        const struct lin_op *op = &lin->ops[members[i].op];
        items[i] = (struct search_item){op, op->call_us, op->return_us};
    }
    lin_search(lin, &task, &result);
    free(result.order);
    if (result.verdict == LIN_BAD)
        explain_bad(lin, &task);
    free(items);
    return result.verdict;
}

enum lin_verdict lin_check(struct lin *lin, uint64_t steps_max)
{
    struct member *members = alloc_new(lin->op_count * sizeof(*members) + 1);
    enum lin_verdict verdict = LIN_GOOD;
    uint32_t end;

    for (uint32_t i = 0; i < lin->key_room; i++)
        lin->slots[i] = UINT32_MAX;
    for (uint32_t i = 0; i < lin->op_count; i++)
        members[i] = (struct member){group_of(lin, lin->ops[i].steps[0].key),
                                     i};
    qsort(members, lin->op_count, sizeof(*members), by_group);
    for (uint32_t at = 0; at < lin->op_count && verdict != LIN_BAD; at = end) {
        enum lin_verdict found;

        for (end = at;
             end < lin->op_count && members[end].group == members[at].group;)
            end++;
        found = check_group(lin, &members[at], end - at, steps_max);
        if (found != LIN_GOOD)
            verdict = found;
    }
    if (verdict == LIN_UNKNOWN)
        why_add(&lin->why,
                "unknown: the search was given up after %llu steps\n",
                (unsigned long long)steps_max);
    free(members);
    return verdict;
}

const char *lin_explanation(const struct lin *lin)
{
    return lin->why.bytes == NULL ? "" : lin->why.bytes;
}

size_t lin_culprits(const struct lin *lin, const uint32_t **operations)
{
    *operations = lin->culprits;
    return lin->culprit_count;
}

uint32_t lin_count(const struct lin *lin)
{
    return lin->added;
}

void lin_effort(const struct lin *lin, uint64_t *steps, uint64_t *remembered)
{
    *steps = lin->steps;
    *remembered = lin->remembered;
}
