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
    // BEGIN SOLUTION:
    // | /* Your code here. */
    // | deadline_us = UINT64_MAX;
    const struct config *config = node_config();

    /* Section 5.2: at random each time, so that after a split vote one node is
     * likely to wake well before the others. */
    deadline_us = node_now_us() +
                  node_random_between(1000 * (uint64_t)config->election_min_ms,
                                      1000 * (uint64_t)config->election_max_ms);
    // END SOLUTION
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
    // BEGIN SOLUTION:
    // | /* Your code here; set_vote and set_role are for you to use. */
    // | (void)term;
    // | (void)set_vote;
    // | (void)set_role;
    /* Figure 2, All Servers, rule 2. Our own term again is no news: to forget
     * the vote for it would let us vote twice. */
    if (term <= raft.current_term)
        return;
    /* A leader's timer has been resting since it won. A follower's runs on: a
     * higher term alone is no sign of a leader. */
    if (raft.role == LEADER)
        restart_timer();
    set_vote(term, NO_NODE);
    set_role(FOLLOWER, NO_NODE);
    // END SOLUTION
}

void election_heard_leader(int leader)
{
    // BEGIN SOLUTION:
    // | /* Your code here. */
    // | (void)leader;
    /* Two leaders in a term cannot be; a message that claims it is false. */
    if (raft.role == LEADER)
        return;
    /* Figure 2, Candidates, rule 3. The term is the same: the vote stays. */
    if (raft.role != FOLLOWER || raft.leader != leader)
        set_role(FOLLOWER, leader);
    restart_timer();
    // END SOLUTION
}

/* ---- The voter ---------------------------------------------------------- */

/* Whether the candidate's log is at least as up-to-date as ours: the later last
 * term wins, then the longer log (section 5.4.1). */
static bool is_up_to_date(const struct request_vote *args)
{
    // BEGIN SOLUTION:
    // | /* Your code here. */
    // | (void)args;
    // | return false;
    uint64_t last_index = store_last_index();
    uint64_t last_term = store_term_at(last_index);

    if (args->last_log_term != last_term)
        return args->last_log_term > last_term;
    return args->last_log_index >= last_index;
    // END SOLUTION
}

/* Whether the candidate may have our vote (Figure 2, RequestVote, receiver
 * rules 1 and 2). */
static bool may_vote_for(const struct request_vote *args)
{
    bool is_current = false; /* rule 1: it asks for our own term */
    bool is_free = false;    /* rule 2: the vote is not another's */

    // BEGIN SOLUTION:
    // | /* Your code here. */
    is_current = args->term == raft.current_term;
    is_free = raft.voted_for == NO_NODE || raft.voted_for == args->candidate;
    // END SOLUTION
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
    // BEGIN SOLUTION:
    // | /* Your code here: who gets the vote, and when may it be told? */
    // | (void)may_vote_for;
    /* First of all: the request's term may make us a voter of that term. */
    election_saw_term(args.term);
    answer.granted = may_vote_for(&args);
    answer.term = raft.current_term;
    if (answer.granted) {
        set_vote(args.term, args.candidate);
        restart_timer(); /* Figure 2, Followers, rule 2 */
        LOG("vote", "granted to %d", args.candidate);
    }
    /* Figure 2: updated on stable storage before responding. A refusal waits
     * too, for it may be the first to carry a new term. */
    if (await_store_sync() != OK) {
        put_bytes(reply, bytes_text("RequestVote: the store does not sync"));
        return RPC_FAILED;
    }
    // END SOLUTION
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
    // BEGIN SOLUTION:
    // | /* Your fields here. */
    int holders; /* coroutines that still use this; the last one frees it */
    // END SOLUTION
};

/* Whether this node still stands for election in a term. */
static bool is_standing(uint64_t term)
{
    return raft.role == CANDIDATE && raft.current_term == term;
}

// BEGIN SOLUTION:
// | /* Your code here: the coroutines of a campaign. */
static void let_go(struct campaign *campaign)
{
    if (--campaign->holders == 0)
        free(campaign);
}

/* What an asker is told. */
struct errand {
    struct campaign *campaign; /* on whose behalf */
    int peer;                  /* whom to ask */
};

