/*
 * verdict.h - violations that were found and not yet taken out, each rule at
 * most once for the same node and key.
 */
#ifndef CONCLAVE_VERDICT_H
#define CONCLAVE_VERDICT_H

#include <stdarg.h>

#include "election.h"

#define VERDICTS_WAITING 8  /* found and not yet taken out */
#define VERDICTS_MAX     64 /* of one checker; more would repeat them */

struct verdicts {
    struct violation found[VERDICTS_WAITING]; /* not yet taken out */
    size_t found_count;                       /* how many */
    struct {
        const char *rule;     /* which */
        int node;             /* whose */
        uint64_t key;         /* what it was about: a term, an index */
    } reported[VERDICTS_MAX]; /* all so far */
    size_t reported_count;    /* how many */
};

/*
 * Begins a report, with what was expected. NULL if it would repeat one; the
 * other functions then do nothing.
 */
__attribute__((format(printf, 6, 7))) struct violation *verdict_expected(
    struct verdicts *verdicts, uint64_t time_us, int node, const char *rule,
    uint64_t key, const char *expected, ...);

/* The same for a function that was itself given what follows the format. */
__attribute__((format(printf, 6, 0))) struct violation *verdict_vexpected(
    struct verdicts *verdicts, uint64_t time_us, int node, const char *rule,
    uint64_t key, const char *expected, va_list args);

/* Ends it, with what was seen. */
__attribute__((format(printf, 2, 3))) void verdict_observed(
    struct violation *violation, const char *text, ...);

/* Takes one out. */
bool verdict_take(struct verdicts *verdicts, struct violation *violation);

#endif
