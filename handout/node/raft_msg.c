/*
 * raft_msg.c - Raft's messages as bytes: each encoder beside its decoder, field
 * by field in the order of docs/protocol.md, "Raft's messages".
 *
 * The invariant: what a decoder accepts is exactly what the encoder would make
 * of the same struct; nothing is missing, nothing trails.
 */
#include "raft_msg.h"

#include <assert.h>

#include "node.h"

/* A node's id is a u32 on the wire and an int in memory. */
static int get_id(struct wire_in *in)
{
    uint32_t id = get_u32(in);

    if (id > INT32_MAX) {
        in->bad = true;
        return NO_NODE;
    }
    return (int)id;
}

void put_request_vote(struct buf *out, const struct request_vote *m)
{
    put_u64(out, m->term);
    put_u32(out, (uint32_t)m->candidate);
    put_u64(out, m->last_log_index);
    put_u64(out, m->last_log_term);
}

int get_request_vote(struct bytes in, struct request_vote *m)
{
    struct wire_in wire = wire_in(in);

    m->term = get_u64(&wire);
    m->candidate = get_id(&wire);
    m->last_log_index = get_u64(&wire);
    m->last_log_term = get_u64(&wire);
    return wire_end(&wire);
}

void put_vote_reply(struct buf *out, const struct vote_reply *m)
{
    put_u64(out, m->term);
    put_u8(out, m->granted);
}

int get_vote_reply(struct bytes in, struct vote_reply *m)
{
    struct wire_in wire = wire_in(in);

    m->term = get_u64(&wire);
    m->granted = get_bool(&wire);
    return wire_end(&wire);
}

void put_append_entries(struct buf *out, const struct append_entries *m)
{
    assert(m->count <= MAX_APPEND_ENTRIES);
    put_u64(out, m->term);
    put_u32(out, (uint32_t)m->leader);
    put_u64(out, m->prev_log_index);
    put_u64(out, m->prev_log_term);
    put_u64(out, m->leader_commit);
    put_u32(out, m->count);
}

void put_entry(struct buf *out, const struct log_entry *entry)
{
    put_u64(out, entry->term);
    put_span(out, entry->data);
}

static struct log_entry get_entry(struct wire_in *in)
{
    struct log_entry entry;

    entry.term = get_u64(in);
    entry.data = get_span(in);
    return entry;
}

int get_append_entries(struct bytes in, struct append_entries *m)
{
    struct wire_in wire = wire_in(in);

    m->term = get_u64(&wire);
    m->leader = get_id(&wire);
    m->prev_log_index = get_u64(&wire);
    m->prev_log_term = get_u64(&wire);
    m->leader_commit = get_u64(&wire);
    m->count = get_u32(&wire);
    m->entries = wire;
    if (m->count > MAX_APPEND_ENTRIES)
        return BAD_BYTES;
    for (uint32_t i = 0; i < m->count; i++)
        get_entry(&wire);
    return wire_end(&wire);
}

struct log_entry next_entry(struct append_entries *m)
{
    struct log_entry entry = get_entry(&m->entries);

    assert(!m->entries.bad);
    return entry;
}

void put_append_reply(struct buf *out, const struct append_reply *m)
{
    put_u64(out, m->term);
    put_u8(out, m->success);
    put_u64(out, m->match_index);
    put_u64(out, m->conflict_index);
    put_u64(out, m->conflict_term);
}

int get_append_reply(struct bytes in, struct append_reply *m)
{
    struct wire_in wire = wire_in(in);

    m->term = get_u64(&wire);
    m->success = get_bool(&wire);
    m->match_index = get_u64(&wire);
    m->conflict_index = get_u64(&wire);
    m->conflict_term = get_u64(&wire);
    return wire_end(&wire);
}

void put_install_snapshot(struct buf *out, const struct install_snapshot *m)
{
    put_u64(out, m->term);
    put_u32(out, (uint32_t)m->leader);
    put_u64(out, m->last_included_index);
    put_u64(out, m->last_included_term);
    put_u64(out, m->offset);
    put_u8(out, m->done);
    put_span(out, m->data);
}

int get_install_snapshot(struct bytes in, struct install_snapshot *m)
{
    struct wire_in wire = wire_in(in);

    m->term = get_u64(&wire);
    m->leader = get_id(&wire);
    m->last_included_index = get_u64(&wire);
    m->last_included_term = get_u64(&wire);
    m->offset = get_u64(&wire);
    m->done = get_bool(&wire);
    m->data = get_span(&wire);
    return wire_end(&wire);
}

void put_snapshot_reply(struct buf *out, const struct snapshot_reply *m)
{
    put_u64(out, m->term);
    put_u64(out, m->next_offset);
}

int get_snapshot_reply(struct bytes in, struct snapshot_reply *m)
{
    struct wire_in wire = wire_in(in);

    m->term = get_u64(&wire);
    m->next_offset = get_u64(&wire);
    return wire_end(&wire);
}
