/*
 * rules.c - one function for each rule of elections. Why each is sound stands
 * in election.h.
 */
#include <stdarg.h>

#include "facts.h"

/* Ids and numbers as printf wants them. */
#define ID(place) (check->nodes[place].id)
#define U(number) ((unsigned long long)(number))

/*
 * Begins a report about a node, with what was expected. NULL if the node is
 * not judged or the report would repeat one.
 */
__attribute__((format(printf, 6, 7))) static struct violation *broken(
    struct election *check, const struct seen_frame *seen, int place,
    const char *rule, uint64_t term, const char *expected, ...)
{
    struct violation *violation;
    va_list args;

    if (!check->is_on || !check->nodes[place].is_judged)
        return NULL;
    va_start(args, expected);
    violation = verdict_vexpected(&check->verdicts, seen->time_us, ID(place),
                                  rule, term, expected, args);
    va_end(args);
    return violation;
}

static const char *method(const struct seen_frame *seen)
{
    return message_method_name(seen->frame->method);
}

void rule_vote_once(struct election *check, const struct seen_frame *seen,
                    int place, int candidate, struct term_facts *facts)
{
    int before = facts->vote[place];

    if (before == NOBODY) {
        facts->vote[place] = candidate;
        facts->vote_frame[place] = seen->number;
        return;
    }
    if (before == candidate)
        return;
    verdict_observed(
        broken(check, seen, place, "vote-once", facts->term,
               "node %d votes for one candidate at most in term %llu",
               ID(place), U(facts->term)),
        "it voted for node %d%s in frame %llu, and for node %d%s in "
        "frame %llu",
        ID(before), before == place ? " (itself)" : "",
        U(facts->vote_frame[place]), ID(candidate),
        candidate == place ? " (itself)" : "", U(seen->number));
}

void rule_election_safety(struct election *check, const struct seen_frame *seen,
                          int place, struct term_facts *facts)
{
    if (!check->nodes[place].is_judged)
        return; /* a seat that the test plays: nobody's rival */
    if (facts->leader == NOBODY) {
        facts->leader = place;
        facts->leader_frame = seen->number;
        return;
    }
    if (facts->leader == place)
        return;
    verdict_observed(
        broken(check, seen, place, "election-safety", facts->term,
               "term %llu has one leader at most", U(facts->term)),
        "node %d led it in frame %llu, and node %d sent %s of the same "
        "term in frame %llu",
        ID(facts->leader), U(facts->leader_frame), ID(place), method(seen),
        U(seen->number));
}

void rule_vote_quorum(struct election *check, const struct seen_frame *seen,
                      int place, const struct term_facts *facts)
{
    int votes = 1; /* its own */
    int need = check->count / 2 + 1;

    for (int voter = 0; voter < check->count; voter++) {
        if (voter != place && (facts->grants[place] >> voter & 1) != 0)
            votes++;
    }
    if (votes >= need || facts->term <= check->nodes[place].unclear_term)
        return;
    verdict_observed(
        broken(check, seen, place, "vote-quorum", facts->term,
               "node %d leads term %llu only with the votes of %d of %d "
               "nodes",
               ID(place), U(facts->term), need, check->count),
        "it sent %s of term %llu in frame %llu when it had %d: its own "
        "and %d granting replies to its requests of that term",
        method(seen), U(facts->term), U(seen->number), votes, votes - 1);
}

/* Takes the request into account: which process has sent which terms. */
static void note_term(struct node_facts *node, const struct seen_frame *seen,
                      uint64_t term)
{
    if (!node->has_asked || seen->incarnation > node->newest) {
        if (node->newest_top > node->earlier_term)
            node->earlier_term = node->newest_top;
        node->has_asked = true;
        node->newest = seen->incarnation;
        node->newest_term = node->newest_top = term;
        node->newest_frame = seen->number;
    } else if (seen->incarnation < node->newest) {
        if (term > node->earlier_term)
            node->earlier_term = term;
    } else if (term < node->newest_term) {
        node->newest_term = term;
        node->newest_frame = seen->number;
    } else if (term > node->newest_top) {
        node->newest_top = term;
    }
}

