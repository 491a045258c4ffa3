/*
 * calls.c - a ring of requests with a hash index over it. See calls.h.
 */
#include "calls.h"

#include <stddef.h>

static uint32_t *chain_of(struct calls *calls, uint64_t stream, uint64_t id)
{
    uint64_t hash = (stream * 0x9e3779b97f4a7c15u ^ id) * 0xd6e8feb86659fd93u;

    return &calls->chains[hash >> 32 & (CALLS_MAX - 1)];
}

/* Takes a request out of its chain. */
static void forget(struct calls *calls, struct call *call)
{
    uint32_t *link = chain_of(calls, call->stream, call->id);

    while (&calls->slots[*link - 1] != call)
        link = &calls->slots[*link - 1].next;
    *link = call->next;
}

struct call *calls_add(struct calls *calls, uint64_t stream, uint64_t id)
{
    uint64_t token = ++calls->count;
    uint32_t slot = (uint32_t)(token & (CALLS_MAX - 1));
    struct call *call = &calls->slots[slot];
    uint32_t *chain;

    if (call->token != 0)
        forget(calls, call);
    chain = chain_of(calls, stream, id);
    *call = (struct call){
        .token = token, .stream = stream, .id = id, .next = *chain};
    *chain = slot + 1;
    return call;
}

const struct call *calls_leaving(const struct calls *calls)
{
    const struct call *call =
        &calls->slots[(calls->count + 1) & (CALLS_MAX - 1)];

    return call->token != 0 ? call : NULL;
}

struct call *calls_find(struct calls *calls, uint64_t stream, uint64_t id)
{
    uint32_t at = *chain_of(calls, stream, id);

    while (at != 0) {
        struct call *call = &calls->slots[at - 1];

        if (call->stream == stream && call->id == id)
            return call;
        at = call->next;
    }
    return NULL;
}

struct call *calls_at(struct calls *calls, uint64_t token)
{
    struct call *call = &calls->slots[token & (CALLS_MAX - 1)];

    return token != 0 && call->token == token ? call : NULL;
}
