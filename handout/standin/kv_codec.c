/*
 * kv_codec.c - commands and answers as bytes; docs/protocol.md draws them.
 *
 *     entry:   format u8 | stamp_ms u64 | count u32 | count commands
 *     command: op u8 | fields u8 | [session u64 | sequence u64] |
 *              [expires_in_ms u64] | [version u64] | [amount u64] |
 *              [length u32, value] | count u16 | count times length u16, key
 *              (in brackets: only if its bit of fields is set; else 0)
 *     answer:  kind u8 | number u64 | version u64 | value | count u32
 *
 * A log that was written by an older kit must be read by a newer one: the
 * format rises with every change here.
 */
#include "kv.h"
#include "node.h"

#define ENTRY_FORMAT 2

/* Which of its fields a command has: most have few, and every byte is written
 * three times and sent twice. */
enum fields {
    HAS_SESSION = 1, /* session and sequence */
    HAS_EXPIRY = 2,  /* expires_in_ms */
    HAS_VERSION = 4,
    HAS_AMOUNT = 8,
    HAS_VALUE = 16,
    ALL_FIELDS = 31,
};

/* Room for a command with a short key and value: most entries grow no more. */
#define USUAL_COMMAND_BYTES 160
#define HEAD_BYTES          (1 + 8 + 4)

void put_kv_head(struct buf *out, uint64_t stamp_ms, uint32_t count)
{
    buf_room(out, HEAD_BYTES + count * (size_t)USUAL_COMMAND_BYTES);
    put_u8(out, ENTRY_FORMAT);
    put_u64(out, stamp_ms);
    put_u32(out, count);
}

uint32_t get_kv_head(struct wire_in *in, uint64_t *stamp_ms)
{
    if (get_u8(in) != ENTRY_FORMAT)
        in->bad = true;
    *stamp_ms = get_u64(in);
    return get_u32(in);
}

static uint8_t fields_of(const struct kv_command *command)
{
    bool has_session = command->session != 0 || command->sequence != 0;

    return (uint8_t)((has_session ? HAS_SESSION : 0) |
                     (command->expires_in_ms != 0 ? HAS_EXPIRY : 0) |
                     (command->version != 0 ? HAS_VERSION : 0) |
                     (command->amount != 0 ? HAS_AMOUNT : 0) |
                     (command->value.len > 0 ? HAS_VALUE : 0));
}

void put_kv_command(struct buf *out, const struct kv_command *command)
{
    uint8_t fields = fields_of(command);

    put_u8(out, (uint8_t)command->op);
    put_u8(out, fields);
    if (fields & HAS_SESSION) {
        put_u64(out, command->session);
        put_u64(out, command->sequence);
    }
    if (fields & HAS_EXPIRY)
        put_u64(out, command->expires_in_ms);
    if (fields & HAS_VERSION)
        put_u64(out, command->version);
    if (fields & HAS_AMOUNT)
        put_u64(out, (uint64_t)command->amount);
    if (fields & HAS_VALUE)
        put_span(out, command->value);
    put_u16(out, (uint16_t)command->key_count);
    for (uint32_t i = 0; i < command->key_count; i++) {
        put_u16(out, (uint16_t)command->keys[i].len);
        put_bytes(out, command->keys[i]);
    }
}

struct kv_command get_kv_command(struct wire_in *in)
{
    static struct bytes keys[KV_MAX_KEYS];
    struct kv_command command = {.keys = keys};

    command.op = (enum kv_op)get_u8(in);
    uint8_t fields = get_u8(in);
    if (fields & HAS_SESSION) {
        command.session = get_u64(in);
        command.sequence = get_u64(in);
    }
    if (fields & HAS_EXPIRY)
        command.expires_in_ms = get_u64(in);
    if (fields & HAS_VERSION)
        command.version = get_u64(in);
    if (fields & HAS_AMOUNT)
        command.amount = (int64_t)get_u64(in);
    if (fields & HAS_VALUE)
        command.value = get_span(in);
    command.key_count = get_u16(in);
    if (fields & ~ALL_FIELDS || command.key_count > KV_MAX_KEYS) {
        in->bad = true;
        command.key_count = 0;
    }
    for (uint32_t i = 0; i < command.key_count; i++)
        keys[i] = get_bytes(in, get_u16(in));
    return command;
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
