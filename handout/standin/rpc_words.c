/*
 * rpc_words.c - lab 1's node: the words of a client's command become a call,
 * and what the call came to becomes words again. See rpc_app.h.
 */
#include "node.h"
#include "rpc_app.h"
#include "service.h"

/* How a method's bodies look to a client. */
enum shape {
    SHAPE_BYTES, /* as they are */
    SHAPE_U8,    /* a number of so many bits */
    SHAPE_U32,
    SHAPE_U64,
};

/* A method that a client may name. */
struct named_method {
    const char *name;   /* what the client says */
    uint16_t method;    /* on the wire */
    enum shape request; /* of the request's body */
    enum shape reply;   /* of the reply's */
};

static const struct named_method methods[] = {
    {"health", METHOD_HEALTH, SHAPE_BYTES, SHAPE_U8},
    {"echo", METHOD_ECHO, SHAPE_BYTES, SHAPE_BYTES},
    {"add", METHOD_ADD, SHAPE_U64, SHAPE_U64},
    {"sleep", METHOD_SLEEP, SHAPE_U32, SHAPE_U32},
    {"fail", METHOD_FAIL, SHAPE_BYTES, SHAPE_BYTES},
    {"hold", METHOD_HOLD, SHAPE_U32, SHAPE_U32},
};

#define METHOD_COUNT (sizeof methods / sizeof methods[0])

bool app_number(struct client_request *request, int place, uint64_t max,
                uint64_t *value)
{
    struct bytes word = request->argv[place];

    if (resp_to_uint(word, value) == OK && *value <= max)
        return true;
    resp_error(request->reply, "ERR '%.*s' is no whole number up to %llu",
               (int)word.len, (const char *)word.data, (unsigned long long)max);
    return false;
}

/* One option's value, which follows its name. */
static bool take_option(struct client_request *request, int place,
                        struct call_options *options)
{
    struct bytes name = request->argv[place];

    if (resp_is(name, "TIMEOUT"))
        return app_number(request, place + 1, UINT32_MAX, &options->timeout_ms);
    if (resp_is(name, "WITHIN"))
        return app_number(request, place + 1, UINT32_MAX, &options->within_ms);
    if (resp_is(name, "ATTEMPT"))
        return app_number(request, place + 1, UINT32_MAX, &options->attempt_ms);
    if (resp_is(name, "WINDOW"))
        return app_number(request, place + 1, UINT32_MAX, &options->window);
    if (resp_is(name, "SESSION")) {
        options->session = request->argv[place + 1];
        return true;
    }
    if (resp_is(name, "NAME")) {
        options->name = request->argv[place + 1];
        return true;
    }
    if (resp_is(name, "AGREE")) {
        options->agree = request->argv[place + 1];
        options->is_picky = true;
        return true;
    }
    resp_error(request->reply, "ERR no option is called '%.*s'", (int)name.len,
               (const char *)name.data);
    return false;
}

bool app_options(struct client_request *request, int first,
                 struct call_options *options)
{
    *options = (struct call_options){.timeout_ms = APP_PATIENCE_MS};
    if ((request->argc - first) % 2 != 0) {
        resp_error(request->reply, "ERR every option takes one value");
        return false;
    }
    for (int place = first; place < request->argc; place += 2)
        if (!take_option(request, place, options))
            return false;
    return true;
}

bool app_question(struct client_request *request, int place, uint16_t *method,
                  struct buf *body)
{
    struct bytes word = request->argv[place];
    uint64_t number;
    enum shape shape = SHAPE_BYTES;
    bool is_named = false;

    for (size_t i = 0; i < METHOD_COUNT; i++) {
        if (resp_is(word, methods[i].name)) {
            *method = methods[i].method;
            shape = methods[i].request;
            is_named = true;
        }
    }
    if (!is_named) {
        if (!app_number(request, place, UINT16_MAX, &number))
            return false;
        *method = (uint16_t)number;
    }
    if (shape == SHAPE_BYTES) {
        put_bytes(body, request->argv[place + 1]);
        return true;
    }
    uint64_t max = shape == SHAPE_U32 ? UINT32_MAX : UINT64_MAX;
    if (!app_number(request, place + 1, max, &number))
        return false;
    if (shape == SHAPE_U32)
        put_u32(body, (uint32_t)number);
    else
        put_u64(body, number);
    return true;
}

/* An integer reply; an error if the body has another length. */
static void answer_number(struct buf *out, enum shape shape, struct bytes reply)
{
    struct wire_in in = wire_in(reply);
    uint64_t value = shape == SHAPE_U8    ? get_u8(&in)
                     : shape == SHAPE_U32 ? get_u32(&in)
                                          : get_u64(&in);

    if (wire_end(&in) != OK)
        resp_error(out, "BAD_BYTES the reply's body has %zu bytes", reply.len);
    else
        resp_int(out, (int64_t)value);
}

void app_answer(struct buf *out, uint16_t method, int outcome,
                struct bytes reply)
{
    enum shape shape = SHAPE_BYTES;

    for (size_t i = 0; i < METHOD_COUNT; i++)
        if (methods[i].method == method)
            shape = methods[i].reply;
    if (outcome != OK)
        resp_error(out, "%s%s%.*s", outcome_name(outcome),
                   reply.len > 0 ? " " : "", (int)reply.len,
                   (const char *)reply.data);
    else if (shape == SHAPE_BYTES)
        resp_bulk(out, reply);
    else
        answer_number(out, shape, reply);
}
