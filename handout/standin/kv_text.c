/*
 * kv_text.c - lab 5's commands in the words of the plain text port: from a
 * request of text.h to a kv_command, from its answer to a line.
 *
 *     set, cas     -> OK <version>
 *     get          -> VALUE <numbytes>, and the value
 *     getm         -> VALUE <version> <seconds left, 0: never> <numbytes>, and
 *                     the value
 *     delete       -> DELETED
 *     otherwise    -> ERR_CMD_ERR: a key, a value or a time is too large
 *                     ERR_NOT_FOUND: there is no such key
 *                     ERR_VERSION <version>: the key has this one instead
 *                     ERR_REDIRECT <host> <port>: the leader's text port
 *                     ERR_INTERNAL: there is no answer; a write may have taken
 *                     effect, or may yet
 */
#include "kv_text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "kv.h"
#include "node.h"
#include "raft.h"
#include "text.h"

/* Of commands that share an entry, unless a single one is larger. */
#define MAX_BATCH_BYTES (128u << 10)

#define LONGEST_S (INT64_MAX / 4000) /* an expiry no sum of which overflows */

/* ---- From words ------------------------------------------------------------ */

/* What a request asks for. False: it cannot be asked. */
static bool read_command(const struct client_request *request,
                         struct kv_command *command)
{
    const struct bytes *words = request->argv;
    uint64_t expires_in_s = 0;

    *command = (struct kv_command){
        .op = KV_GET, .keys = &words[1], .key_count = 1};
    if (resp_is(words[0], "delete"))
        command->op = KV_DEL;
    if (resp_is(words[0], "set"))
        command->op = KV_SET;
    if (resp_is(words[0], "cas"))
        command->op = KV_CAS;
    if (command->op == KV_SET || command->op == KV_CAS) {
        command->value = words[request->argc - 1];
        if (resp_to_uint(words[2], &expires_in_s) != OK ||
            expires_in_s > LONGEST_S)
            return false;
        command->expires_in_ms = expires_in_s * 1000;
    }
    if (command->op == KV_CAS &&
        resp_to_uint(words[3], &command->version) != OK)
        return false;
    return words[1].len <= KV_MAX_KEY_BYTES &&
           command->value.len <= KV_MAX_VALUE_BYTES;
}

/* ---- To lines -------------------------------------------------------------- */

/* Seconds until a time, at least 1: 0 would mean never. */
static int64_t seconds_left(int64_t expires_at_ms)
{
    int64_t left_ms = expires_at_ms - node_wall_us() / 1000;

    return left_ms > 1000 ? (left_ms + 999) / 1000 : 1;
}

static void put_value(const struct client_request *request,
                      const struct kv_answer *answer)
{
    struct buf *out = request->reply;

    if (resp_is(request->argv[0], "getm"))
        text_line(out, "VALUE %" PRIu64 " %" PRId64 " %zu", answer->version,
                  answer->number ? seconds_left(answer->number) : 0,
                  answer->value.len);
    else
        text_line(out, "VALUE %zu", answer->value.len);
    text_value(out, answer->value);
}

static void put_answer(const struct client_request *request,
                       const struct kv_answer *answer)
{
    struct buf *out = request->reply;

    switch (answer->kind) {
    case KV_DONE:
        text_line(out, "OK %" PRIu64, answer->version);
        break;
    case KV_VALUE:
        put_value(request, answer);
        break;
    case KV_NOTHING:
        text_line(out, "ERR_NOT_FOUND");
        break;
    case KV_NUMBER: /* how many were deleted */
        text_line(out, answer->number > 0 ? "DELETED" : "ERR_NOT_FOUND");
        break;
    case KV_WRONG_VERSION:
        if (answer->version > 0)
            text_line(out, "ERR_VERSION %" PRIu64, answer->version);
        else
            text_line(out, "ERR_NOT_FOUND");
        break;
    default:
        text_line(out, "ERR_INTERNAL");
        break;
    }
}

/* Says where the leader is, if it is known and has such a port. */
static void put_refusal(struct buf *out, enum proposed proposed)
{
    const struct config_node *leader = config_find(node_config(), raft.leader);
    const char *colon = leader ? strrchr(leader->text, ':') : NULL;

    if (proposed == PROPOSED_NOT_LEADER && colon && raft.leader != node_id())
        text_line(out, "ERR_REDIRECT %.*s %s", (int)(colon - leader->text),
                  leader->text, colon + 1);
    else
        text_line(out, proposed == PROPOSED_TOO_LARGE ? "ERR_CMD_ERR"
                                                      : "ERR_INTERNAL");
}

/* ---- Executing ------------------------------------------------------------- */

/* The bytes that are a client's. */
static size_t bytes_of_command(const struct kv_command *command)
{
    size_t len = command->value.len;

    for (uint32_t i = 0; i < command->key_count; i++)
        len += command->keys[i].len;
    return len;
}

/* How many of the commands go together; at least one. */
static uint32_t fitting(const struct kv_command commands[], uint32_t count)
{
    size_t len = bytes_of_command(&commands[0]);
    uint32_t taken = 1;

    while (taken < count) {
        len += bytes_of_command(&commands[taken]);
        if (len > MAX_BATCH_BYTES)
            break;
        taken++;
    }
    return taken;
}

/* Executes commands in their order, as many at once as one entry should hold.
 * For each whose outcome is PROPOSED_OK an answer is appended, in order. */
static void await_commands(const struct kv_command commands[], uint32_t count,
                           enum proposed outcomes[], struct buf *answers)
{
    for (uint32_t at = 0; at < count;) {
        uint32_t taken = fitting(&commands[at], count - at);
        enum proposed proposed = await_kv(&commands[at], taken, answers);
        for (uint32_t i = 0; i < taken; i++)
            outcomes[at++] = proposed;
    }
}

/* ---- Commands -------------------------------------------------------------- */

/* What becomes of a request, after await_commands. */
static void put_outcome(const struct client_request *request,
                        enum proposed outcome, struct wire_in *in)
{
    struct kv_answer answer = {0};

    if (outcome == PROPOSED_OK)
        answer = get_kv_answer(in); /* a silent request has one, too */
    if (request->is_silent)
        return;
    if (outcome == PROPOSED_OK)
        put_answer(request, &answer);
    else
        put_refusal(request->reply, outcome);
}

/* All commands: what a client has pipelined of them. */
static void run_requests(struct client_request *requests[], int count)
{
    struct kv_command *commands = calloc((size_t)count, sizeof *commands);
    enum proposed *outcomes = calloc((size_t)count, sizeof *outcomes);
    bool *is_right = calloc((size_t)count, sizeof *is_right);
    struct buf answers = {0};
    uint32_t right = 0;

    if (!commands || !outcomes || !is_right)
        node_fatal("out of memory for %d requests", count);
    for (int i = 0; i < count; i++) {
        is_right[i] = read_command(requests[i], &commands[right]);
        right += is_right[i];
    }
    await_commands(commands, right, outcomes, &answers);
    struct wire_in in = wire_in(buf_span(&answers));
    right = 0;
    for (int i = 0; i < count; i++) {
        if (is_right[i])
            put_outcome(requests[i], outcomes[right++], &in);
        else if (!requests[i]->is_silent)
            text_line(requests[i]->reply, "ERR_CMD_ERR");
    }
    buf_free(&answers);
    free(is_right);
    free(outcomes);
    free(commands);
}

void kv_text_start(void)
{
    static const char *const names[] = {"set", "get", "getm", "cas", "delete"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        client_text_command(names[i], run_requests);
}
