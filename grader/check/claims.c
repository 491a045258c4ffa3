/*
 * claims.c - what leaders say is in their logs, and what is committed there.
 * Why each rule is sound stands in logs.h.
 */
#include "log_facts.h"

/* Begins a report about what a frame shows of its sender. */
#define BROKEN(logs, seen, rule, key, ...)                                   \
    verdict_expected(&(logs)->verdicts, (seen)->time_us, (seen)->from, rule, \
                     key, __VA_ARGS__)

static uint64_t le_u64_at(const uint8_t *at)
{
    uint64_t value = 0;

    for (int i = 7; i >= 0; i--)
        value = value << 8 | at[i];
    return value;
}

/* ---- What is committed --------------------------------------------------- */

/* A leader claims another entry than the one that was committed there. */
static void rule_completeness(struct logs *logs, uint64_t time_us,
                              const struct fact *claim,
                              const struct fact *commit)
{
    const char *how = commit->frame != 0 ? "announced" : "applied";

    if (logs->is_foreign || !logs->is_on || claim->of <= commit->by_term ||
        claim->term == commit->term || is_odd(logs, claim->term, commit->term))
        return;
    verdict_observed(
        verdict_expected(
            &logs->verdicts, time_us, NODE_ID(logs, claim->place),
            "leader-completeness", claim->of,
            "the log of node %d, which leads term %llu, holds what was "
            "committed before: entry %llu of term %llu, %s by node %d",
            NODE_ID(logs, claim->place), U(claim->of), U(commit->index),
            U(commit->term), how, NODE_ID(logs, commit->place)),
        "frame %llu says that its entry %llu is of term %llu", U(claim->frame),
        U(claim->index), U(claim->term));
}

void claims_committed(struct logs *logs, uint64_t time_us, uint64_t frame,
                      int place, uint64_t by_term, uint64_t index,
                      uint64_t term)
{
    struct fact *commit = facts_find(&logs->commits, index, 0);

    if (commit != NULL) {
        if (commit->term == term && by_term < commit->by_term)
            commit->by_term = by_term;
        return;
    }
    commit = facts_add(&logs->commits, index, 0);
    commit->term = term;
    commit->by_term = by_term;
    commit->frame = frame;
    commit->place = place;
    for (uint64_t later = by_term + 1;
         later <= logs->top_term && later <= by_term + LOOK_BACK; later++) {
        const struct fact *claim = facts_find(&logs->claims, index, later);

        if (claim != NULL)
            rule_completeness(logs, time_us, claim, commit);
    }
}

/* The leader says that a known entry of its own is committed. */
static void announce(struct logs *logs, const struct seen_frame *seen,
                     const struct lead *lead, uint64_t index, uint64_t term)
{
    claims_committed(logs, seen->time_us, seen->number, lead->place, lead->term,
                     index, term);
}

/* The rules about what a leader may announce. */
static void rule_commit(struct logs *logs, const struct seen_frame *seen,
                        const struct lead *lead, uint64_t commit)
{
    uint64_t known = logs->nodes[lead->place].known;
    uint64_t quorum = lead_quorum(logs, lead);
    int need = logs->count / 2 + 1;

    if (!logs->is_on || commit <= known)
        return;
    if (quorum < commit) {
        verdict_observed(
            BROKEN(logs, seen, "commit-quorum", lead->term,
                   "node %d, which leads term %llu, commits entry %llu only "
                   "when %d of %d nodes, itself among them, hold it",
                   seen->from, U(lead->term), U(commit), need, logs->count),
            "it announced leader_commit %llu in frame %llu, when %d nodes had "
            "confirmed no more than entry %llu to it",
            U(commit), U(seen->number), need, U(quorum));
    } else if (quorum <= lead->old_top) {
        verdict_observed(
            BROKEN(logs, seen, "commit-own-term", lead->term,
                   "node %d, which leads term %llu, commits by counting "
                   "copies only once an entry of term %llu is on a majority",
                   seen->from, U(lead->term), U(lead->term)),
            "it announced leader_commit %llu in frame %llu, when a majority "
            "had confirmed entry %llu, of an earlier term",
            U(commit), U(seen->number), U(quorum));
    }
}

static void see_commit(struct logs *logs, const struct seen_frame *seen,
                       struct lead *lead, uint64_t commit)
{
    uint64_t from = higher(lead->commit + 1, lead->low);

    if (commit <= lead->commit)
        return;
    rule_commit(logs, seen, lead, commit);
    lead->commit = commit;
    if (commit > lead->high)
        commit = lead->high; /* it has claimed nothing beyond */
    if (commit >= from && commit - from >= FACTS_MAX)
        from = commit - FACTS_MAX + 1;
    for (uint64_t index = from; index <= commit; index++) {
        const struct fact *claim = facts_find(&logs->claims, index, lead->term);

        if (claim != NULL)
            announce(logs, seen, lead, index, claim->term);
    }
}

