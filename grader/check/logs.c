/*
 * logs.c - from frames to facts about logs. See logs.h.
 */
#include "logs.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "../net/alloc.h"
#include "log_facts.h"

struct logs *logs_new(const int *ids, int count)
{
    struct logs *logs = alloc_new(sizeof(*logs));

    assert(count >= 1 && count <= CHECK_MAX_NODES);
    logs->count = count;
    for (int i = 0; i < count; i++)
        logs->nodes[i].id = ids[i];
    return logs;
}

void logs_free(struct logs *logs)
{
    if (logs == NULL)
        return;
    for (int i = 0; i < logs->count; i++)
        free(logs->nodes[i].unsynced);
    facts_free(&logs->given);
    facts_free(&logs->entries);
    facts_free(&logs->claims);
    facts_free(&logs->commits);
    facts_free(&logs->snapshots);
    free(logs);
}

int logs_place(const struct logs *logs, int id)
{
    for (int i = 0; i < logs->count; i++)
        if (logs->nodes[i].id == id)
            return i;
    return NOBODY;
}

void logs_on(struct logs *logs)
{
    logs->is_on = true;
}

void logs_have_disks(struct logs *logs)
{
    logs->has_disks = true;
}

void logs_started(struct logs *logs, int id)
{
    int place = logs_place(logs, id);
    struct log_node *node;

    if (place == NOBODY)
        return;
    node = &logs->nodes[place];
    node->is_judged = true;
    node->applied = 0;
    durable_started(node);
}

void logs_ended(struct logs *logs, int id)
{
    int place = logs_place(logs, id);

    if (place != NOBODY)
        logs->nodes[place].unsynced_count = 0;
}

void logs_given(struct logs *logs, int id, uint64_t term)
{
    int place = logs_place(logs, id);
    struct log_node *node;
    struct fact *given;

    if (place == NOBODY)
        return;
    node = &logs->nodes[place];
    given = facts_find(&logs->given, ++node->given_index, term);
    if (given == NULL) {
        given = facts_add(&logs->given, node->given_index, term);
        given->prev_term = node->given_last;
    } else if (given->prev_term != node->given_last) {
        logs->is_given_odd = true;
    }
    node->given_last = term;
    logs->given_term = higher(logs->given_term, term);
}

void logs_first_log(struct logs *logs, int id, uint64_t last_index,
                    uint64_t last_term)
{
    int place = logs_place(logs, id);

    if (place == NOBODY)
        return;
    logs->given_term = higher(logs->given_term, last_term);
    if (logs->nodes[place].given_index != last_index)
        logs->is_given_odd = true;
}

/* ---- Leaderships --------------------------------------------------------- */

struct lead *logs_lead(struct logs *logs, uint64_t term)
{
    struct lead *lead = &logs->leads[term & (LEADS_MAX - 1)];

    return term != 0 && lead->term == term ? lead : NULL;
}

uint64_t lead_quorum(const struct logs *logs, const struct lead *lead)
{
    int need = logs->count / 2; /* besides itself */
    uint64_t best = need == 0 ? UINT64_MAX : 0;

    for (int i = 0; i < logs->count && need > 0; i++) {
        int as_good = 0;

        if (i == lead->place)
            continue;
        for (int j = 0; j < logs->count; j++)
            if (j != lead->place && lead->heard[j] >= lead->heard[i])
                as_good++;
        if (as_good >= need)
            best = higher(best, lead->heard[i]);
    }
    return best;
}

/* What a leadership may have made its node know, once that leads anew. */
static void fold(struct logs *logs, const struct lead *lead)
{
    struct log_node *node = &logs->nodes[lead->place];

    node->known = higher(node->known, lead_quorum(logs, lead));
}

/* The term's leadership, made if need be; NULL if it was forgotten. */
static struct lead *lead_at(struct logs *logs, uint64_t term, int place)
{
    struct lead *lead = &logs->leads[term & (LEADS_MAX - 1)];
    struct log_node *node = &logs->nodes[place];
    const struct lead *before;

