/*
 * group.c - Lab 1, part C: one question, many answers.
 *
 * Every member is asked in a coroutine of its own. The whole call lies on its
 * caller's stack, which is safe because it waits for all of them to end,
 * whether they were answered or cancelled.
 */
#include "group.h"

#include "cancel.h"
#include "co.h"
#include "event.h"
#include "service.h"

// BEGIN SOLUTION:
/* A group call under way. */
struct group_call {
    const struct rpc_call *call; /* the question */
    group_agrees agrees;         /* what counts as a yes; NULL: any reply */
    void *arg;                   /* given to agrees */
    struct group_result *result; /* the answers so far */
    struct quorum quorum;        /* the votes so far */
    int running;                 /* members not yet done with */
    struct cond ended;           /* broadcast when one more is */
};

/* One member's part in it. */
struct asking {
    struct group_call *whole; /* of which this is a part */
    int place;                /* of the member in the result */
};

static void ask(void *arg)
{
    struct asking *asking = arg;
    struct group_call *whole = asking->whole;
    struct group_answer *answer = &whole->result->answers[asking->place];
    struct rpc_call call = *whole->call;

    call.peer = answer->member;
    answer->outcome = await_call(&call, &answer->reply);

    struct bytes reply = buf_span(&answer->reply);
    bool agrees = answer->outcome == OK &&
                  (!whole->agrees ||
                   whole->agrees(whole->arg, answer->member, reply));
    quorum_vote(&whole->quorum, answer->member, agrees);
    whole->running--;
    cond_broadcast(&whole->ended);
}

static int await_all_ended(struct group_call *whole)
{
    int outcome = OK;

    while (whole->running > 0 && outcome == OK)
        outcome = await_cond(&whole->ended);
    return outcome;
}

/* Asks all members; waits for the verdict, or for every answer. */
static int await_group(struct group_call *whole, bool wants_every_answer)
{
    struct asking askings[MAX_NODES];
    struct group_result *result = whole->result;
    struct cancel scope;

    cond_init(&whole->ended, "the members of a group");
    cancel_open(&scope);
    for (int i = 0; i < result->count; i++) {
        askings[i] = (struct asking){whole, i};
        whole->running++;
        co_spawn_under(&scope, "ask member", ask, &askings[i]);
    }

    int outcome = wants_every_answer ? await_all_ended(whole)
                                     : await_event(&whole->quorum.decided);
    result->agreed = whole->quorum.agreed;
    if (whole->quorum.decided.value == QUORUM_YES)
        result->verdict = QUORUM_YES;

    cancel_fire(&scope, CANCELLED);
    struct cancel *none = co_use(NULL); /* they end now, and must have ended */
    await_all_ended(whole);
    co_use(none);
    cancel_close(&scope);
    return outcome;
}

/* Fills in who is asked. */
static void result_init(struct group_result *result, const struct group *group)
{
    *result = (struct group_result){.count = group->count,
                                    .verdict = QUORUM_NO};
    for (int i = 0; i < group->count; i++) {
        result->answers[i].member = group->members[i];
        result->answers[i].outcome = CANCELLED;
    }
}

static bool has_member(const struct group *group, int member)
{
    for (int i = 0; i < group->count; i++)
        if (group->members[i] == member)
            return true;
    return false;
}

// END SOLUTION
int await_group_add(struct group *group, int member, uint32_t timeout_ms)
{
    // BEGIN SOLUTION:
    // | /* Your code here. */
    // | (void)group;
    // | (void)member;
    // | (void)timeout_ms;
    // | return RPC_FAILED;
    struct buf reply = {0};

    if (!config_find(node_config(), member))
        return BAD_BYTES;
    int outcome = await_call(&(struct rpc_call){.peer = member,
                                                .method = METHOD_HEALTH,
                                                .timeout_ms = timeout_ms},
                             &reply);
    buf_free(&reply);

    /* Others may have added members while we asked. */
    if (outcome != OK || has_member(group, member))
        return outcome;
    if (group->count == MAX_NODES)
        return TOO_LARGE;
    group->members[group->count++] = member;
    return OK;
    // END SOLUTION
}

void group_remove(struct group *group, int member)
{
    // BEGIN SOLUTION:
    // | /* Your code here. */
    // | (void)group;
    // | (void)member;
    int kept = 0;

    for (int i = 0; i < group->count; i++)
        if (group->members[i] != member)
            group->members[kept++] = group->members[i];
    group->count = kept;
    // END SOLUTION
}

void group_result_free(struct group_result *result)
{
    for (int i = 0; i < result->count; i++)
        buf_free(&result->answers[i].reply);
    result->count = 0;
}

int await_group_quorum(const struct group *group, const struct rpc_call *call,
                       int need, group_agrees agrees, void *arg,
                       struct group_result *result)
{
    // BEGIN SOLUTION:
    // | /* Your code here. */
    // | (void)group;
    // | (void)call;
    // | (void)need;
    // | (void)agrees;
    // | (void)arg;
    // | *result = (struct group_result){.verdict = QUORUM_NO};
    // | return RPC_FAILED;
    struct group_call whole = {
        .call = call, .agrees = agrees, .arg = arg, .result = result};

    result_init(result, group);
    if (need < 1 || need > group->count) {
        result->verdict = need < 1 ? QUORUM_YES : QUORUM_NO;
        return OK; /* known without asking */
    }
    quorum_init(&whole.quorum, "a quorum of a group", group->count, need);
    return await_group(&whole, false);
    // END SOLUTION
}

int await_group_all(const struct group *group, const struct rpc_call *call,
                    struct group_result *result)
{
    // BEGIN SOLUTION:
    // | /* Your code here. */
    // | (void)group;
    // | (void)call;
    // | *result = (struct group_result){.verdict = QUORUM_NO};
    // | return RPC_FAILED;
    struct group_call whole = {.call = call, .result = result};

    result_init(result, group);
    if (group->count == 0) {
        result->verdict = QUORUM_YES;
        return OK;
    }
    quorum_init(&whole.quorum, "all of a group", group->count, group->count);
    return await_group(&whole, true);
    // END SOLUTION
}
