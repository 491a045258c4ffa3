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
    /* Your code here. */
    (void)command;
    (void)now_ms;
    (void)count_pairs;
    (void)time_left_ms;
    (void)answer_pair;
    (void)answer_number;
    answer_nothing(answer);
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

/* Your code here: what each write does. */

/* Changes the state as a command of an entry says, and answers. */
static void execute(const struct kv_command *command, struct buf *answer)
{
    /* Your code here. */
    (void)command;
    (void)answer_done;
    (void)answer_refusal;
    (void)find_or_make;
    (void)write_pair;
    answer_nothing(answer);
}

/* The same, but at most once for each request of a session. */
static void execute_once(const struct kv_command *command, struct buf *answer)
{
    /* Your code here (part D). */
    execute(command, answer);
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
    /* Your code here: the time, then each command. */
    (void)execute_once;
    (void)pairs_advance;
    (void)fetch_ahead;
    (void)count;
    get_rest(&in);
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
