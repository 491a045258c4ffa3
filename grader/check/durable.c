/*
 * durable.c - what must be on disk before an answer shows it. Why each rule is
 * sound stands in logs.h.
 */
#include <string.h>

#include "../net/alloc.h"
#include "log_facts.h"

/* Begins a report about an answer. */
#define BROKEN(logs, seen, key, ...)                                   \
    verdict_expected(&(logs)->verdicts, (seen)->time_us, (seen)->from, \
                     "durable", key, __VA_ARGS__)

static bool is_judged(const struct logs *logs, int place)
{
    return logs->is_on && logs->has_disks && logs->nodes[place].is_judged;
}

void durable_started(struct log_node *node)
{
    node->issued = node->synced = 0;
    node->unsynced_count = 0;
    node->asked_count = 0;
    node->vote_past = higher(node->vote_past, node->vote_term);
}

/* ---- Syncs --------------------------------------------------------------- */

uint64_t logs_sync_issued(struct logs *logs, int id)
{
    int place = logs_place(logs, id);

    return place != NOBODY ? ++logs->nodes[place].issued : 0;
}

void logs_synced(struct logs *logs, int id, uint64_t number)
{
    int place = logs_place(logs, id);
    struct log_node *node;
    size_t done = 0;

    if (place == NOBODY)
        return;
    node = &logs->nodes[place];
    node->synced = higher(node->synced, number);
    while (done < node->unsynced_count &&
           node->unsynced[done].issued < node->synced)
        done++;
    node->unsynced_count -= done;
    if (done > 0 && node->unsynced_count > 0)
        memmove(node->unsynced, node->unsynced + done,
                node->unsynced_count * sizeof(node->unsynced[0]));
}

/* ---- Arrivals ------------------------------------------------------------ */

static void wait_for_sync(struct log_node *node, uint64_t index, uint64_t term,
                          bool is_snapshot)
{
    if (node->unsynced == NULL)
        node->unsynced = alloc_new(UNSYNCED_MAX * sizeof(node->unsynced[0]));
    if (node->unsynced_count == UNSYNCED_MAX)
        return; /* not judged */
    node->unsynced[node->unsynced_count++] = (struct unsynced){
        .index = index,
        .term = term,
        .issued = node->issued,
        .is_snapshot = is_snapshot,
    };
}

/* Whether the node cannot have had this entry before. */
static bool is_new(struct logs *logs, int place, struct fact *entry)
{
    const struct lead *maker = logs_lead(logs, entry->of);
    uint32_t bit = 1u << place;
    bool has_arrived = (entry->arrived & bit) != 0;

    entry->arrived |= bit;
    return !has_arrived && entry->of > logs->given_term &&
           entry->index > logs->nodes[place].floor &&
           entry->index > logs->entries.forgotten && maker != NULL &&
           maker->place != place;
}

/* The last chunk of a snapshot has come. */
static void snapshot_arrived(struct logs *logs, const struct call *call,
                             bool is_to_be_judged)
{
    const struct post *post = post_of(logs, call);
    struct log_node *node = &logs->nodes[call->callee];
    const struct fact *claim = facts_find(&logs->claims, post->last,
                                          call->term);
    const struct fact *entry =
        claim == NULL ? NULL
                      : facts_find(&logs->entries, post->last, claim->term);
    const struct lead *maker = entry != NULL ? logs_lead(logs, entry->of)
                                             : NULL;
    bool brings_news = maker != NULL && maker->place != call->callee &&
                       (entry->arrived >> call->callee & 1) == 0 &&
                       entry->of > logs->given_term &&
                       post->last > logs->entries.forgotten &&
                       post->last > node->floor;

    if (is_to_be_judged && post->is_whole && brings_news)
        wait_for_sync(node, post->last, claim->term, true);
    if (post->is_done)
        node->floor = higher(node->floor, post->last);
}

void durable_arrived(struct logs *logs, const struct call *call,
                     bool is_to_be_judged)
{
    const struct post *post = post_of(logs, call);
    struct log_node *node = &logs->nodes[call->callee];

    if (!logs->has_disks)
        return;
    if (post->is_snapshot) {
        snapshot_arrived(logs, call, is_to_be_judged);
        return;
    }
    for (uint64_t index = post->prev + 1; index <= post->last; index++) {
        const struct fact *claim = facts_find(&logs->claims, index, call->term);
        struct fact *entry = claim == NULL ? NULL
                                           : facts_find(&logs->entries, index,
                                                        claim->term);

        if (entry != NULL && is_new(logs, call->callee, entry) &&
            is_to_be_judged)
            wait_for_sync(node, index, entry->of, false);
    }
}

