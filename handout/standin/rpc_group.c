/*
 * rpc_group.c - lab 1's node: group calls on a client's order. A node has one
 * group here, empty at first.
 *
 *     GROUP.ADD member [TIMEOUT ms]
 *     GROUP.REMOVE member
 *     GROUP.MEMBERS
 *     GROUP.ALL method body [TIMEOUT ms]
 *     GROUP.QUORUM need method body [TIMEOUT ms] [WITHIN ms] [AGREE text]
 *
 * A group call is answered by an array: YES or NO, how many agreed, and for
 * each member its id, its outcome and its reply. AGREE names the reply that
 * counts as a yes; without it every reply does.
 */
#include "cancel.h"
#include "group.h"
#include "node.h"
#include "rpc_app.h"

static struct group group;

/* An outcome as a command's whole reply. */
static void answer_outcome(struct client_request *request, int outcome)
{
    if (outcome == OK)
        resp_simple(request->reply, "OK");
    else
        resp_error(request->reply, "%s", outcome_name(outcome));
}

static void await_add_command(struct client_request *request)
{
    struct call_options options;
    int64_t member;

    if (resp_to_int(request->argv[1], &member) != OK || member < INT32_MIN ||
        member > INT32_MAX) {
        resp_error(request->reply, "ERR a member is a node's id");
        return;
    }
    if (app_options(request, 2, &options))
        answer_outcome(request, await_group_add(&group, (int)member,
                                                (uint32_t)options.timeout_ms));
}

static void await_remove_command(struct client_request *request)
{
    uint64_t member;

    if (!app_number(request, 1, INT32_MAX, &member))
        return;
    group_remove(&group, (int)member);
    resp_simple(request->reply, "OK");
}

static void await_members_command(struct client_request *request)
{
    resp_array(request->reply, group.count);
    for (int i = 0; i < group.count; i++)
        resp_int(request->reply, group.members[i]);
}

static bool agrees_by_text(void *arg, int member, struct bytes reply)
{
    const struct call_options *options = arg;

    (void)member;
    return bytes_equal(reply, options->agree);
}

static const char *verdict_name(enum verdict verdict)
{
    return verdict == QUORUM_YES ? "YES" : verdict == QUORUM_NO ? "NO" : "OPEN";
}

static void answer_result(struct buf *out, const struct group_result *result)
{
    resp_array(out, 2 + 3 * result->count);
    resp_text(out, verdict_name(result->verdict));
    resp_int(out, result->agreed);
    for (int i = 0; i < result->count; i++) {
        resp_int(out, result->answers[i].member);
        resp_text(out, outcome_name(result->answers[i].outcome));
        resp_bulk(out, buf_span(&result->answers[i].reply));
    }
}

/* Both group calls: need 0 means all. The method is word number place. */
static void await_group_call(struct client_request *request, int place,
                             int need)
{
    struct group_result result = {0};
    struct rpc_call call = {0};
    struct call_options options;
    struct buf body = {0};
    struct cancel scope;

    if (!app_question(request, place, &call.method, &body) ||
        !app_options(request, place + 2, &options)) {
        buf_free(&body);
        return;
    }
    call.body = buf_span(&body);
    call.timeout_ms = (uint32_t)options.timeout_ms;

    cancel_open(&scope);
    if (options.within_ms > 0)
        cancel_after(&scope, (uint32_t)options.within_ms);
    int outcome = need == 0 ? await_group_all(&group, &call, &result)
                            : await_group_quorum(
                                  &group, &call, need,
                                  options.is_picky ? agrees_by_text : NULL,
                                  &options, &result);
    cancel_close(&scope);

    if (outcome == OK)
        answer_result(request->reply, &result);
    else
        answer_outcome(request, outcome);
    group_result_free(&result);
    buf_free(&body);
}

static void await_all_command(struct client_request *request)
{
    await_group_call(request, 1, 0);
}

static void await_quorum_command(struct client_request *request)
{
    uint64_t need;

    if (!app_number(request, 1, MAX_NODES, &need))
        return;
    if (need == 0)
        resp_error(request->reply, "ERR a quorum needs 1 or more");
    else
        await_group_call(request, 2, (int)need);
}

void rpc_group_start(void)
{
    client_command("GROUP.ADD", 2, 0, await_add_command);
    client_command("GROUP.REMOVE", 2, 2, await_remove_command);
    client_command("GROUP.MEMBERS", 1, 1, await_members_command);
    client_command("GROUP.ALL", 3, 0, await_all_command);
    client_command("GROUP.QUORUM", 4, 0, await_quorum_command);
}
