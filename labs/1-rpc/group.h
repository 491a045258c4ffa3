/*
 * group.h - Lab 1, part C: calls to many.
 *
 * A group is a set of nodes that is asked as one. Each member is asked in a
 * coroutine of its own, so that a dead member delays nobody.
 */
#ifndef CONCLAVE_GROUP_H
#define CONCLAVE_GROUP_H

#include "event.h"
#include "rpc.h"

/* Nodes to be asked together. {0} is the empty group. */
struct group {
    int members[MAX_NODES]; /* ids, in the order they were added */
    int count;              /* how many */
};

/*
 * Adds a member after checking that it answers the health method within
 * timeout_ms. OK, BAD_BYTES if it is not of the configuration, TOO_LARGE if
 * the group is full, or the outcome of the check; adding a member twice
 * changes nothing.
 */
int await_group_add(struct group *group, int member, uint32_t timeout_ms);

/* Takes a member out; calls under way are not affected. */
void group_remove(struct group *group, int member);

/* What one member answered. */
struct group_answer {
    int member;       /* who */
    int outcome;      /* of its call; CANCELLED if it was not waited for */
    struct buf reply; /* its reply, or the text of its error */
};

/* What a group call came to. Freed with group_result_free. */
struct group_result {
    struct group_answer answers[MAX_NODES]; /* in the group's order */
    int count;                              /* as many as were asked */
    int agreed;                             /* answers that counted as yes */
    enum verdict verdict;                   /* YES or NO; NO if not decided */
};

void group_result_free(struct group_result *result);

/* Whether a member's successful reply counts as a yes; NULL: all do. */
typedef bool (*group_agrees)(void *arg, int member, struct bytes reply);

/*
 * Asks every member (call->peer is ignored) and returns as soon as the answer
 * is known: YES when need agreed, NO when need can no longer agree. A member
 * that fails or whose call errs has answered no. Calls still under way are then
 * cancelled, and have ended when this returns. A member added or removed
 * meanwhile does not change the call. need 1 is "first", need group->count is
 * "all agree". Returns OK, or why it was cancelled; the caller's own token and
 * deadline hold.
 */
int await_group_quorum(const struct group *group, const struct rpc_call *call,
                       int need, group_agrees agrees, void *arg,
                       struct group_result *result);

/* Asks every member and waits until each has answered or failed. */
int await_group_all(const struct group *group, const struct rpc_call *call,
                    struct group_result *result);

#endif