void rule_term_kept(struct election *check, const struct seen_frame *seen,
                    int place, uint64_t term)
{
    struct node_facts *node = &check->nodes[place];
    uint64_t kept;

    note_term(node, seen, term);
    kept = node->earlier_term;
    if (node->newest == node->incarnation && node->granted_before > kept)
        kept = node->granted_before;
    if (node->newest_term >= kept)
        return;
    verdict_observed(
        broken(check, seen, place, "term-kept", node->newest_term,
               "node %d remembers after a restart that its term was %llu",
               ID(place), U(kept)),
        "its process of incarnation %llu sent a request of term %llu in "
        "frame %llu",
        U(node->newest), U(node->newest_term), U(node->newest_frame));
}

void rule_silence(struct election *check, const struct seen_frame *seen,
                  int place, uint64_t term)
{
    const struct node_facts *node = &check->nodes[place];
    uint64_t silent_us = seen->time_us - node->heard_us;

    if (!node->has_heard || seen->incarnation != node->incarnation ||
        term <= node->heard_term || seen->time_us < node->heard_us ||
        silent_us >= check->silence_us)
        return;
    verdict_observed(
        broken(check, seen, place, "silence", term,
               "node %d campaigns only after it has heard no leader for "
               "at least %.1f ms",
               ID(place), (double)check->silence_us / 1000),
        "it accepted AppendEntries of term %llu (frame %llu), and asked "
        "for votes in term %llu only %.1f ms later (frame %llu)",
        U(node->heard_term), U(node->heard_frame), U(term),
        (double)silent_us / 1000, U(seen->number));
}

void rule_grant_term(struct election *check, const struct seen_frame *seen,
                     int place, const struct call *call,
                     const struct vote_answer *answer)
{
    if (answer->term == call->term)
        return;
    verdict_observed(
        broken(check, seen, place, "grant-term", call->term,
               "node %d grants its vote in the term of the request, %llu",
               ID(place), U(call->term)),
        "its granting reply in frame %llu carries term %llu", U(seen->number),
        U(answer->term));
}

void rule_log_check(struct election *check, const struct seen_frame *seen,
                    int place, const struct call *call)
{
    const struct node_facts *node = &check->nodes[place];

    if (check->has_entries || call->last_log_term > node->log_term ||
        (call->last_log_term == node->log_term &&
         call->last_log_index >= node->log_index))
        return;
    verdict_observed(
        broken(check, seen, place, "log-check", call->term,
               "node %d, whose log ends with entry %llu of term %llu, "
               "votes only for a log at least as up to date",
               ID(place), U(node->log_index), U(node->log_term)),
        "it granted its vote of term %llu in frame %llu to node %d, whose "
        "log ends with entry %llu of term %llu",
        U(call->term), U(seen->number), ID(call->caller),
        U(call->last_log_index), U(call->last_log_term));
}

void rule_sender(struct election *check, const struct seen_frame *seen,
                 int place, uint32_t named)
{
    verdict_observed(
        broken(check, seen, place, "sender", 0,
               "a request of node %d names node %d as its %s", ID(place),
               ID(place),
               seen->frame->method == METHOD_VOTE ? "candidate" : "leader"),
        "its %s in frame %llu names node %lu", method(seen), U(seen->number),
        (unsigned long)named);
}

void rule_stream(struct election *check, const struct seen_frame *seen,
                 int place)
{
    verdict_observed(
        broken(check, seen, place, "sender", 0,
               "requests of node %d travel on streams that it dialled",
               ID(place)),
        "its %s in frame %llu came on stream %llu, dialled by node %d",
        method(seen), U(seen->number), U(seen->stream), seen->dialler);
}

void rule_decodes(struct election *check, const struct seen_frame *seen,
                  int place)
{
    bool is_request = seen->frame->type == FRAME_REQUEST;

    verdict_observed(
        broken(check, seen, place, "decodes", seen->frame->method,
               "every %s %s of node %d is laid out as docs/protocol.md "
               "says",
               method(seen), is_request ? "request" : "reply", ID(place)),
        "frame %llu, with a payload of %zu bytes, does not decode",
        U(seen->number), seen->frame->payload_len);
}
