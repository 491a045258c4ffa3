/*
 * check.c - see check.h.
 */
#include "check.h"

#include <assert.h>

/*
 * A token is two: the logs' in the upper half, the elections' in the lower.
 * Each counts requests; a trial sends far fewer than 2^30.
 */
#define HALF_BITS 32

struct check check_new(const int *ids, int count)
{
    return (struct check){.election = election_new(ids, count),
                          .logs = logs_new(ids, count)};
}

void check_free(struct check *check)
{
    election_free(check->election);
    logs_free(check->logs);
    *check = (struct check){0};
}

void check_settings(const struct check *check, uint32_t election_min_ms,
                    double fastest_rate)
{
    election_settings(check->election, election_min_ms, fastest_rate);
    logs_on(check->logs);
}

void check_started(const struct check *check, int id, uint64_t incarnation,
                   uint64_t now_us)
{
    election_started(check->election, id, incarnation, now_us);
    logs_started(check->logs, id);
}

void check_ended(const struct check *check, int id, uint64_t now_us)
{
    election_ended(check->election, id, now_us);
    logs_ended(check->logs, id);
}

void check_log(const struct check *check, int id, uint64_t last_index,
               uint64_t last_term)
{
    election_log(check->election, id, last_index, last_term);
    logs_first_log(check->logs, id, last_index, last_term);
}

uint64_t check_sent(const struct check *check, const struct seen_frame *seen)
{
    uint64_t lower = election_sent(check->election, seen);
    uint64_t upper = logs_sent(check->logs, seen);

    assert(lower <= UINT32_MAX);
    assert(upper <= UINT32_MAX);
    return upper << HALF_BITS | lower;
}

void check_delivered(const struct check *check, uint64_t token, uint64_t now_us)
{
    election_delivered(check->election, token & UINT32_MAX, now_us);
    logs_delivered(check->logs, token >> HALF_BITS);
}

bool check_found(const struct check *check, struct violation *violation)
{
    return election_found(check->election, violation) ||
           logs_found(check->logs, violation);
}
