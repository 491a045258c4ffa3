/*
 * serve.c - Lab 1, part A: requests of theirs, from arrival to reply.
 *
 * Every request runs in a coroutine of its own, under a token of its own,
 * which fires when nobody waits for the reply any longer: at its deadline, on a
 * CANCEL, when the stream ends.
 *
 * The invariant: a serving owns what its coroutine uses; the link may go at
 * any time, and then serving->link is NULL.
 */
#include <assert.h>
#include <stdlib.h>

#include "cancel.h"
#include "co.h"
#include "link.h"
#include "retry.h"

/* A method and who handles it. */
struct method {
    uint16_t number;     /* on the wire */
    rpc_handler handler; /* what serves it */
    void *arg;           /* given to it */
};

static struct method methods[RPC_MAX_METHODS];
static int method_count;

// BEGIN SOLUTION:
/* A request under way. */
struct serving {
    struct rpc_request request; /* what is asked */
    struct buf body;            /* of the request, ours now */
    uint64_t call_id;           /* its name on the wire */
    struct link *link;          /* where the reply goes; NULL: nowhere */
    struct cancel token;        /* fires when nobody waits any longer */
    struct list in_link;        /* among the link's servings */
};

/* As much of a text as a reply may hold, without half a UTF-8 character. */
static struct bytes cut_text(struct bytes text)
{
    if (text.len <= RPC_MAX_ERROR_BYTES)
        return text;
    text.len = RPC_MAX_ERROR_BYTES;
    while (text.len > 0 && (text.data[text.len] & 0xC0) == 0x80)
        text.len--;
    return text;
}

static void send_reply(struct serving *serving, int outcome, struct bytes body)
{
    if (outcome == OK && body.len > RPC_MAX_BODY_BYTES) {
        outcome = RPC_FAILED;
        body = bytes_text("the reply is larger than RPC_MAX_BODY_BYTES");
    }
    if (outcome != OK)
        body = cut_text(body);

    struct buf *out = link_begin(FRAME_REPLY, serving->request.method,
                                 serving->call_id, 4 + body.len);
    put_u32(out, (uint32_t)outcome);
    put_bytes(out, body);
    link_send(serving->link);
}

static void serve(void *arg)
{
    struct serving *serving = arg;
    struct buf reply = {0};
    int outcome = await_serve(&serving->request, &reply);

    if (serving->link)
        send_reply(serving, outcome, buf_span(&reply));
    buf_free(&reply);
    list_remove(&serving->in_link);
    cancel_fire(&serving->token, RPC_CANCELLED);
    cancel_release(&serving->token);
    buf_free(&serving->body);
    free(serving);
}

/* Nobody waits for the reply: the handler may stop. */
static void give_up(struct serving *serving)
{
    list_remove(&serving->in_link);
    serving->link = NULL;
    cancel_fire(&serving->token, RPC_CANCELLED);
}

// END SOLUTION
void rpc_handle(uint16_t number, rpc_handler await_handler, void *arg)
{
    assert(method_count < RPC_MAX_METHODS);
    methods[method_count++] = (struct method){number, await_handler, arg};
}

int await_rpc_handler(const struct rpc_request *request, struct buf *reply)
{
    // BEGIN SOLUTION:
    // | /* Your code here. */
    // | (void)request;
    // | (void)reply;
    // | return RPC_NO_METHOD;
    for (int i = 0; i < method_count; i++)
        if (methods[i].number == request->method)
            return methods[i].handler(methods[i].arg, request, reply);
    put_bytes(reply, bytes_text("no such method"));
    return RPC_NO_METHOD;
    // END SOLUTION
}

void serve_on_request(struct link *link, const struct frame *frame)
{
    // BEGIN SOLUTION:
    // | /* Your code here. */
    // | (void)link;
    // | (void)frame;
    struct wire_in in = wire_in(frame->payload);
    uint32_t budget_ms = get_u32(&in);
    uint64_t client = get_u64(&in);
    uint64_t sequence = get_u64(&in);
    struct bytes body = get_rest(&in);

    if (wire_end(&in) != OK)
        return; /* it has no head, so nobody can expect a reply */

    struct serving *serving = calloc(1, sizeof *serving);
    if (!serving)
        node_fatal("out of memory: no room for one more request");
    put_bytes(&serving->body, body);
    serving->call_id = frame->call_id;
    serving->link = link;
    serving->request = (struct rpc_request){
        .from = link->peer,
        .method = frame->method,
        .body = buf_span(&serving->body),
        .client = client,
        .sequence = sequence,
        .deadline_us = node_now_us() + (uint64_t)budget_ms * 1000,
    };
    list_add(&link->servings, &serving->in_link);
    cancel_init(&serving->token, NULL);
    cancel_at(&serving->token, serving->request.deadline_us);
    co_spawn_under(&serving->token, "serve", serve, serving);
    // END SOLUTION
}

void serve_on_cancel(struct link *link, const struct frame *frame)
{
    // BEGIN SOLUTION:
    // | /* Your code here. */
    // | (void)link;
    // | (void)frame;
    list_each(at, &link->servings) {
        struct serving *serving = list_entry(at, struct serving, in_link);

        if (serving->call_id == frame->call_id) {
            give_up(serving);
            return;
        }
    }
    // END SOLUTION
}

void serve_on_link_end(struct link *link)
{
    // BEGIN SOLUTION:
    // | /* Your code here. */
    // | (void)link;
    while (!list_empty(&link->servings))
        give_up(list_entry(link->servings.next, struct serving, in_link));
    // END SOLUTION
}
