/*
 * kv_front.c - lab 5's commands in the words of Redis: from a client's words to
 * a kv_command, from its answer to a reply.
 *
 *     GET key          SET key value [EX seconds | PX milliseconds]
 *     MGET key ...     DEL key ...      EXISTS key ...      APPEND key value
 *     INCRBY key n     INCR key         TTL key             DBSIZE
 *     GETM key                -> [value, version], or nil
 *     CAS key version value   -> the new version, or -VERSION; 0: a new key
 *     SESSION                 -> the number of a new session
 *     REQ session sequence command ...
 *                             -> as the command; a write is done once however
 *                                often it is asked with these numbers
 *     SNAPSHOT                -> OK once a snapshot has been taken
 */
#include <inttypes.h>
#include <stdlib.h>

#include "app.h"
#include "boot.h"
#include "client.h"
#include "kv.h"
#include "kv_text.h"
#include "node.h"

/* How a command is spelled. argc counts its name; most 0: no upper bound. */
struct spelling {
    const char *name; /* as clients write it */
    enum kv_op op;    /* what it does */
    int least;        /* words at least */
    int most;         /* words at most */
    int keys; /* how many of the words after the name are keys; -1: all */
};

static const struct spelling spellings[] = {
    {"GET", KV_GET, 2, 2, 1},        {"SET", KV_SET, 3, 5, 1},
    {"MGET", KV_MGET, 2, 0, -1},     {"DEL", KV_DEL, 2, 0, -1},
    {"EXISTS", KV_EXISTS, 2, 0, -1}, {"APPEND", KV_APPEND, 3, 3, 1},
    {"INCRBY", KV_INCRBY, 3, 3, 1},  {"INCR", KV_INCRBY, 2, 2, 1},
    {"TTL", KV_TTL, 2, 2, 1},        {"DBSIZE", KV_DBSIZE, 1, 1, 0},
    {"GETM", KV_GET, 2, 2, 1},       {"CAS", KV_CAS, 4, 4, 1},
    {"SESSION", KV_OPEN, 1, 1, 0},
};

#define SPELLING_COUNT     (sizeof spellings / sizeof spellings[0])
#define MAX_BATCH_BYTES    (256u << 10) /* of values, until an entry is full */
#define USUAL_ANSWER_BYTES 128 /* room for one: most buffers grow no more */
#define LONGEST_MS         (INT64_MAX / 4) /* no sum of expiries overflows */

/* A command as it came: the words of REQ's command, or all of them. */
struct asked {
    const struct spelling *spelling; /* which command */
    int argc;                        /* its words, the name included */
    const struct bytes *argv;        /* the words */
    struct kv_command command;       /* what they mean */
    const char *wrong;               /* what is wrong with them, or NULL */
};

static const struct spelling *find_spelling(struct bytes name)
{
    for (size_t i = 0; i < SPELLING_COUNT; i++)
        if (resp_is(name, spellings[i].name))
            return &spellings[i];
    return NULL;
}

/* ---- From words -------------------------------------------------------------- */

/* SET's EX or PX, if there. Returns what is wrong, or NULL. */
static const char *read_expiry(struct asked *asked)
{
    uint64_t count = 0;
    uint64_t unit_ms;

    if (asked->argc == 3)
        return NULL;
    if (asked->argc == 5 && resp_is(asked->argv[3], "EX"))
        unit_ms = 1000;
    else if (asked->argc == 5 && resp_is(asked->argv[3], "PX"))
        unit_ms = 1;
    else
        return "ERR syntax error";
    if (resp_to_uint(asked->argv[4], &count) != OK || count == 0 ||
        count > LONGEST_MS / unit_ms)
        return "ERR invalid expire time in 'set' command";
    asked->command.expires_in_ms = count * unit_ms;
    return NULL;
}

/* What is not a key. Returns what is wrong, or NULL. */
static const char *read_rest(struct asked *asked)
{
    struct kv_command *command = &asked->command;

    switch (command->op) {
    case KV_SET:
        command->value = asked->argv[2];
        return read_expiry(asked);
    case KV_APPEND:
        command->value = asked->argv[2];
        return NULL;
    case KV_CAS:
        command->value = asked->argv[3];
        return resp_to_uint(asked->argv[2], &command->version) == OK
                   ? NULL
                   : "ERR a version is a whole number";
    case KV_INCRBY:
        command->amount = 1;
        return asked->argc < 3 ||
                       resp_to_int(asked->argv[2], &command->amount) == OK
                   ? NULL
                   : "ERR value is not an integer or out of range";
    default:
        return NULL;
    }
}

/* Reads the words. Returns what is wrong with them, or NULL. */
static const char *read_words(struct asked *asked)
{
    const struct spelling *spelling = asked->spelling;
    struct kv_command *command = &asked->command;

    if (asked->argc < spelling->least ||
        (spelling->most > 0 && asked->argc > spelling->most))
        return "ERR wrong number of arguments";
    command->op = spelling->op;
    command->keys = asked->argv + 1;
    command->key_count = spelling->keys < 0 ? (uint32_t)asked->argc - 1
                                            : (uint32_t)spelling->keys;
    for (uint32_t i = 0; i < command->key_count; i++)
        if (command->keys[i].len > KV_MAX_KEY_BYTES)
            return "ERR a key has at most 1024 bytes";
    const char *wrong = read_rest(asked);
    if (!wrong && command->value.len > KV_MAX_VALUE_BYTES)
        wrong = "ERR a value has at most 524288 bytes";
    return wrong;
}

