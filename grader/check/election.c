/*
 * election.c - from frames to facts, and to the rules. See election.h.
 */
#include "election.h"

#include <assert.h>
#include <stdlib.h>

#include "../net/alloc.h"
#include "facts.h"

/* The two kinds of token: the lowest bit tells which table it is of. */
#define VOTE_TOKEN(token)   ((token) << 1)
#define APPEND_TOKEN(token) ((token) << 1 | 1)

struct election *election_new(const int *ids, int count)
{
    struct election *check = alloc_new(sizeof(*check));

    assert(count >= 1 && count <= CHECK_MAX_NODES);
    check->count = count;
    for (int i = 0; i < count; i++)
        check->nodes[i].id = ids[i];
    return check;
}

void election_free(struct election *check)
{
    if (check == NULL)
        return;
    terms_free(&check->terms);
    free(check);
}

/* The place of an id, or NOBODY. */
static int place_of(const struct election *check, int id)
{
    for (int i = 0; i < check->count; i++) {
        if (check->nodes[i].id == id)
            return i;
    }
    return NOBODY;
}

void election_settings(struct election *check, uint32_t election_min_ms,
                       double fastest_rate)
{
    double rate = fastest_rate > 1 ? fastest_rate : 1;
    double silence_us = election_min_ms * 1000.0 / rate - 1000;

    check->is_on = true;
    check->silence_us = silence_us > 0 ? (uint64_t)silence_us : 0;
    for (int i = 0; i < check->count; i++)
        check->nodes[i].has_heard = false;
}

void election_started(struct election *check, int id, uint64_t incarnation,
                      uint64_t now_us)
{
    int place = place_of(check, id);
    struct node_facts *node;

    if (place == NOBODY)
        return;
    node = &check->nodes[place];
    node->is_judged = true;
    node->incarnation = incarnation;
    node->granted_before = node->granted_term;
    node->has_heard = false;
    node->life_us = now_us;
}

void election_ended(struct election *check, int id, uint64_t now_us)
{
    int place = place_of(check, id);

    if (place == NOBODY)
        return;
    check->nodes[place].has_heard = false;
    check->nodes[place].life_us = now_us;
}

void election_log(struct election *check, int id, uint64_t last_index,
                  uint64_t last_term)
{
    int place = place_of(check, id);

    if (place == NOBODY)
        return;
    check->nodes[place].log_index = last_index;
    check->nodes[place].log_term = last_term;
}

