/*
 * ledger.c - see ledger.h.
 *
 * The state, and a snapshot of it:
 *
 *     0         8          16
 *     +---------+----------+---------------------------------+
 *     | count   | digest   | the latest commands, each       |
 *     | u64     | u64      | length u32, bytes               |
 *     +---------+----------+---------------------------------+
 */
#include "ledger.h"

#include "co.h"
#include "node.h"

static uint64_t count;  /* commands entered */
static uint64_t digest; /* of all of them, in order */
static struct buf kept; /* the latest, as in a snapshot */

uint64_t ledger_count(void)
{
    return count;
}

uint64_t ledger_digest(void)
{
    return digest;
}

/* FNV-1a over the bytes, on top of what was there. */
static uint64_t digest_of(uint64_t before, struct bytes bytes)
{
    uint64_t hash = before ^ 0xcbf29ce484222325u;

    for (size_t i = 0; i < bytes.len; i++)
        hash = (hash ^ bytes.data[i]) * 0x100000001b3u;
    return hash;
}

/* Drops the oldest commands, many at a time, so that it seldom happens. */
static void drop_oldest(void)
{
    struct wire_in in = wire_in(buf_span(&kept));

    if (kept.len <= 2 * LEDGER_KEPT_BYTES)
        return;
    while (in.left > LEDGER_KEPT_BYTES)
        get_bytes(&in, get_u32(&in));
    buf_drop(&kept, kept.len - in.left);
}

static void await_apply(uint64_t index, struct bytes command,
                        struct buf *result)
{
    (void)index;
    (void)result;
    if (node_config()->apply_ms > 0)
        await_sleep(node_config()->apply_ms);
    if (command.len == 0)
        return;
    count++;
    digest = digest_of(digest, command);
    put_u32(&kept, (uint32_t)command.len);
    put_bytes(&kept, command);
    drop_oldest();
}

static void snapshot(struct buf *out)
{
    put_u64(out, count);
    put_u64(out, digest);
    put_bytes(out, buf_span(&kept));
}

static int restore(struct bytes state)
{
    struct wire_in in = wire_in(state);
    uint64_t new_count = get_u64(&in);
    uint64_t new_digest = get_u64(&in);
    struct bytes commands = get_rest(&in);
    struct wire_in rest = wire_in(commands);

    while (rest.left > 0 && !rest.bad)
        get_bytes(&rest, get_u32(&rest));
    if (in.bad || rest.bad)
        return BAD_BYTES;
    count = new_count;
    digest = new_digest;
    buf_clear(&kept);
    put_bytes(&kept, commands);
    return OK;
}

const struct machine ledger_machine = {
    .await_apply = await_apply,
    .snapshot = snapshot,
    .restore = restore,
};