/* Asks once. OK: the peer has answered, and *granted says what. */
static int await_answer(const struct errand *errand, bool *granted)
{
    const struct request_vote *args = &errand->campaign->args;
    struct vote_reply answer = {0};
    struct buf body = {0};
    struct buf reply = {0};

    put_request_vote(&body, args);
    int outcome = await_rpc_call(
        &(struct rpc_call){.peer = errand->peer,
                           .method = METHOD_REQUEST_VOTE,
                           .body = buf_span(&body),
                           .timeout_ms = node_config()->rpc_timeout_ms},
        &reply);
    if (outcome == OK)
        outcome = get_vote_reply(buf_span(&reply), &answer);
    buf_free(&body);
    buf_free(&reply);
    if (outcome != OK)
        return outcome;

    election_saw_term(answer.term); /* Figure 2, All Servers, rule 2 */
    *granted = answer.granted && answer.term == args->term;
    return OK;
}

/*
 * Asks one peer for its vote. A call that fails says nothing about the vote: as
 * long as the campaign lasts it is made again, a heartbeat interval later, so
 * that a lost message need not cost a term. The budget, then: one request a
 * peer and term if the network is good, never more than one a heartbeat.
 */
static void ask(void *arg)
{
    struct errand *errand = arg;
    struct campaign *campaign = errand->campaign;
    bool granted = false;

    while (is_standing(campaign->args.term) &&
           await_answer(errand, &granted) != OK)
        await_sleep(node_config()->heartbeat_ms);
    quorum_vote(&campaign->votes, errand->peer, granted);
    free(errand);
    let_go(campaign);
}

/* Sends the askers out. */
static void ask_peers(struct campaign *campaign)
{
    const struct config *config = node_config();

    for (int i = 0; i < config->node_count; i++) {
        if (config->nodes[i].id == node_id())
            continue;
        struct errand *errand = malloc(sizeof *errand);
        if (!errand)
            node_fatal("out of memory for a RequestVote");
        *errand = (struct errand){campaign, config->nodes[i].id};
        campaign->holders++;
        co_spawn("ask for a vote", ask, errand);
    }
}

/* Sees one candidacy to its end. The votes are those of this candidacy alone:
 * a late answer to an earlier one ends up in that one's quorum. */
static void run_campaign(void *arg)
{
    struct campaign *campaign = arg;
    uint64_t term = campaign->args.term;

    /* Our vote for ourselves is a vote: durable before others can count on it,
     * and before they see the new term. */
    if (await_store_sync() == OK && is_standing(term)) {
        ask_peers(campaign);
        quorum_vote(&campaign->votes, node_id(), true);
        /* Every asker votes in the end, so there will be a verdict. */
        if (await_quorum(&campaign->votes) == QUORUM_YES && is_standing(term)) {
            set_role(LEADER, node_id());
            replication_lead();
        }
    }
    let_go(campaign);
}
// END SOLUTION

/* Figure 2, Candidates, rule 1: on conversion to candidate, start election. */
static void start_campaign(void)
{
    // BEGIN SOLUTION:
    // | /* Your code here. */
    // | (void)is_standing;
    struct campaign *campaign = calloc(1, sizeof *campaign);
    uint64_t last_index = store_last_index();
    int voters = node_config()->node_count;

    if (!campaign)
        node_fatal("out of memory for a campaign");
    set_vote(raft.current_term + 1, node_id());
    set_role(CANDIDATE, NO_NODE);
    restart_timer();
    campaign->args = (struct request_vote){
        .term = raft.current_term,
        .candidate = node_id(),
        .last_log_index = last_index,
        .last_log_term = store_term_at(last_index),
    };
    quorum_init(&campaign->votes, "votes", voters, majority(voters));
    campaign->holders = 1;
    co_spawn("campaign", run_campaign, campaign);
    // END SOLUTION
}

/* ---- The timer ---------------------------------------------------------- */

/* Waits until this node, not being leader, has heard of none for as long as its
 * timeout. OK, or why the wait was cancelled. */
static int await_timeout(void)
{
    // BEGIN SOLUTION:
    // | /* Your code here. */
    // | return CANCELLED;
    uint64_t shortest_us = 1000 * (uint64_t)node_config()->election_min_ms;

    for (;;) {
        uint64_t now_us = node_now_us();
        int outcome;

        if (raft.role == LEADER) {
            outcome = await_cond(&raft.changed);
        } else if (now_us < deadline_us) {
            /* The deadline may move while we sleep, even to an earlier time
             * than it was; but never to one within the shortest timeout. */
            uint64_t left_us = deadline_us - now_us;
            outcome = await_sleep_us(left_us < shortest_us ? left_us
                                                           : shortest_us);
        } else {
            return OK;
        }
        if (outcome != OK)
            return outcome;
    }
    // END SOLUTION
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
