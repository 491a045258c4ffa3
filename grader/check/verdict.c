/*
 * verdict.c - see verdict.h.
 */
#include "verdict.h"

#include <stdio.h>
#include <string.h>

/* Whether this has not been reported before; it then counts as reported. */
static bool is_news(struct verdicts *verdicts, const char *rule, int node,
                    uint64_t key)
{
    size_t count = verdicts->reported_count;

    for (size_t i = 0; i < count; i++)
        if (verdicts->reported[i].rule == rule &&
            verdicts->reported[i].node == node &&
            verdicts->reported[i].key == key)
            return false;
    if (count == VERDICTS_MAX || verdicts->found_count == VERDICTS_WAITING)
        return false;
    verdicts->reported[count].rule = rule;
    verdicts->reported[count].node = node;
    verdicts->reported[count].key = key;
    verdicts->reported_count++;
    return true;
}

struct violation *verdict_vexpected(struct verdicts *verdicts, uint64_t time_us,
                                    int node, const char *rule, uint64_t key,
                                    const char *expected, va_list args)
{
    struct violation *violation;

    if (!is_news(verdicts, rule, node, key))
        return NULL;
    violation = &verdicts->found[verdicts->found_count++];
    *violation = (struct violation){
        .time_us = time_us, .node = node, .rule = rule};
    vsnprintf(violation->expected, VIOLATION_MAX_TEXT, expected, args);
    return violation;
}

struct violation *verdict_expected(struct verdicts *verdicts, uint64_t time_us,
                                   int node, const char *rule, uint64_t key,
                                   const char *expected, ...)
{
    struct violation *violation;
    va_list args;

    va_start(args, expected);
    violation = verdict_vexpected(verdicts, time_us, node, rule, key, expected,
                                  args);
    va_end(args);
    return violation;
}

void verdict_observed(struct violation *violation, const char *text, ...)
{
    va_list args;

    if (violation == NULL)
        return;
    va_start(args, text);
    vsnprintf(violation->observed, VIOLATION_MAX_TEXT, text, args);
    va_end(args);
}

bool verdict_take(struct verdicts *verdicts, struct violation *violation)
{
    if (verdicts->found_count == 0)
        return false;
    *violation = verdicts->found[0];
    verdicts->found_count--;
    memmove(verdicts->found, verdicts->found + 1,
            verdicts->found_count * sizeof(verdicts->found[0]));
    return true;
}
