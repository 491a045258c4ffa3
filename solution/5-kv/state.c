/*
 * state.c - Lab 5, part A: the replicated state.
 *
 * Keys with their values, versions and expiries; the sessions (session.c); and
 * the state's own time. The same entries in the same order make the same state
 * on every node, byte for byte: nothing here asks a clock, draws a number, or
 * knows which node it is on.
 *
 *     an entry: a stamp, and commands
 *        |  time = the later of time and stamp; what expires by then goes
 *        v
 *     each command: session, sequence, what to do
 *        |  was this request of this session done before? its answer again
 *        v
 *     it reads or changes pairs; what it writes gets the next version
 */
#include "state.h"

#include <inttypes.h>
#include <stdio.h>

#include "kv_pairs.h"
#include "node.h"
#include "resp.h"
#include "session.h"

uint64_t last_version;

void kv_start(void)
{
    pairs_start();
    session_start();
}

/* Writes a whole value; expires_in_ms 0: it stays. */
static void write_pair(struct pair *pair, struct bytes value,
                       uint64_t expires_in_ms)
{
    buf_clear(&pair->value);
    put_bytes(&pair->value, value);
    pair->version = ++last_version;
    pair_expire(pair, expires_in_ms > 0 ? pairs_time_ms() + expires_in_ms : 0);
}

/* ---- Reads ----------------------------------------------------------------- */

static void answer_nothing(struct buf *out)
{
    put_kv_answer(out, &(struct kv_answer){.kind = KV_NOTHING});
}

static void answer_pair(struct buf *out, const struct pair *pair)
{
    if (!pair) {
        answer_nothing(out);
        return;
    }
    put_kv_answer(out,
                  &(struct kv_answer){.kind = KV_VALUE,
                                      .number = (int64_t)pair->expires_at_ms,
                                      .version = pair->version,
                                      .value = buf_span(&pair->value)});
}

static void answer_number(struct buf *out, int64_t number, uint64_t version)
{
    put_kv_answer(out, &(struct kv_answer){.kind = KV_NUMBER,
                                           .number = number,
                                           .version = version});
}

/* As Redis counts: a key that is named twice is there twice. */
static int64_t count_pairs(const struct kv_command *command)
{
    int64_t count = 0;

    for (uint32_t i = 0; i < command->key_count; i++)
        count += pair_find(command->keys[i]) != NULL;
    return count;
}

/* Milliseconds left of a key: -1 if it stays, -2 if there is none. */
static int64_t time_left_ms(const struct pair *pair, uint64_t now_ms)
{
    if (!pair)
        return -2;
    if (pair->expires_at_ms == 0)
        return -1;
    return pair->expires_at_ms > now_ms
               ? (int64_t)(pair->expires_at_ms - now_ms)
               : 0;
}

void state_read(const struct kv_command *command, uint64_t now_ms,
                struct buf *answer)
{
    // BEGIN SOLUTION:
    // | /* Your code here. */
    // | (void)command;
    // | (void)now_ms;
    // | (void)count_pairs;
    // | (void)time_left_ms;
    // | (void)answer_pair;
    // | (void)answer_number;
    // | answer_nothing(answer);
    switch (command->op) {
    case KV_GET:
        answer_pair(answer, pair_find(command->keys[0]));
        break;
    case KV_MGET:
        put_kv_answer(answer, &(struct kv_answer){.kind = KV_VALUES,
                                                  .count = command->key_count});
        for (uint32_t i = 0; i < command->key_count; i++)
            answer_pair(answer, pair_find(command->keys[i]));
        break;
    case KV_EXISTS:
        answer_number(answer, count_pairs(command), 0);
        break;
    case KV_TTL:
        answer_number(answer, time_left_ms(pair_find(command->keys[0]), now_ms),
                      0);
        break;
    case KV_DBSIZE:
        answer_number(answer, (int64_t)pairs_count(), 0);
        break;
    default:
        answer_nothing(answer);
        break;
    }
    // END SOLUTION
}

/* ---- Writes ---------------------------------------------------------------- */

static void answer_done(struct buf *out, uint64_t version)
{
    put_kv_answer(out, &(struct kv_answer){.version = version});
}

static void answer_refusal(struct buf *out, enum kv_kind kind,
                           const struct pair *pair)
{
    put_kv_answer(out, &(struct kv_answer){
                           .kind = kind, .version = pair ? pair->version : 0});
}

static struct pair *find_or_make(struct bytes key)
{
    struct pair *pair = pair_find(key);

    return pair ? pair : pair_make(key);
}

// BEGIN SOLUTION:
// | /* Your code here: what each write does. */
static void set(const struct kv_command *command, struct buf *answer)
{
    struct pair *pair = find_or_make(command->keys[0]);

    write_pair(pair, command->value, command->expires_in_ms);
    answer_done(answer, pair->version);
}

/* Compares versions, not values: a value may have gone and come back. */
static void compare_and_set(const struct kv_command *command,
                            struct buf *answer)
{
    const struct pair *pair = pair_find(command->keys[0]);

    if ((pair ? pair->version : 0) != command->version) {
        answer_refusal(answer, KV_WRONG_VERSION, pair);
        return;
    }
    set(command, answer);
}