/* ---- To replies -------------------------------------------------------------- */

/* As Redis rounds. */
static int64_t seconds_of(int64_t ms)
{
    return ms < 0 ? ms : (ms + 500) / 1000;
}

static void reply_value(const struct asked *asked,
                        const struct kv_answer *answer, struct buf *out)
{
    if (resp_is(bytes_text(asked->spelling->name), "GETM")) {
        resp_array(out, 2);
        resp_bulk(out, answer->value);
        resp_int(out, (int64_t)answer->version);
    } else {
        resp_bulk(out, answer->value);
    }
}

static void reply_answer(const struct asked *asked, struct wire_in *in,
                         struct buf *out)
{
    struct kv_answer answer = get_kv_answer(in);
    enum kv_op op = asked->command.op;

    switch (answer.kind) {
    case KV_DONE:
        if (op == KV_CAS)
            resp_int(out, (int64_t)answer.version);
        else
            resp_simple(out, "OK");
        break;
    case KV_NOTHING:
        resp_null(out);
        break;
    case KV_NUMBER:
        resp_int(out, op == KV_TTL ? seconds_of(answer.number) : answer.number);
        break;
    case KV_VALUE:
        reply_value(asked, &answer, out);
        break;
    case KV_VALUES:
        resp_array(out, (int)answer.count);
        for (uint32_t i = 0; i < answer.count && !in->bad; i++)
            reply_answer(asked, in, out);
        break;
    case KV_WRONG_VERSION:
        resp_error(out, "VERSION the key has version %" PRIu64, answer.version);
        break;
    case KV_NOT_A_NUMBER:
        resp_error(out, "ERR value is not an integer or out of range");
        break;
    case KV_TOO_LONG:
        resp_error(out, "ERR string exceeds maximum allowed size");
        break;
    case KV_NO_SESSION:
        resp_error(out, "NOSESSION there is no such session (any more); "
                        "nothing was done");
        break;
    case KV_OLD_SEQUENCE:
        resp_error(out, "OLDSEQUENCE the session has done a later request; "
                        "the answer to this one is forgotten");
        break;
    }
}

/* ---- Commands ----------------------------------------------------------- */

/* What REQ says before the command. Returns what is wrong, or NULL. */
static const char *read_session(struct asked *asked)
{
    if (asked->argc < 4)
        return "ERR wrong number of arguments";
    if (resp_to_uint(asked->argv[1], &asked->command.session) != OK ||
        asked->command.session == 0)
        return "ERR a session is a number that SESSION gave";
    if (resp_to_uint(asked->argv[2], &asked->command.sequence) != OK ||
        asked->command.sequence == 0)
        return "ERR a session's requests are numbered 1, 2, 3, ...";
    asked->argc -= 3;
    asked->argv += 3;
    asked->spelling = find_spelling(asked->argv[0]);
    return asked->spelling && asked->spelling->op != KV_OPEN
               ? NULL
               : "ERR REQ does not take this command";
}

static void read_request(const struct client_request *request,
                         struct asked *asked)
{
    *asked = (struct asked){.argc = request->argc, .argv = request->argv};
    asked->spelling = find_spelling(asked->argv[0]);
    if (!asked->spelling) /* it is here: so it is REQ */
        asked->wrong = read_session(asked);
    if (!asked->wrong)
        asked->wrong = read_words(asked);
}

/* Executes the first commands of many, as many as fit into one entry, and
 * replies. Returns how many. */
static int await_some(struct asked asked[], int count, struct buf *out)
{
    struct kv_command *commands = calloc((size_t)count, sizeof *commands);
    struct buf answers = {0};
    enum proposed proposed = PROPOSED_OK;
    size_t len_bytes = 0;
    uint32_t good = 0;
    int taken = 0;

    if (!commands)
        node_fatal("out of memory for %d commands", count);
    for (; taken < count && len_bytes <= MAX_BATCH_BYTES; taken++) {
        if (asked[taken].wrong)
            continue;
        commands[good++] = asked[taken].command;
        len_bytes += asked[taken].command.value.len;
    }
    buf_room(&answers, good * (size_t)USUAL_ANSWER_BYTES);
    if (good > 0)
        proposed = await_kv(commands, good, &answers);
    struct wire_in in = wire_in(buf_span(&answers));
    buf_room(out, answers.len); /* replies are about as long */
    for (int i = 0; i < taken; i++) {
        if (asked[i].wrong)
            resp_error(out, "%s", asked[i].wrong);
        else if (proposed != PROPOSED_OK)
            boot_answer_refusal(out, proposed);
        else
            reply_answer(&asked[i], &in, out);
    }
    buf_free(&answers);
    free(commands);
    return taken;
}

/* What a client has sent together. */
static void run(struct client_request *requests[], int count)
{
    struct asked *asked = calloc((size_t)count, sizeof *asked);

    if (!asked)
        node_fatal("out of memory for %d requests", count);
    for (int i = 0; i < count; i++)
        read_request(requests[i], &asked[i]);
    for (int i = 0; i < count;)
        i += await_some(asked + i, count - i, requests[i]->reply);
    free(asked);
}

void app_start(void)
{
    for (size_t i = 0; i < SPELLING_COUNT; i++) {
        client_batch_command(spellings[i].name, spellings[i].least,
                             spellings[i].most, run);
        if (spellings[i].keys != 0)
            client_keys(spellings[i].name, 1, spellings[i].keys);
    }
    client_batch_command("REQ", 4, 0, run);
    kv_text_start();
    kv_start();
    boot_start(&kv_machine);
}