    if (lead->term == term)
        return term != 0 ? lead : NULL;
    if (lead->term > term)
        return NULL;
    if (lead->term != 0)
        fold(logs, lead); /* it is forgotten now */
    before = logs_lead(logs, node->led);
    if (before != NULL && before->term < term)
        fold(logs, before);
    node->led = higher(node->led, term);
    logs->top_term = higher(logs->top_term, term);
    if (term <= logs->given_term)
        logs->is_given_odd = true; /* it was led before, by a given log */
    *lead = (struct lead){.term = term, .place = place, .low = UINT64_MAX};
    return lead;
}

/* ---- Calls --------------------------------------------------------------- */

struct post *post_of(struct logs *logs, const struct call *call)
{
    return &logs->posts[call->token & (CALLS_MAX - 1)];
}

/* What a call brings to those who get it, and its answer to its caller. */
static void hear_request(struct logs *logs, const struct call *call)
{
    struct log_node *node = &logs->nodes[call->callee];

    node->known = higher(node->known, post_of(logs, call)->commit);
}

void lead_hears(struct logs *logs, int from, int to, uint64_t term,
                uint64_t match)
{
    struct lead *lead = logs_lead(logs, term);

    if (lead != NULL && lead->place == to)
        lead->heard[from] = higher(lead->heard[from], match);
}

/* The call is forgotten: what was under way counts as delivered. */
static void forget_call(struct logs *logs, const struct call *call)
{
    const struct post *post = post_of(logs, call);

    hear_request(logs, call);
    if (!post->is_delivered)
        durable_arrived(logs, call, false);
    if (post->match != 0)
        lead_hears(logs, call->callee, call->caller, call->term, post->match);
}

static struct call *add_call(struct logs *logs, const struct seen_frame *seen,
                             int from, int to, uint64_t term)
{
    struct call *twin = calls_find(&logs->calls, seen->stream,
                                   seen->frame->call_id);
    const struct call *leaving = calls_leaving(&logs->calls);
    bool is_unclear = twin != NULL;
    struct call *call;

    if (twin != NULL)
        twin->is_unclear = true;
    if (leaving != NULL)
        forget_call(logs, leaving);
    call = calls_add(&logs->calls, seen->stream, seen->frame->call_id);
    call->frame = seen->number;
    call->term = term;
    call->caller = (uint8_t)from;
    call->callee = (uint8_t)to;
    call->is_unclear = is_unclear;
    *post_of(logs, call) = (struct post){0};
    return call;
}

/* ---- Requests ------------------------------------------------------------ */

/* The leadership that a request is of, if it is to be judged. */
static struct lead *judged_lead(struct logs *logs, uint64_t term, int from)
{
    struct lead *lead;

    if (!logs->nodes[from].is_judged) {
        logs->is_foreign = true;
        return NULL;
    }
    lead = lead_at(logs, term, from);
    return lead != NULL && lead->place == from ? lead : NULL;
}

static uint64_t see_append(struct logs *logs, const struct seen_frame *seen,
                           int from, int to, const struct message_request *head)
{
    struct append_request m;
    struct lead *lead;
    struct call *call;
    struct post *post;

    if (!message_append_request(head->body, head->body_len, &m) ||
        m.leader != (uint32_t)seen->from)
        return 0; /* judged by election.c */
    call = add_call(logs, seen, from, to, m.term);
    post = post_of(logs, call);
    post->commit = m.leader_commit;
    post->prev = m.prev_log_index;
    post->last = m.prev_log_index + m.count;
    post->is_remembered = head->sequence != 0;
    lead = judged_lead(logs, m.term, from);
    if (lead != NULL)
        claims_see_append(logs, seen, lead, &m, head->body + APPEND_HEAD_BYTES,
                          head->body_len - APPEND_HEAD_BYTES);
    return token_of(call->token, TOKEN_REQUEST);
}