/* ---- What is in a log ---------------------------------------------------- */

/* Within a term the log is what it was. */
static void rule_append_only(struct logs *logs, const struct seen_frame *seen,
                             const struct fact *claim, uint64_t term)
{
    if (!logs->is_on)
        return;
    verdict_observed(
        BROKEN(logs, seen, "leader-append-only", claim->of,
               "node %d, while it leads term %llu, keeps its log: entry %llu "
               "is of term %llu (frame %llu)",
               seen->from, U(claim->of), U(claim->index), U(claim->term),
               U(claim->frame)),
        "frame %llu says that its entry %llu is of term %llu", U(seen->number),
        U(claim->index), U(term));
}

/* The leader says that its entry at index is of this term. */
static void see_claim(struct logs *logs, const struct seen_frame *seen,
                      struct lead *lead, uint64_t index, uint64_t term)
{
    struct fact *claim = facts_find(&logs->claims, index, lead->term);
    const struct fact *commit;

    if (claim != NULL) {
        if (claim->term != term)
            rule_append_only(logs, seen, claim, term);
        return;
    }
    claim = facts_add(&logs->claims, index, lead->term);
    claim->term = term;
    claim->frame = seen->number;
    claim->place = lead->place;
    if (index < lead->low)
        lead->low = index;
    lead->high = higher(lead->high, index);
    if (term < lead->term)
        lead->old_top = higher(lead->old_top, index);
    commit = facts_find(&logs->commits, index, 0);
    if (commit != NULL)
        rule_completeness(logs, seen->time_us, claim, commit);
    else if (index <= lead->commit)
        announce(logs, seen, lead, index, term);
}

/* The same index and term, and other bytes or another entry before them. */
static void rule_matching(struct logs *logs, const struct seen_frame *seen,
                          const struct fact *entry, uint64_t prev_term,
                          uint64_t hash)
{
    bool is_prev = entry->prev_term != prev_term;

    if (!logs->is_on || logs->is_foreign || entry->of <= logs->given_term ||
        (!is_prev && entry->hash == hash))
        return;
    verdict_observed(
        BROKEN(logs, seen, "log-matching", entry->index,
               "entry %llu of term %llu is the same in every log, and so is "
               "all before it, as node %d sent it in frame %llu",
               U(entry->index), U(entry->of), NODE_ID(logs, entry->place),
               U(entry->frame)),
        is_prev ? "node %d sent it in frame %llu after an entry of term %llu, "
                  "not of term %llu"
                : "node %d sent it in frame %llu with other bytes",
        seen->from, U(seen->number), U(prev_term), U(entry->prev_term));
}

static void see_entry(struct logs *logs, const struct seen_frame *seen,
                      const struct lead *lead, uint64_t index, uint64_t term,
                      uint64_t prev_term, uint64_t hash)
{
    struct fact *entry = facts_find(&logs->entries, index, term);

    if (entry != NULL) {
        rule_matching(logs, seen, entry, prev_term, hash);
        return;
    }
    entry = facts_add(&logs->entries, index, term);
    entry->term = term;
    entry->prev_term = prev_term;
    entry->hash = hash;
    entry->frame = seen->number;
    entry->place = lead->place;
}

void claims_see_append(struct logs *logs, const struct seen_frame *seen,
                       struct lead *lead, const struct append_request *m,
                       const uint8_t *entries, size_t len)
{
    uint64_t prev_term = m->prev_log_term;
    uint64_t index = m->prev_log_index;
    const uint8_t *end = entries + len;

    if (index > 0)
        see_claim(logs, seen, lead, index, prev_term);
    for (uint32_t i = 0; i < m->count && end - entries >= 12; i++) {
        uint64_t term = le_u64_at(entries);
        size_t size = (size_t)entries[8] | (size_t)entries[9] << 8 |
                      (size_t)entries[10] << 16 | (size_t)entries[11] << 24;

        index++;
        see_claim(logs, seen, lead, index, term);
        see_entry(logs, seen, lead, index, term, prev_term,
                  fact_hash(entries + 12, size));
        entries += 12 + size;
        prev_term = term;
    }
    see_commit(logs, seen, lead, m->leader_commit);
}

void claims_see_snapshot(struct logs *logs, const struct seen_frame *seen,
                         struct lead *lead, const struct snapshot_request *m)
{
    see_claim(logs, seen, lead, m->last_included_index, m->last_included_term);
    announce(logs, seen, lead, m->last_included_index, m->last_included_term);
}