static uint64_t max_u64(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* Remembers a request; of those that its id makes unclear, says so. */
static struct call *add_call(struct calls *calls, const struct seen_frame *seen,
                             int from, int to, uint64_t term)
{
    struct call *twin = calls_find(calls, seen->stream, seen->frame->call_id);
    bool is_unclear = twin != NULL;
    struct call *call;

    if (twin != NULL)
        twin->is_unclear = true;
    call = calls_add(calls, seen->stream, seen->frame->call_id);
    call->frame = seen->number;
    call->term = term;
    call->caller = (uint8_t)from;
    call->callee = (uint8_t)to;
    call->is_unclear = is_unclear;
    return call;
}

/* The request that a reply answers, or NULL if that is not known for sure. */
static struct call *answered_call(struct calls *calls,
                                  const struct seen_frame *seen, int from)
{
    struct call *call = calls_find(calls, seen->stream, seen->frame->call_id);

    if (call == NULL || call->is_unclear || call->callee != from)
        return NULL;
    return call;
}

static void see_vote_request(struct election *check,
                             const struct seen_frame *seen, int from, int to,
                             const struct vote_request *m)
{
    struct node_facts *node = &check->nodes[from];
    struct term_facts *facts = terms_at(&check->terms, m->term);
    const struct call *leaving = calls_leaving(&check->votes);
    struct call *call;

    if (leaving != NULL) {
        struct node_facts *caller = &check->nodes[leaving->caller];

        caller->unclear_term = max_u64(caller->unclear_term, leaving->term);
    }
    call = calls_find(&check->votes, seen->stream, seen->frame->call_id);
    if (call != NULL)
        node->unclear_term = max_u64(node->unclear_term,
                                     max_u64(call->term, m->term));
    call = add_call(&check->votes, seen, from, to, m->term);
    call->last_log_index = m->last_log_index;
    call->last_log_term = m->last_log_term;

    if (facts != NULL)
        rule_vote_once(check, seen, from, from, facts);
    rule_term_kept(check, seen, from, m->term);
    rule_silence(check, seen, from, m->term);
}

/* AppendEntries or InstallSnapshot: the sender leads. */
static void see_leader(struct election *check, const struct seen_frame *seen,
                       int from, uint64_t term)
{
    struct term_facts *facts = terms_at(&check->terms, term);

    rule_term_kept(check, seen, from, term);
    if (facts == NULL)
        return;
    rule_election_safety(check, seen, from, facts);
    rule_vote_quorum(check, seen, from, facts);
}

/* A request of Raft's: its fields, and who it says has sent it. */
struct request {
    struct message_request head;      /* what every request has */
    struct vote_request vote;         /* RequestVote */
    struct append_request append;     /* AppendEntries */
    struct snapshot_request snapshot; /* InstallSnapshot */
    uint32_t sender;                  /* its candidate or leader */
};

static bool decode_request(const struct frame *frame, struct request *request)
{
    struct message_request *head = &request->head;

    if (!message_request(frame->payload, frame->payload_len, head))
        return false;
    switch (frame->method) {
    case METHOD_VOTE:
        if (!message_vote_request(head->body, head->body_len, &request->vote))
            return false;
        request->sender = request->vote.candidate;
        return true;
    case METHOD_APPEND:
        if (!message_append_request(head->body, head->body_len,
                                    &request->append))
            return false;
        request->sender = request->append.leader;
        return true;
    default:
        if (!message_snapshot_request(head->body, head->body_len,
                                      &request->snapshot))
            return false;
        request->sender = request->snapshot.leader;
        return true;
    }
}

static uint64_t see_request(struct election *check,
                            const struct seen_frame *seen, int from, int to)
{
    struct request request = {0};

    if (!decode_request(seen->frame, &request)) {
        rule_decodes(check, seen, from);
        return 0;
    }
    if (seen->frame->method == METHOD_SNAPSHOT || request.append.count > 0)
        check->has_entries = true;
    if (seen->dialler != seen->from) {
        rule_stream(check, seen, from);
        return 0;
    }
    if (request.sender != (uint32_t)seen->from) {
        rule_sender(check, seen, from, request.sender);
        return 0;
    }
    if (seen->frame->method == METHOD_VOTE) {
        see_vote_request(check, seen, from, to, &request.vote);
        return 0;
    }
    if (seen->frame->method == METHOD_SNAPSHOT) {
        see_leader(check, seen, from, request.snapshot.term);
        return 0;
    }
    see_leader(check, seen, from, request.append.term);
    if (request.head.sequence != 0)
        return 0;
    return APPEND_TOKEN(
        add_call(&check->appends, seen, from, to, request.append.term)->token);
}

static uint64_t see_vote_answer(struct election *check,
                                const struct seen_frame *seen, int from,
                                const struct vote_answer *answer)
{
    struct node_facts *node = &check->nodes[from];
    struct call *call = answered_call(&check->votes, seen, from);
    struct term_facts *facts;

    if (!answer->granted || call == NULL)
        return 0;
    node->granted_term = max_u64(node->granted_term, call->term);
    rule_grant_term(check, seen, from, call, answer);
    rule_log_check(check, seen, from, call);
    facts = terms_at(&check->terms, call->term);
    if (facts != NULL && answer->term == call->term)
        rule_vote_once(check, seen, from, call->caller, facts);
    return VOTE_TOKEN(call->token);
}

static void see_append_answer(struct election *check,
                              const struct seen_frame *seen, int from,
                              const struct append_answer *answer)
{
    struct node_facts *node = &check->nodes[from];
    const struct call *call = answered_call(&check->appends, seen, from);

    if (!answer->success || call == NULL || answer->term != call->term ||
        call->delivered_us == 0 || call->delivered_us < node->life_us ||
        (node->has_heard && call->delivered_us < node->heard_us))
        return;
    node->has_heard = true;
    node->heard_us = call->delivered_us;
    node->heard_term = call->term;
    node->heard_frame = call->frame;
}

static uint64_t see_reply(struct election *check, const struct seen_frame *seen,
                          int from)
{
    struct message_reply reply;
    struct vote_answer vote;
    struct append_answer append;
    struct snapshot_answer snapshot;

    if (!message_reply(seen->frame->payload, seen->frame->payload_len,
                       &reply)) {
        rule_decodes(check, seen, from);
        return 0;
    }
    if (reply.outcome != 0)
        return 0; /* an error's text */
    switch (seen->frame->method) {
    case METHOD_VOTE:
        if (message_vote_answer(reply.body, reply.body_len, &vote))
            return see_vote_answer(check, seen, from, &vote);
        break;
    case METHOD_APPEND:
        if (message_append_answer(reply.body, reply.body_len, &append)) {
            see_append_answer(check, seen, from, &append);
            return 0;
        }
        break;
    default:
        if (message_snapshot_answer(reply.body, reply.body_len, &snapshot))
            return 0;
        break;
    }
    rule_decodes(check, seen, from);
    return 0;
}

uint64_t election_sent(struct election *check, const struct seen_frame *seen)
{
    int from = place_of(check, seen->from);
    int to = place_of(check, seen->to);

    if (from == NOBODY || to == NOBODY ||
        message_method_name(seen->frame->method) == NULL)
        return 0;
    if (seen->frame->type == FRAME_REQUEST)
        return see_request(check, seen, from, to);
    if (seen->frame->type == FRAME_REPLY && seen->dialler == seen->to)
        return see_reply(check, seen, from);
    return 0;
}

void election_delivered(struct election *check, uint64_t token, uint64_t now_us)
{
    struct call *call;

    if (token == 0)
        return;
    if ((token & 1) != 0) {
        call = calls_at(&check->appends, token >> 1);
        if (call != NULL && call->delivered_us == 0)
            call->delivered_us = now_us;
        return;
    }
    call = calls_at(&check->votes, token >> 1);
    if (call != NULL) {
        struct term_facts *facts = terms_at(&check->terms, call->term);

        if (facts != NULL)
            facts->grants[call->caller] |= 1u << call->callee;
    }
}

bool election_found(struct election *check, struct violation *violation)
{
    return verdict_take(&check->verdicts, violation);
}
