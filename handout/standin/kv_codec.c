/*
 * kv_codec.c - commands and answers as bytes; docs/protocol.md draws them.
 *
 *     command: format u8 | op u8 | stamp_ms u64 | session u64 | sequence u64 |
 *              expires_in_ms u64 | version u64 | amount u64 | value | count u32
 *              | count keys          (value and key: length u32, bytes)
 *     answer:  kind u8 | number u64 | version u64 | value | count u32
 *
 * A log that was written by an older kit must be read by a newer one: the
 * format rises with every change here.
 */
#include "kv.h"
#include "node.h"

#define COMMAND_FORMAT 1

static void put_span(struct buf *out, struct bytes span)
{
    put_u32(out, (uint32_t)span.len);
    put_bytes(out, span);
}

static struct bytes get_span(struct wire_in *in)
{
    return get_bytes(in, get_u32(in));
}

void put_kv_command(struct buf *out, uint64_t stamp_ms,
                    const struct kv_command *command)
{
    put_u8(out, COMMAND_FORMAT);
    put_u8(out, (uint8_t)command->op);
    put_u64(out, stamp_ms);
    put_u64(out, command->session);
    put_u64(out, command->sequence);
    put_u64(out, command->expires_in_ms);
    put_u64(out, command->version);
    put_u64(out, (uint64_t)command->amount);
    put_span(out, command->value);
    put_u32(out, command->key_count);
    for (uint32_t i = 0; i < command->key_count; i++)
        put_span(out, command->keys[i]);
}

int get_kv_command(struct bytes bytes, uint64_t *stamp_ms,
                   struct kv_command *command)
{
    static struct bytes keys[KV_MAX_KEYS];
    struct wire_in in = wire_in(bytes);

    if (get_u8(&in) != COMMAND_FORMAT)
        return BAD_BYTES;
    *command = (struct kv_command){.op = (enum kv_op)get_u8(&in), .keys = keys};
    *stamp_ms = get_u64(&in);
    command->session = get_u64(&in);
    command->sequence = get_u64(&in);
    command->expires_in_ms = get_u64(&in);
    command->version = get_u64(&in);
    command->amount = (int64_t)get_u64(&in);
    command->value = get_span(&in);
    command->key_count = get_u32(&in);
    if (command->key_count > KV_MAX_KEYS)
        return BAD_BYTES;
    for (uint32_t i = 0; i < command->key_count; i++)
        keys[i] = get_span(&in);
    return wire_end(&in);
}

void put_kv_answer(struct buf *out, const struct kv_answer *answer)
{
    put_u8(out, (uint8_t)answer->kind);
    put_u64(out, (uint64_t)answer->number);
    put_u64(out, answer->version);
    put_span(out, answer->value);
    put_u32(out, answer->count);
}

struct kv_answer get_kv_answer(struct wire_in *in)
{
    struct kv_answer answer = {0};

    answer.kind = (enum kv_kind)get_u8(in);
    answer.number = (int64_t)get_u64(in);
    answer.version = get_u64(in);
    answer.value = get_span(in);
    answer.count = get_u32(in);
    return answer;
}