/* ---- Answers that cover something ---------------------------------------- */

void durable_see_match(struct logs *logs, const struct seen_frame *seen,
                       int from, uint64_t term, uint64_t match)
{
    const struct log_node *node = &logs->nodes[from];

    if (!is_judged(logs, from))
        return;
    for (size_t i = 0; i < node->unsynced_count; i++) {
        const struct unsynced *one = &node->unsynced[i];
        const struct fact *claim;

        if (one->is_snapshot || one->index > match || one->index <= node->floor)
            continue;
        claim = facts_find(&logs->claims, one->index, term);
        if (claim == NULL || claim->term != one->term)
            continue;
        verdict_observed(
            BROKEN(logs, seen, one->index,
                   "node %d confirms entry %llu of term %llu only after a "
                   "sync that it issued once the entry had reached it",
                   seen->from, U(one->index), U(one->term)),
            "it confirmed its log up to entry %llu in frame %llu, and no such "
            "sync had ended",
            U(match), U(seen->number));
        return;
    }
}

void durable_see_snapshot(struct logs *logs, const struct seen_frame *seen,
                          int from, const struct call *call)
{
    const struct log_node *node = &logs->nodes[from];
    uint64_t index = post_of(logs, call)->last;

    if (!is_judged(logs, from))
        return;
    for (size_t i = 0; i < node->unsynced_count; i++) {
        if (!node->unsynced[i].is_snapshot || node->unsynced[i].index != index)
            continue;
        verdict_observed(
            BROKEN(logs, seen, index,
                   "node %d accepts the last piece of the snapshot up to entry "
                   "%llu only after a sync that it issued once the piece had "
                   "reached it",
                   seen->from, U(index)),
            "it accepted it in frame %llu, and no such sync had ended",
            U(seen->number));
        return;
    }
}

/* ---- Votes --------------------------------------------------------------- */

void durable_see_ask(struct logs *logs, const struct seen_frame *seen, int from,
                     uint64_t term)
{
    if (!is_judged(logs, from) || logs->nodes[from].synced > 0)
        return;
    verdict_observed(
        BROKEN(logs, seen, term,
               "node %d asks for votes in a term only once its new term and "
               "its vote for itself are synced",
               seen->from),
        "it asked for votes in term %llu in frame %llu, and no sync had ended "
        "since it started",
        U(term), U(seen->number));
}

/* The first time that the node is asked for this vote, in this life. */
static const struct asked *find_asked(const struct log_node *node,
                                      uint64_t term, int candidate)
{
    uint64_t first = node->asked_count < ASKED_MAX
                         ? 0
                         : node->asked_count - ASKED_MAX;

    for (uint64_t i = first; i < node->asked_count; i++) {
        const struct asked *one = &node->asked[i % ASKED_MAX];

        if (one->term == term && one->candidate == candidate)
            return one;
    }
    return NULL;
}

void durable_asked(struct logs *logs, const struct call *call)
{
    struct log_node *node = &logs->nodes[call->callee];

    if (find_asked(node, call->term, call->caller) != NULL)
        return;
    if (node->asked_count >= ASKED_MAX) {
        /* What is forgotten is not judged when it comes again. */
        const struct asked *old = &node->asked[node->asked_count % ASKED_MAX];

        node->vote_past = higher(node->vote_past, old->term);
    }
    node->asked[node->asked_count++ % ASKED_MAX] = (struct asked){
        .term = call->term,
        .candidate = call->caller,
        .issued = node->issued,
    };
    node->vote_term = higher(node->vote_term, call->term);
}

void durable_see_vote(struct logs *logs, const struct seen_frame *seen,
                      int from, uint64_t term)
{
    const struct log_node *node = &logs->nodes[from];
    const struct asked *asked = find_asked(node, term,
                                           logs_place(logs, seen->to));

    if (!is_judged(logs, from) || asked == NULL || term <= node->vote_past ||
        asked->issued < node->synced)
        return;
    verdict_observed(
        BROKEN(logs, seen, term,
               "node %d gives its vote of term %llu to node %d only after a "
               "sync that it issued once it was asked",
               seen->from, U(term), seen->to),
        "it granted it in frame %llu, and no such sync had ended",
        U(seen->number));
}
