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

int await_group_add(struct group *group, int member, uint32_t timeout_ms)
{
    /* Your code here. */
    (void)group;
    (void)member;
    (void)timeout_ms;
    return RPC_FAILED;
}

void group_remove(struct group *group, int member)
{
    /* Your code here. */
    (void)group;
    (void)member;
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
    /* Your code here. */
    (void)group;
    (void)call;
    (void)need;
    (void)agrees;
    (void)arg;
    *result = (struct group_result){.verdict = QUORUM_NO};
    return RPC_FAILED;
}

int await_group_all(const struct group *group, const struct rpc_call *call,
                    struct group_result *result)
{
    /* Your code here. */
    (void)group;
    (void)call;
    *result = (struct group_result){.verdict = QUORUM_NO};
    return RPC_FAILED;
}
