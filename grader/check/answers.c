/*
 * answers.c - what followers answer to a leader. See logs.h.
 */
#include "log_facts.h"

/* The request that an answer is to, or NULL if that is not known for sure. */
static struct call *answered_call(struct logs *logs,
                                  const struct seen_frame *seen, int from)
{
    struct call *call = calls_find(&logs->calls, seen->stream,
                                   seen->frame->call_id);

    if (call == NULL || call->is_unclear || call->callee != from)
        return NULL;
    return call;
}

/* A follower has confirmed its log up to some entry. */
static uint64_t see_match(struct logs *logs, const struct seen_frame *seen,
                          int from, int to, const struct call *call,
                          uint64_t term, uint64_t match)
{
    struct lead *lead = logs_lead(logs, term);

    if (lead != NULL && lead->place == to && match > lead->acked[from]) {
        lead->acked[from] = match;
        lead->acked_frame[from] = seen->number;
    }
    if (call == NULL) {
        lead_hears(logs, from, to, term, match);
        return 0;
    }
    post_of(logs, call)->match = higher(post_of(logs, call)->match, match);
    return token_of(call->token, TOKEN_ANSWER);
}

/* Whether an answer refuses what the follower had confirmed. See logs.h. */
static void rule_match_kept(struct logs *logs, const struct seen_frame *seen,
                            int from, const struct call *call,
                            const struct append_answer *answer)
{
    const struct post *post = post_of(logs, call);
    const struct lead *lead = logs_lead(logs, call->term);
    const struct log_node *node = &logs->nodes[from];

    if (!logs->is_on || !node->is_judged || lead == NULL ||
        lead->place != call->caller || answer->term != call->term ||
        post->is_snapshot || post->is_remembered || !post->is_delivered ||
        post->prev != post->last || post->prev > post->acked_before ||
        post->prev <= node->known)
        return;
    verdict_observed(
        verdict_expected(&logs->verdicts, seen->time_us, node->id, "match-kept",
                         call->term,
                         "node %d keeps what it has confirmed to the leader of "
                         "term %llu: its log up to entry %llu (frame %llu)",
                         node->id, U(call->term), U(lead->acked[from]),
                         U(lead->acked_frame[from])),
        "later it was sent frame %llu, whose previous entry is %llu, and "
        "refused it in frame %llu",
        U(call->frame), U(post->prev), U(seen->number));
}

static uint64_t see_append_answer(struct logs *logs,
                                  const struct seen_frame *seen, int from,
                                  int to, const struct append_answer *answer)
{
    const struct call *call = answered_call(logs, seen, from);
    uint64_t term = call != NULL ? call->term : answer->term;

    if (answer->success) {
        if (answer->term == term)
            durable_see_match(logs, seen, from, term, answer->match_index);
        return see_match(logs, seen, from, to, call, term, answer->match_index);
    }
    if (call != NULL)
        rule_match_kept(logs, seen, from, call, answer);
    return 0;
}

static uint64_t see_snapshot_answer(struct logs *logs,
                                    const struct seen_frame *seen, int from,
                                    int to,
                                    const struct snapshot_answer *answer)
{
    const struct call *call = answered_call(logs, seen, from);
    const struct post *post = call != NULL ? post_of(logs, call) : NULL;

    if (post == NULL || !post->is_snapshot || answer->term != call->term)
        return 0;
    if (post->is_whole && answer->next_offset == post->next_offset)
        durable_see_snapshot(logs, seen, from, call);
    return see_match(logs, seen, from, to, call, call->term, post->last);
}

uint64_t answers_see(struct logs *logs, const struct seen_frame *seen, int from,
                     int to)
{
    struct message_reply reply;
    struct append_answer append;
    struct snapshot_answer snapshot;
    struct vote_answer vote;

    if (seen->dialler != seen->to ||
        !message_reply(seen->frame->payload, seen->frame->payload_len,
                       &reply) ||
        reply.outcome != 0)
        return 0;
    switch (seen->frame->method) {
    case METHOD_VOTE:
        if (logs->has_disks &&
            message_vote_answer(reply.body, reply.body_len, &vote) &&
            vote.granted)
            durable_see_vote(logs, seen, from, vote.term);
        return 0;
    case METHOD_APPEND:
        if (!message_append_answer(reply.body, reply.body_len, &append))
            return 0;
        return see_append_answer(logs, seen, from, to, &append);
    default:
        if (!message_snapshot_answer(reply.body, reply.body_len, &snapshot))
            return 0;
        return see_snapshot_answer(logs, seen, from, to, &snapshot);
    }
}
