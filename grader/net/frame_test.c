/*
 * frame_test.c - frames and messages decode as docs/protocol.md says, and
 * nothing else does.
 */
#include <stdlib.h>
#include <string.h>

#include "claims.h"
#include "frame.h"
#include "message.h"

static uint8_t *put(uint8_t *at, uint64_t value, int count)
{
    for (int i = 0; i < count; i++)
        *at++ = (uint8_t)(value >> 8 * i);
    return at;
}

/* A frame whose payload is len bytes that depend on the call id. */
static size_t make_frame(uint8_t *at, enum frame_type type, uint16_t method,
                         uint64_t call_id, size_t len)
{
    uint8_t *begin = at;

    at = put(at, len + 12, 4);
    at = put(put(put(put(at, FRAME_MAGIC, 1), type, 1), method, 2), call_id, 8);
    for (size_t i = 0; i < len; i++)
        *at++ = (uint8_t)(call_id + i);
    return (size_t)(at - begin);
}

/* ---- frames ---------------------------------------------------------------*/

/* Reads what a decoder gives and compares it with what make_frame made. */
static uint64_t expect_frames(struct frame_decoder *decoder, uint64_t next_id)
{
    struct frame frame;

    while (frame_next(decoder, &frame) == FRAME_WHOLE) {
        check(frame.call_id == next_id, "frame %llu came where %llu was due",
              (unsigned long long)frame.call_id, (unsigned long long)next_id);
        check(frame.len == frame.payload_len + FRAME_HEAD_BYTES,
              "the length is %zu", frame.len);
        for (size_t i = 0; i < frame.payload_len; i++)
            check(frame.payload[i] == (uint8_t)(next_id + i),
                  "byte %zu is wrong", i);
        next_id++;
    }
    return next_id;
}

/* Frames come out whole, wherever the bytes are cut. */
static void test_frames_cut_anywhere(void)
{
    uint8_t bytes[4096];
    size_t len = 0;

    for (uint64_t id = 0; id < 40; id++)
        len += make_frame(bytes + len, FRAME_REQUEST, 32, id, id * 2);
    for (size_t piece = 1; piece <= len; piece++) {
        struct frame_decoder decoder = {0};
        uint64_t next_id = 0;

        for (size_t at = 0; at < len; at += piece) {
            frame_feed(&decoder, bytes + at,
                       piece < len - at ? piece : len - at);
            next_id = expect_frames(&decoder, next_id);
        }
        check(next_id == 40, "%llu frames came of pieces of %zu bytes",
              (unsigned long long)next_id, piece);
        check(decoder.offset == len, "offset is %llu",
              (unsigned long long)decoder.offset);
        frame_free(&decoder);
    }
}

/* The largest frame passes; one byte more does not. */
static void test_frame_limits(void)
{
    size_t room = FRAME_MAX_PAYLOAD_BYTES + 64;
    uint8_t *bytes = malloc(room);
    struct frame_decoder decoder = {0};
    struct frame frame;
    size_t len = make_frame(bytes, FRAME_REPLY, 1, 5, FRAME_MAX_PAYLOAD_BYTES);

    for (size_t at = 0; at < len; at += 60000) {
        frame_feed(&decoder, bytes + at, len - at < 60000 ? len - at : 60000);
        if (at + 60000 < len)
            check(frame_next(&decoder, &frame) == FRAME_PARTIAL, "too early");
    }
    check(expect_frames(&decoder, 5) == 6, "the largest frame is missing");
    put(bytes, FRAME_MAX_PAYLOAD_BYTES + 13, 4);
    frame_feed(&decoder, bytes, 4);
    check(frame_next(&decoder, &frame) == FRAME_BROKEN, "oversize passes");
    frame_free(&decoder);
    free(bytes);
}

