/*
 * rpc_commands.c - lab 1's node: calls on a client's order.
 *
 *     RPC.CALL peer method body [TIMEOUT ms] [WITHIN ms] [NAME name]
 *                               [ATTEMPT ms] [SESSION name]
 *     RPC.MANY peer method body count [TIMEOUT ms] [WINDOW n]
 *     RPC.CANCEL name       gives up the calls of that name: how many
 *     RPC.PENDING           calls that wait
 *     RPC.UP peer           1: a stream to it is up
 *     RPC.PING peer ms
 *     ONCE.COUNT            clients remembered for at-most-once
 *
 * WITHIN opens a cancel scope with a deadline around the call. ATTEMPT makes
 * it await_call_retry; SESSION makes it count once, the calls of one session
 * going one at a time. RPC.MANY answers with outcomes and how often each was.
 */
#include <stdlib.h>
#include <string.h>

#include "cancel.h"
#include "co.h"
#include "event.h"
#include "node.h"
#include "rpc_app.h"
#include "service.h"

#define MAX_SESSIONS    1024 /* of this node's clients */
#define MAX_OUTCOMES    16   /* that differ, in one RPC.MANY */
#define STANDARD_WINDOW 64   /* RPC.MANY: calls under way at once */

/* A call that RPC.CANCEL can find. */
struct named_call {
    struct bytes name;    /* as its command says */
    struct cancel *scope; /* fires it */
    struct list link;     /* among all */
};

/* A session of the stage's, by a client's name for it. */
struct named_session {
    struct list link;           /* among all; first, for leak checkers */
    struct buf name;            /* the client's name for it */
    struct rpc_session session; /* the stage's */
    bool is_busy;               /* a call of it is under way */
};

static struct list named_calls;    /* under way */
static struct list named_sessions; /* all that were ever used */
static int session_count;          /* how many those are */
static struct cond session_free;   /* one is no longer busy */

/* The session of that name, opened if need be; NULL: there are too many. */
static struct named_session *find_session(struct bytes name)
{
    list_each(at, &named_sessions) {
        struct named_session *session = list_entry(at, struct named_session,
                                                   link);

        if (bytes_equal(buf_span(&session->name), name))
            return session;
    }
    if (session_count == MAX_SESSIONS)
        return NULL;

    struct named_session *session = calloc(1, sizeof *session);
    if (!session)
        node_fatal("out of memory for a session");
    put_bytes(&session->name, name);
    rpc_session_open(&session->session);
    list_add(&named_sessions, &session->link);
    session_count++;
    return session;
}

/* A call with retries, of a session if it names one. */
static int await_retried(const struct rpc_call *call,
                         const struct call_options *options, struct buf *reply)
{
    uint32_t attempt_ms = (uint32_t)options->attempt_ms;
    struct named_session *session;

    if (options->session.len == 0)
        return await_call_retry(call, attempt_ms, NULL, reply);
    session = find_session(options->session);
    if (!session)
        return TOO_LARGE;
    while (session->is_busy) {
        int outcome = await_cond(&session_free);
        if (outcome != OK)
            return outcome;
    }
    session->is_busy = true;
    int outcome = await_call_retry(call, attempt_ms, &session->session, reply);
    session->is_busy = false;
    cond_broadcast(&session_free);
    return outcome;
}

/* One call as the options say, under a scope that RPC.CANCEL can fire. */
static int await_ordered(const struct rpc_call *call,
                         const struct call_options *options, struct buf *reply)
{
    struct cancel scope;
    struct named_call named = {.name = options->name, .scope = &scope};

    cancel_open(&scope);
    if (options->within_ms > 0)
        cancel_after(&scope, (uint32_t)options->within_ms);
    list_add(&named_calls, &named.link);
    int outcome = options->attempt_ms > 0 ? await_retried(call, options, reply)
                                          : await_call(call, reply);
    list_remove(&named.link);
    cancel_close(&scope);
    return outcome;
}

/* Reads the peer, the method, its body and the options, which begin at word
 * number first. On false the request has its reply. */
static bool take_call(struct client_request *request, int first,
                      struct rpc_call *call, struct buf *body,
                      struct call_options *options)
{
    uint64_t peer;

    if (!app_number(request, 1, MAX_NODES - 1, &peer) ||
        !app_question(request, 2, &call->method, body) ||
        !app_options(request, first, options))
        return false;
    if (options->session.len > 0 && options->attempt_ms == 0)
        options->attempt_ms = options->timeout_ms;
    call->peer = (int)peer;
    call->body = buf_span(body);
    call->timeout_ms = (uint32_t)options->timeout_ms;
    return true;
}