static uint64_t see_snapshot(struct logs *logs, const struct seen_frame *seen,
                             int from, int to,
                             const struct message_request *head)
{
    struct snapshot_request m;
    struct lead *lead;
    struct call *call;
    struct post *post;

    if (!message_snapshot_request(head->body, head->body_len, &m) ||
        m.leader != (uint32_t)seen->from)
        return 0;
    call = add_call(logs, seen, from, to, m.term);
    post = post_of(logs, call);
    post->is_snapshot = true;
    post->is_done = m.done;
    post->is_whole = m.done && m.length > 0;
    post->commit = post->prev = post->last = m.last_included_index;
    post->next_offset = m.offset + m.length;
    lead = judged_lead(logs, m.term, from);
    if (lead != NULL)
        claims_see_snapshot(logs, seen, lead, &m);
    return token_of(call->token, TOKEN_REQUEST);
}

static uint64_t see_vote(struct logs *logs, const struct seen_frame *seen,
                         int from, int to, const struct message_request *head)
{
    const struct call *leaving = calls_leaving(&logs->votes);
    struct vote_request m;
    struct call *call;

    if (!logs->has_disks ||
        !message_vote_request(head->body, head->body_len, &m))
        return 0;
    durable_see_ask(logs, seen, from, m.term);
    if (leaving != NULL) { /* it may have been heard: not to be judged */
        struct log_node *callee = &logs->nodes[leaving->callee];

        callee->vote_past = higher(callee->vote_past, leaving->term);
    }
    call = calls_add(&logs->votes, seen->stream, seen->frame->call_id);
    call->term = m.term;
    call->caller = (uint8_t)from;
    call->callee = (uint8_t)to;
    return token_of(call->token, TOKEN_VOTE);
}

static uint64_t see_request(struct logs *logs, const struct seen_frame *seen,
                            int from, int to)
{
    struct message_request head;

    if (seen->dialler != seen->from ||
        !message_request(seen->frame->payload, seen->frame->payload_len, &head))
        return 0;
    switch (seen->frame->method) {
    case METHOD_VOTE:
        return see_vote(logs, seen, from, to, &head);
    case METHOD_APPEND:
        return see_append(logs, seen, from, to, &head);
    default:
        return see_snapshot(logs, seen, from, to, &head);
    }
}

/* ---- What the world tells ------------------------------------------------ */

uint64_t logs_sent(struct logs *logs, const struct seen_frame *seen)
{
    int from = logs_place(logs, seen->from);
    int to = logs_place(logs, seen->to);

    if (from == NOBODY || to == NOBODY ||
        message_method_name(seen->frame->method) == NULL)
        return 0;
    if (seen->frame->type == FRAME_REQUEST)
        return see_request(logs, seen, from, to);
    if (seen->frame->type == FRAME_REPLY)
        return answers_see(logs, seen, from, to);
    return 0;
}

static void request_delivered(struct logs *logs, const struct call *call)
{
    struct post *post = post_of(logs, call);
    const struct lead *lead = logs_lead(logs, call->term);

    hear_request(logs, call);
    if (post->is_delivered)
        return;
    post->is_delivered = true;
    if (lead != NULL && lead->place == call->caller)
        post->acked_before = lead->acked[call->callee];
    durable_arrived(logs, call, true);
}

void logs_delivered(struct logs *logs, uint64_t token)
{
    bool is_vote = (token & 3) == TOKEN_VOTE;
    const struct call *call = calls_at(is_vote ? &logs->votes : &logs->calls,
                                       token >> 2);

    if (call == NULL)
        return;
    if (is_vote)
        durable_asked(logs, call);
    else if ((token & 3) == TOKEN_REQUEST)
        request_delivered(logs, call);
    else
        lead_hears(logs, call->callee, call->caller, call->term,
                   post_of(logs, call)->match);
}

bool logs_found(struct logs *logs, struct violation *violation)
{
    return verdict_take(&logs->verdicts, violation);
}
