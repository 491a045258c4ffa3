/*
 * machine.c - what nodes apply, snapshot and restore. Why each rule is sound
 * stands in logs.h.
 */
#include "log_facts.h"

/* Begins a report about an act. */
#define BROKEN(logs, act, rule, key, ...)                                  \
    verdict_expected(&(logs)->verdicts, (act)->time_us, (act)->node, rule, \
                     key, __VA_ARGS__)

/* Whether the node can know that the entry at index is committed. */
static bool can_know(struct logs *logs, int place, uint64_t index)
{
    const struct log_node *node = &logs->nodes[place];
    const struct lead *lead = logs_lead(logs, node->led);
    uint64_t quorum;

    if (index <= node->known || logs->count == 1)
        return true;
    if (lead == NULL)
        return node->led != 0; /* forgotten */
    quorum = lead_quorum(logs, lead);
    return index <= quorum && quorum > lead->old_top;
}

static void rule_order(struct logs *logs, const struct log_node *node,
                       const struct act *act)
{
    if (act->kind == ACT_APPLY && act->index != node->applied + 1)
        verdict_observed(
            BROKEN(logs, act, "apply-order", act->index,
                   "node %d applies each entry once and in order: after %llu "
                   "comes %llu",
                   act->node, U(node->applied), U(node->applied + 1)),
            "it applied entry %llu of term %llu", U(act->index), U(act->term));
    if (act->kind == ACT_RESTORE && act->index < node->applied)
        verdict_observed(
            BROKEN(logs, act, "apply-order", act->index,
                   "the state machine of node %d, at entry %llu, goes forward "
                   "only",
                   act->node, U(node->applied)),
            "it was put back to a snapshot taken after entry %llu",
            U(act->index));
}

static void rule_committed(struct logs *logs, int place, const struct act *act)
{
    if (can_know(logs, place, act->index))
        return;
    verdict_observed(
        BROKEN(logs, act, "apply-committed", act->index,
               "node %d applies only what it knows to be committed, which can "
               "be no more than entry %llu",
               act->node, U(logs->nodes[place].known)),
        "it applied entry %llu of term %llu", U(act->index), U(act->term));
}

/* One entry for an index, of these bytes. */
static void rule_machine(struct logs *logs, int place, const struct act *act)
{
    uint64_t hash = fact_hash(act->data, act->len);
    const struct fact *entry;
    struct fact *commit;

    if (logs->is_foreign)
        return;
    entry = facts_find(&logs->entries, act->index, act->term);
    if (entry != NULL && act->term > logs->given_term && entry->hash != hash)
        verdict_observed(
            BROKEN(logs, act, "state-machine-safety", act->index,
                   "node %d applies entry %llu of term %llu as its leader, "
                   "node %d, sent it in frame %llu",
                   act->node, U(act->index), U(act->term),
                   NODE_ID(logs, entry->place), U(entry->frame)),
            "it applied other bytes");
    commit = facts_find(&logs->commits, act->index, 0);
    if (commit != NULL && !is_odd(logs, commit->term, act->term) &&
        (commit->term != act->term ||
         (commit->hash != 0 && commit->hash != hash)))
        verdict_observed(
            BROKEN(logs, act, "state-machine-safety", act->index,
                   "every node applies the same at index %llu: the entry of "
                   "term %llu that node %d %s",
                   U(act->index), U(commit->term), NODE_ID(logs, commit->place),
                   commit->frame != 0 ? "announced as committed" : "applied"),
            "node %d applied an entry of term %llu%s there", act->node,
            U(act->term),
            commit->term == act->term ? ", with other bytes," : "");
    if (commit != NULL && commit->term == act->term && commit->hash == 0)
        commit->hash = hash;
    claims_committed(logs, act->time_us, 0, place, logs->top_term, act->index,
                     act->term);
    if (commit == NULL)
        facts_find(&logs->commits, act->index, 0)->hash = hash;
}

/* The state after an entry is the same everywhere. */
static void rule_snapshot(struct logs *logs, int place, const struct act *act)
{
    uint64_t hash = fact_hash(act->data, act->len);
    struct fact *snapshot = facts_find(&logs->snapshots, act->index, 0);
    bool is_taken = act->kind == ACT_SNAPSHOT;

    if (logs->is_foreign)
        return;
    if (snapshot == NULL) {
        snapshot = facts_add(&logs->snapshots, act->index, 0);
        snapshot->term = act->term;
        snapshot->hash = hash;
        snapshot->place = place;
        return;
    }
    if (snapshot->term == act->term && snapshot->hash == hash)
        return;
    verdict_observed(
        BROKEN(logs, act, "snapshot-equal", act->index,
               "the state after entry %llu is the same on every node, and the "
               "same snapshot: that of node %d says term %llu",
               U(act->index), NODE_ID(logs, snapshot->place),
               U(snapshot->term)),
        "node %d %s one with %s", act->node, is_taken ? "took" : "restored",
        snapshot->term == act->term ? "other bytes" : "another term");
}

void logs_act(struct logs *logs, const struct act *act)
{
    int place = logs_place(logs, act->node);
    struct log_node *node;

    if (place == NOBODY || !logs->is_on || !logs->nodes[place].is_judged)
        return;
    node = &logs->nodes[place];
    if (act->kind == ACT_RESTORE)
        node->known = higher(node->known, act->index);
    if (act->kind != ACT_APPLY)
        node->floor = higher(node->floor, act->index);
    rule_order(logs, node, act);
    if (act->kind != ACT_SNAPSHOT)
        node->applied = act->index;
    if (act->kind == ACT_APPLY) {
        rule_committed(logs, place, act);
        rule_machine(logs, place, act);
    } else {
        rule_snapshot(logs, place, act);
    }
}