/* Garbage is noticed with its first wrong byte, and kept whole. */
static void test_garbage_at_once(void)
{
    static const struct {
        uint8_t bytes[8]; /* what comes behind a good frame */
        size_t wrong;     /* how many of them it takes to tell */
    } cases[] = {
        {{11, 0, 0, 0}, 4},             /* too short */
        {{0, 0, 0, 1}, 4},              /* too long */
        {{12, 0, 0, 0, 0xC4}, 5},       /* wrong magic */
        {{12, 0, 0, 0, 0xC5, 0}, 6},    /* no such type */
        {{12, 0, 0, 0, 0xC5, 6}, 6},    /* no such type */
        {{'G', 'E', 'T', ' ', '/'}, 4}, /* another protocol */
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct frame_decoder decoder = {0};
        struct frame frame;
        uint8_t bytes[64];
        size_t good = make_frame(bytes, FRAME_PING, 0, 1, 0);
        size_t len;
        const uint8_t *rest;

        frame_feed(&decoder, bytes, good);
        check(frame_next(&decoder, &frame) == FRAME_WHOLE, "case %zu: lost", i);
        for (size_t at = 0; at < cases[i].wrong; at++) {
            frame_feed(&decoder, &cases[i].bytes[at], 1);
            check((frame_next(&decoder, &frame) == FRAME_BROKEN) ==
                      (at + 1 == cases[i].wrong),
                  "case %zu: byte %zu is judged wrongly", i, at);
        }
        rest = frame_rest(&decoder, &len);
        check(len == cases[i].wrong && memcmp(rest, cases[i].bytes, len) == 0,
              "case %zu: the rest is not what came", i);
        check(decoder.offset == good, "case %zu: the offset is wrong", i);
        frame_feed(&decoder, bytes, good);
        check(frame_next(&decoder, &frame) == FRAME_BROKEN,
              "case %zu: a broken stream recovered", i);
        frame_free(&decoder);
    }
}

/* ---- messages -------------------------------------------------------------*/

/* Missing bytes, bytes too many and wrong booleans are refused. */
static void test_messages_exact(void)
{
    uint8_t bytes[128];
    struct vote_request vote;
    struct vote_answer answer;
    struct append_request append;
    struct append_answer success;
    struct snapshot_request snapshot;
    uint8_t *end = put(put(put(put(bytes, 7, 8), 2, 4), 9, 8), 3, 8);
    size_t len = (size_t)(end - bytes);

    for (size_t i = 0; i <= len + 1; i++)
        check(message_vote_request(bytes, i, &vote) == (i == len),
              "RequestVote of %zu bytes", i);
    message_vote_request(bytes, len, &vote);
    check(vote.term == 7 && vote.candidate == 2 && vote.last_log_index == 9 &&
              vote.last_log_term == 3,
          "RequestVote's fields");

    put(put(bytes, 7, 8), 1, 1);
    check(message_vote_answer(bytes, 9, &answer) && answer.granted, "granted");
    bytes[8] = 2;
    check(!message_vote_answer(bytes, 9, &answer), "a boolean of 2");

    end = put(put(put(put(put(bytes, 7, 8), 2, 4), 0, 8), 0, 8), 0, 8);
    put(end, 0xffffffff, 4);
    check(!message_append_request(bytes, 40, &append), "2^32 - 1 entries");
    end = put(put(put(end, 1, 4), 7, 8), 3, 4);
    check(!message_append_request(bytes, (size_t)(end - bytes) + 2, &append),
          "an entry that is cut off");
    check(message_append_request(bytes, (size_t)(end - bytes) + 3, &append) &&
              append.count == 1,
          "one entry");

    memset(bytes, 0, sizeof(bytes));
    check(message_append_answer(bytes, 33, &success) &&
              !message_append_answer(bytes, 34, &success),
          "AppendEntries reply");
    bytes[37] = 4; /* the chunk's length */
    check(!message_snapshot_request(bytes, 44, &snapshot) &&
              message_snapshot_request(bytes, 45, &snapshot),
          "InstallSnapshot");
}

static const struct claim claims[] = {
    {"frames come out whole wherever they are cut", test_frames_cut_anywhere},
    {"the largest frame passes and no larger", test_frame_limits},
    {"garbage is noticed at once and kept", test_garbage_at_once},
    {"messages decode exactly or not at all", test_messages_exact},
};

int main(void)
{
    return run_claims(claims, sizeof(claims) / sizeof(claims[0]));
}
