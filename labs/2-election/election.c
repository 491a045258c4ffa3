/*
 * election.c - Lab 2: choosing a leader.
 *
 * Time is cut into terms. In each term a node gives its vote to at most one
 * candidate, and who has the votes of a majority leads. Any two majorities
 * share a node, so a term has one leader or none. All of it rests on
 *
 *     the invariant: before anybody else can know that this node has voted in
 *     a term, or has seen it begin, the node will remember it for ever.
 *
 * What runs here:
 *
 *     election_timer   one coroutine, always there: waits for the deadline,
 *                      which every sign of a leader pushes back, and then
 *                      stands for election
 *     run_campaign     one a candidacy: makes the own vote durable, sends the
 *                      askers out, waits for the verdict
 *     ask              one a candidacy and peer: asks until there is an answer
 *     await_vote       one a RequestVote that arrives: the voter's side
 *
 *              no sign of a leader             votes of a majority
 *     FOLLOWER -------------------> CANDIDATE --------------------> LEADER
 *        ^  ^                        |  |  ^                          |
 *        |  +------------------------+  +--+ no verdict in time:      |
 *        |    this term's leader spoke       the next term            |
 *        +------------------------------------------------------------+
 *                       a message of a higher term
 *
 * After every await_ the term and the role may be others: whoever has waited
 * asks again whether what it was doing still means anything.
 */
#include "election.h"

#include <stdlib.h>

#include "co.h"
#include "node.h"
#include "raft_msg.h"
#include "store.h"

/* When the election timer rings, on this node's monotonic clock. */
static uint64_t deadline_us;

/* Draws a fresh timeout, which starts to run now. */
static void restart_timer(void)
{
    /* Your code here. */
    deadline_us = UINT64_MAX;
}

/* Writes currentTerm and votedFor: in memory at once, durable after the next
 * await_store_sync. */
static void set_vote(uint64_t term, int voted_for)
{
    raft.current_term = term;
    raft.voted_for = voted_for;
    store_set_vote(term, voted_for);
    log_term(term);
}

/* Writes role and leader, and tells those who wait for a change. */
static void set_role(enum role role, int leader)
{
    if (raft.role != role || raft.leader != leader)
        LOG("role", "%s, leader %d", role_name(role), leader);
    raft.role = role;
    raft.leader = leader;
    cond_broadcast(&raft.changed);
}

void election_saw_term(uint64_t term)
{
    /* Your code here; set_vote and set_role are for you to use. */
    (void)term;
    (void)set_vote;
    (void)set_role;
}

void election_heard_leader(int leader)
{
    /* Your code here. */
    (void)leader;
}

/* ---- The voter ---------------------------------------------------------- */

/* Whether the candidate's log is at least as up-to-date as ours: the later last
 * term wins, then the longer log (section 5.4.1). */
static bool is_up_to_date(const struct request_vote *args)
{
    /* Your code here. */
    (void)args;
    return false;
}

/* Whether the candidate may have our vote (Figure 2, RequestVote, receiver
 * rules 1 and 2). */
static bool may_vote_for(const struct request_vote *args)
{
    bool is_current = false; /* rule 1: it asks for our own term */
    bool is_free = false;    /* rule 2: the vote is not another's */

    /* Your code here. */
    return is_current && is_free && is_up_to_date(args);
}

/* Serves one RequestVote. */
static int await_vote(void *arg, const struct rpc_request *request,
                      struct buf *reply)
{
    struct request_vote args;
    struct vote_reply answer = {0};
    (void)arg;

    if (get_request_vote(request->body, &args) != OK) {
        put_bytes(reply, bytes_text("RequestVote: the body does not decode"));
        return RPC_FAILED;
    }
    if (args.candidate != request->from) {
        put_bytes(reply, bytes_text("RequestVote: asks for another node"));
        return RPC_FAILED;
    }
    /* Your code here: who gets the vote, and when may it be told? */
    (void)may_vote_for;
    put_vote_reply(reply, &answer);
    return OK;
}

/* ---- The candidate ------------------------------------------------------ */

/*
 * One candidacy. It is shared by the coroutines of the campaign, which end at
 * different times, the last perhaps after the next candidacy has begun: see to
 * it that nobody uses one that is gone.
 */
struct campaign {
    struct request_vote args; /* what every peer is asked */
    struct quorum votes;      /* what they said */
    /* Your fields here. */
};

/* Whether this node still stands for election in a term. */
static bool is_standing(uint64_t term)
{
    return raft.role == CANDIDATE && raft.current_term == term;
}

/* Your code here: the coroutines of a campaign. */

/* Figure 2, Candidates, rule 1: on conversion to candidate, start election. */
static void start_campaign(void)
{
    /* Your code here. */
    (void)is_standing;
}

/* ---- The timer ---------------------------------------------------------- */

/* Waits until this node, not being leader, has heard of none for as long as its
 * timeout. OK, or why the wait was cancelled. */
static int await_timeout(void)
{
    /* Your code here. */
    return CANCELLED;
}

/* Figure 2, Followers rule 2 and Candidates rule 4: an election timeout begins
 * an election, again and again. */
static void election_timer(void *arg)
{
    (void)arg;
    while (await_timeout() == OK)
        start_campaign();
}

void election_start(void)
{
    log_term(raft.current_term);
    restart_timer();
    rpc_handle(METHOD_REQUEST_VOTE, await_vote, NULL);
    co_spawn("election timer", election_timer, NULL);
}