static void delete_pairs(const struct kv_command *command, struct buf *answer)
{
    int64_t count = 0;

    for (uint32_t i = 0; i < command->key_count; i++) {
        struct pair *pair = pair_find(command->keys[i]);
        if (pair) {
            pair_remove(pair);
            last_version++; /* it was a write, though nothing shows its version */
            count++;
        }
    }
    answer_number(answer, count, 0);
}

/* A counter keeps its expiry, as in Redis. */
static void increment(const struct kv_command *command, struct buf *answer)
{
    struct pair *pair = pair_find(command->keys[0]);
    int64_t value = 0;
    char text[32];

    if ((pair && resp_to_int(buf_span(&pair->value), &value) != OK) ||
        __builtin_add_overflow(value, command->amount, &value)) {
        answer_refusal(answer, KV_NOT_A_NUMBER, pair);
        return;
    }
    if (!pair)
        pair = pair_make(command->keys[0]);
    buf_clear(&pair->value);
    snprintf(text, sizeof text, "%" PRId64, value);
    put_bytes(&pair->value, bytes_text(text));
    pair->version = ++last_version;
    answer_number(answer, value, pair->version);
}

static void append(const struct kv_command *command, struct buf *answer)
{
    struct pair *pair = find_or_make(command->keys[0]);

    if (pair->value.len + command->value.len > KV_MAX_VALUE_BYTES) {
        answer_refusal(answer, KV_TOO_LONG, pair);
        return;
    }
    put_bytes(&pair->value, command->value);
    pair->version = ++last_version;
    answer_number(answer, (int64_t)pair->value.len, pair->version);
}
// END SOLUTION

/* Changes the state as a command of an entry says, and answers. */
static void execute(const struct kv_command *command, struct buf *answer)
{
    // BEGIN SOLUTION:
    // | /* Your code here. */
    // | (void)command;
    // | (void)answer_done;
    // | (void)answer_refusal;
    // | (void)find_or_make;
    // | (void)write_pair;
    // | answer_nothing(answer);
    switch (command->op) {
    case KV_SET:
        set(command, answer);
        break;
    case KV_CAS:
        compare_and_set(command, answer);
        break;
    case KV_DEL:
        delete_pairs(command, answer);
        break;
    case KV_INCRBY:
        increment(command, answer);
        break;
    case KV_APPEND:
        append(command, answer);
        break;
    case KV_OPEN:
        session_open(++last_version);
        answer_number(answer, (int64_t)last_version, 0);
        break;
    case KV_TICK:
        answer_done(answer, 0);
        break;
    default: /* among writes of one client */
        state_read(command, pairs_time_ms(), answer);
        break;
    }
    // END SOLUTION
}

/* The same, but at most once for each request of a session. */
static void execute_once(const struct kv_command *command, struct buf *answer)
{
    // BEGIN SOLUTION:
    // | /* Your code here (part D). */
    // | execute(command, answer);
    size_t before = answer->len;

    switch (session_look(command->session, command->sequence, answer)) {
    case SESSION_REPEATED:
        return;
    case SESSION_OLD:
        answer_refusal(answer, KV_OLD_SEQUENCE, NULL);
        return;
    case SESSION_UNKNOWN:
        answer_refusal(answer, KV_NO_SESSION, NULL);
        return;
    case SESSION_FRESH:
        break;
    }
    execute(command, answer);
    session_remember(command->session, command->sequence,
                     bytes_of(answer->data + before, answer->len - before));
    // END SOLUTION
}

/* Has the processor fetch what the next commands of an entry will touch. */
static void fetch_ahead(struct wire_in in, uint32_t count)
{
    struct bytes keys[PAIRS_AHEAD];
    size_t ahead = 0;

    while (count-- > 0 && ahead < PAIRS_AHEAD && !in.bad) {
        struct kv_command command = get_kv_command(&in);
        if (command.key_count > 0)
            keys[ahead++] = command.keys[0];
    }
    pairs_fetch(keys, ahead);
}

/* machine.h: an entry takes effect. It never waits. */
static void await_apply(uint64_t index, struct bytes entry, struct buf *result)
{
    static struct buf unread; /* the answers that nobody waits for */
    struct wire_in in = wire_in(entry);
    uint64_t stamp_ms;

    if (entry.len == 0)
        return; /* a leader's no-op */
    if (!result) {
        buf_clear(&unread);
        result = &unread;
    }
    uint32_t count = get_kv_head(&in, &stamp_ms);
    // BEGIN SOLUTION:
    // | /* Your code here: the time, then each command. */
    // | (void)execute_once;
    // | (void)pairs_advance;
    // | (void)fetch_ahead;
    // | (void)count;
    // | get_rest(&in);
    if (!in.bad)
        pairs_advance(stamp_ms);
    for (uint32_t i = 0; i < count && !in.bad; i++) {
        if (i % PAIRS_AHEAD == 0 && count > 1)
            fetch_ahead(in, count - i);
        struct kv_command command = get_kv_command(&in);
        if (in.bad)
            break;
        if (command.session > 0 && !KV_IS_READ(command.op))
            execute_once(&command, result);
        else
            execute(&command, result);
    }
    // END SOLUTION
    if (wire_end(&in) != OK)
        node_fatal("entry %" PRIu64 " of the log is none of this store's; was "
                   "the log written by a newer kit?",
                   index);
}

const struct machine kv_machine = {
    .await_apply = await_apply,
    .snapshot = state_snapshot,
    .restore = state_restore,
};