static void await_call_command(struct client_request *request)
{
    struct rpc_call call = {0};
    struct call_options options;
    struct buf body = {0};
    struct buf reply = {0};

    if (take_call(request, 4, &call, &body, &options)) {
        int outcome = await_ordered(&call, &options, &reply);

        app_answer(request->reply, call.method, outcome, buf_span(&reply));
    }
    buf_free(&body);
    buf_free(&reply);
}

/* RPC.MANY under way: its workers share it. */
struct many {
    struct rpc_call call; /* what each makes */
    uint64_t left;        /* calls to make */
    int workers;          /* that have not ended */
    struct cond ended;    /* a worker has */
    int outcome_count;    /* different outcomes so far */
    struct {
        int outcome;    /* which */
        uint64_t count; /* how often */
    } outcomes[MAX_OUTCOMES];
};

static void count_outcome(struct many *many, int outcome)
{
    int i = 0;

    while (i < many->outcome_count && many->outcomes[i].outcome != outcome)
        i++;
    if (i == MAX_OUTCOMES)
        return;
    if (i == many->outcome_count) {
        many->outcomes[i].outcome = outcome;
        many->outcomes[i].count = 0;
        many->outcome_count++;
    }
    many->outcomes[i].count++;
}

static void make_many(void *arg)
{
    struct many *many = arg;

    while (many->left > 0) {
        struct buf reply = {0};

        many->left--;
        count_outcome(many, await_call(&many->call, &reply));
        buf_free(&reply);
    }
    many->workers--;
    cond_broadcast(&many->ended);
}

static void await_many_command(struct client_request *request)
{
    struct many many = {0};
    struct call_options options;
    struct buf body = {0};

    if (!take_call(request, 5, &many.call, &body, &options) ||
        !app_number(request, 4, UINT32_MAX, &many.left)) {
        buf_free(&body);
        return;
    }
    uint64_t window = options.window > 0 ? options.window : STANDARD_WINDOW;
    if (window > many.left)
        window = many.left;
    cond_init(&many.ended, "the calls of RPC.MANY");
    for (uint64_t i = 0; i < window; i++) {
        many.workers++;
        co_spawn("RPC.MANY", make_many, &many);
    }
    while (many.workers > 0)
        await_cond(&many.ended);

    resp_array(request->reply, 2 * many.outcome_count);
    for (int i = 0; i < many.outcome_count; i++) {
        resp_text(request->reply, outcome_name(many.outcomes[i].outcome));
        resp_int(request->reply, (int64_t)many.outcomes[i].count);
    }
    buf_free(&body);
}

static void await_cancel_command(struct client_request *request)
{
    int fired = 0;

    list_each(at, &named_calls) {
        struct named_call *named = list_entry(at, struct named_call, link);

        if (!bytes_equal(named->name, request->argv[1]))
            continue;
        cancel_fire(named->scope, CANCELLED);
        fired++;
    }
    resp_int(request->reply, fired);
}

static void await_pending_command(struct client_request *request)
{
    resp_int(request->reply, (int64_t)rpc_pending());
}

static void await_up_command(struct client_request *request)
{
    uint64_t peer;

    if (app_number(request, 1, MAX_NODES - 1, &peer))
        resp_int(request->reply, rpc_is_up((int)peer));
}

static void await_ping_command(struct client_request *request)
{
    uint64_t peer;
    uint64_t timeout_ms;

    if (!app_number(request, 1, MAX_NODES - 1, &peer) ||
        !app_number(request, 2, UINT32_MAX, &timeout_ms))
        return;
    int outcome = await_rpc_ping((int)peer, (uint32_t)timeout_ms);
    if (outcome == OK)
        resp_simple(request->reply, "OK");
    else
        resp_error(request->reply, "%s", outcome_name(outcome));
}

static void await_once_count_command(struct client_request *request)
{
    resp_int(request->reply, (int64_t)once_count());
}

void rpc_commands_start(void)
{
    list_init(&named_calls);
    list_init(&named_sessions);
    cond_init(&session_free, "an earlier call of the session");
    client_command("RPC.CALL", 4, 0, await_call_command);
    client_command("RPC.MANY", 5, 0, await_many_command);
    client_command("RPC.CANCEL", 2, 2, await_cancel_command);
    client_command("RPC.PENDING", 1, 1, await_pending_command);
    client_command("RPC.UP", 2, 2, await_up_command);
    client_command("RPC.PING", 3, 3, await_ping_command);
    client_command("ONCE.COUNT", 1, 1, await_once_count_command);
}
