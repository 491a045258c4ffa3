/*
 * state_image.c - Lab 5, part A: the whole state as bytes, and back.
 *
 * A snapshot: time u64, last version u64, count u32, then count times key,
 * value, version u64, expires_at_ms u64 (0: never); then the sessions. Pairs are
 * in the order in which their keys were made, which is the same everywhere.
 */
#include "kv_pairs.h"
#include "session.h"
#include "state.h"

void state_snapshot(struct buf *out)
{
    // BEGIN SOLUTION:
    // | /* Your code here. */
    // | (void)out;
    put_u64(out, pairs_time_ms());
    put_u64(out, last_version);
    put_u32(out, (uint32_t)pairs_count());
    list_each(at, pairs_all()) {
        const struct pair *pair = list_entry(at, struct pair, node.order);
        put_span(out, pair->node.key);
        put_span(out, buf_span(&pair->value));
        put_u64(out, pair->version);
        put_u64(out, pair->expires_at_ms);
    }
    session_snapshot(out);
    // END SOLUTION
}

// BEGIN SOLUTION:
// | /* Your code here: what restore needs. */
/* Reads over the pairs of a snapshot; makes them if told to. */
static void read_pairs(struct wire_in *in, bool is_kept)
{
    uint32_t count = get_u32(in);

    for (uint32_t i = 0; i < count && !in->bad; i++) {
        struct bytes key = get_span(in);
        struct bytes value = get_span(in);
        uint64_t version = get_u64(in);
        uint64_t expires_at_ms = get_u64(in);
        if (!is_kept || in->bad)
            continue;
        struct pair *pair = pair_make(key);
        put_bytes(&pair->value, value);
        pair->version = version;
        pair_expire(pair, expires_at_ms);
    }
}
// END SOLUTION

int state_restore(struct bytes bytes)
{
    // BEGIN SOLUTION:
    // | /* Your code here: all of it, or nothing. */
    // | (void)bytes;
    // | return OK;
    struct wire_in look = wire_in(bytes);
    struct wire_in in = look;

    get_u64(&look);
    get_u64(&look);
    read_pairs(&look, false);
    if (look.bad || session_restore(&look) != OK)
        return BAD_BYTES;

    while (!list_empty(pairs_all()))
        pair_remove(list_entry(pairs_all()->next, struct pair, node.order));
    pairs_advance(get_u64(&in));
    last_version = get_u64(&in);
    read_pairs(&in, true);
    return OK;
    // END SOLUTION
}
