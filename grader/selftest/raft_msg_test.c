/*
 * raft_msg_test.c - Raft's messages as bytes (handout/node/raft_msg.c).
 *
 * Every message is encoded, decoded and encoded again; cut short at every
 * length, prolonged, and stirred, to see that a decoder accepts exactly what an
 * encoder makes.
 */
#include "raft_msg.h"

#include <stdlib.h>
#include <string.h>

#include "outcome.h"
#include "selftest.h"

/* Decodes one kind of message, and encodes what it got. */
typedef int (*decode_encode)(struct bytes in, struct buf *out);

static int request_vote(struct bytes in, struct buf *out)
{
    struct request_vote m;
    int outcome = get_request_vote(in, &m);

    if (outcome == OK)
        put_request_vote(out, &m);
    return outcome;
}

static int vote_reply(struct bytes in, struct buf *out)
{
    struct vote_reply m;
    int outcome = get_vote_reply(in, &m);

    if (outcome == OK)
        put_vote_reply(out, &m);
    return outcome;
}

static int append_entries(struct bytes in, struct buf *out)
{
    struct append_entries m;
    int outcome = get_append_entries(in, &m);

    if (outcome != OK)
        return outcome;
    put_append_entries(out, &m);
    for (uint32_t i = 0; i < m.count; i++) {
        struct log_entry entry = next_entry(&m);
        put_entry(out, &entry);
    }
    return OK;
}

static int append_reply(struct bytes in, struct buf *out)
{
    struct append_reply m;
    int outcome = get_append_reply(in, &m);

    if (outcome == OK)
        put_append_reply(out, &m);
    return outcome;
}

static int install_snapshot(struct bytes in, struct buf *out)
{
    struct install_snapshot m;
    int outcome = get_install_snapshot(in, &m);

    if (outcome == OK)
        put_install_snapshot(out, &m);
    return outcome;
}

static int snapshot_reply(struct bytes in, struct buf *out)
{
    struct snapshot_reply m;
    int outcome = get_snapshot_reply(in, &m);

    if (outcome == OK)
        put_snapshot_reply(out, &m);
    return outcome;
}

/* The decoder is given memory that ends where the message ends. */
static int decode_tight(decode_encode again, struct bytes in, struct buf *out)
{
    uint8_t *copy = malloc(in.len + 1);

    memcpy(copy + 1, in.data, in.len);
    int outcome = again(bytes_of(copy + 1, in.len), out);
    free(copy);
    return outcome;
}

static void check_message(decode_encode again, struct buf *message)
{
    struct buf twin = {0};

    CHECK_INT(decode_tight(again, buf_span(message), &twin), OK);
    CHECK(bytes_equal(buf_span(message), buf_span(&twin)));
    for (size_t len = 0; len < message->len; len++)
        CHECK_INT(decode_tight(again, bytes_of(message->data, len), &twin),
                  BAD_BYTES);
    put_u8(message, 0);
    CHECK_INT(decode_tight(again, buf_span(message), &twin), BAD_BYTES);
    message->len--;

    /* Whatever else is accepted must come out as it went in. */
    for (int i = 0; i < 2000; i++) {
        uint32_t at = selftest_random((uint32_t)message->len);
        uint8_t former = message->data[at];
        message->data[at] = (uint8_t)selftest_random(256);
        buf_clear(&twin);
        if (decode_tight(again, buf_span(message), &twin) == OK)
            CHECK(bytes_equal(buf_span(message), buf_span(&twin)));
        message->data[at] = former;
    }
    buf_free(&twin);
    buf_free(message);
}

static void votes(void)
{
    struct buf out = {0};

    put_request_vote(&out, &(struct request_vote){.term = 1,
                                                  .candidate = 2,
                                                  .last_log_index = 3,
                                                  .last_log_term = 4});
    CHECK_INT(out.len, 28);
    CHECK_INT(out.data[0], 1);
    CHECK_INT(out.data[8], 2);
    CHECK_INT(out.data[12], 3);
    CHECK_INT(out.data[20], 4);
    check_message(request_vote, &out);

    put_vote_reply(&out, &(struct vote_reply){.term = 5, .granted = true});
    CHECK_INT(out.len, 9);
    CHECK_INT(out.data[8], 1);
    check_message(vote_reply, &out);
}

static void appends(void)
{
    struct log_entry entry = {.term = 7, .data = bytes_text("set x 1")};
    struct log_entry empty = {.term = 8};
    struct buf out = {0};

    put_append_entries(&out, &(struct append_entries){.term = 9,
                                                      .leader = 1,
                                                      .prev_log_index = 2,
                                                      .prev_log_term = 3,
                                                      .leader_commit = 4,
                                                      .count = 2});
    CHECK_INT(out.len, 40);
    put_entry(&out, &entry);
    put_entry(&out, &empty);
    CHECK_INT(out.len, 40 + 12 + 7 + 12);
    check_message(append_entries, &out);

    put_append_entries(&out, &(struct append_entries){.term = 9});
    check_message(append_entries, &out);

    put_append_reply(&out, &(struct append_reply){.term = 1,
                                                  .success = true,
                                                  .match_index = 2,
                                                  .conflict_index = 3,
                                                  .conflict_term = 4});
    CHECK_INT(out.len, 33);
    check_message(append_reply, &out);
}

static void snapshots(void)
{
    struct buf out = {0};

    put_install_snapshot(&out,
                         &(struct install_snapshot){.term = 1,
                                                    .leader = 2,
                                                    .last_included_index = 3,
                                                    .last_included_term = 4,
                                                    .offset = 5,
                                                    .done = true,
                                                    .data = bytes_text("abc")});
    CHECK_INT(out.len, 8 + 4 + 8 + 8 + 8 + 1 + 4 + 3);
    check_message(install_snapshot, &out);

    put_snapshot_reply(&out,
                       &(struct snapshot_reply){.term = 1, .next_offset = 2});
    CHECK_INT(out.len, 16);
    check_message(snapshot_reply, &out);
}

static void too_many_entries(void)
{
    struct append_entries m = {.count = MAX_APPEND_ENTRIES};
    struct log_entry empty = {0};
    struct append_entries got;
    struct buf out = {0};

    put_append_entries(&out, &m);
    for (int i = 0; i < MAX_APPEND_ENTRIES; i++)
        put_entry(&out, &empty);
    CHECK_INT(get_append_entries(buf_span(&out), &got), OK);
    set_u32(&out, 36, MAX_APPEND_ENTRIES + 1);
    put_entry(&out, &empty);
    CHECK_INT(get_append_entries(buf_span(&out), &got), BAD_BYTES);
    set_u32(&out, 36, UINT32_MAX);
    CHECK_INT(get_append_entries(buf_span(&out), &got), BAD_BYTES);
    buf_free(&out);
}

int main(void)
{
    TEST("RequestVote and its reply", votes);
    TEST("AppendEntries and its reply", appends);
    TEST("InstallSnapshot and its reply", snapshots);
    TEST("more entries than the limit are refused", too_many_entries);
    return selftest_end();
}
