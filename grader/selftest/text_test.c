/*
 * text_test.c - the plain text port's requests (handout/node/text.c).
 */
#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "outcome.h"
#include "selftest.h"

/* Parses memory that ends where the bytes end, so that ASan sees who reads on.
 * The words are shown as "[get][k]", "silent" in front of them if so. */
static long parse(struct bytes in, char *shown, size_t shown_bytes)
{
    struct text_request request;
    uint8_t *copy = malloc(in.len + 1);
    size_t used = 0;

    if (in.len > 0)
        memcpy(copy + 1, in.data, in.len);
    long len = text_parse(bytes_of(copy + 1, in.len), &request);
    shown[0] = '\0';
    if (len > 0 && request.is_silent)
        used = (size_t)snprintf(shown, shown_bytes, "silent");
    for (int i = 0; len > 0 && i < request.argc && used < shown_bytes; i++)
        used += (size_t)snprintf(shown + used, shown_bytes - used, "[%.*s]",
                                 (int)request.argv[i].len,
                                 (const char *)request.argv[i].data);
    if (len > 0 && request.argc == 0)
        snprintf(shown, shown_bytes, "bad line");
    free(copy);
    return len;
}

/* The request; "bad line", "lost" (nothing can follow), or "more". */
static const char *words(const char *text)
{
    static char shown[1024];
    long len = parse(bytes_text(text), shown, sizeof shown);

    if (len <= 0)
        return len == 0 ? "more" : "lost";
    CHECK_INT(len, strlen(text));
    return shown;
}

static void requests_are_read(void)
{
    CHECK_TEXT(words("get k\r\n"), "[get][k]");
    CHECK_TEXT(words("getm k\r\n"), "[getm][k]");
    CHECK_TEXT(words("delete k\r\n"), "[delete][k]");
    CHECK_TEXT(words("  GET   k \r\n"), "[GET][k]");
    CHECK_TEXT(words("set k 60 2\r\nhi\r\n"), "[set][k][60][hi]");
    CHECK_TEXT(words("set k 0 0\r\n\r\n"), "[set][k][0][]");
    CHECK_TEXT(words("set k 0 4 noreply\r\n\r\n\r\n\r\n"),
               "silent[set][k][0][\r\n\r\n]");
    CHECK_TEXT(words("cas k 0 7 10\r\nget k\r\nget\r\n"),
               "[cas][k][0][7][get k\r\nget]");
    CHECK_TEXT(words("cas k 0 7 1 noreply\r\nx\r\n"),
               "silent[cas][k][0][7][x]");
    CHECK_TEXT(words("get noreply\r\n"), "[get][noreply]");
}

static void requests_may_be_split(void)
{
    static const char *const whole[] = {"get key\r\n",
                                        "cas k 10 7 2 noreply\r\nhi\r\n"};
    char shown[64];

    for (size_t i = 0; i < sizeof whole / sizeof whole[0]; i++)
        for (size_t len = 0; len < strlen(whole[i]); len++)
            CHECK_INT(parse(bytes_of(whole[i], len), shown, sizeof shown), 0);
    CHECK_INT(parse(bytes_text("get a\r\nget b\r\n"), shown, sizeof shown), 7);
}

static void a_bad_line_is_skipped(void)
{
    CHECK_TEXT(words("\r\n"), "bad line");
    CHECK_TEXT(words("get\r\n"), "bad line");
    CHECK_TEXT(words("get a b\r\n"), "bad line");
    CHECK_TEXT(words("get a\n"), "bad line");
    CHECK_TEXT(words("delete a noreply\r\n"), "bad line");
    CHECK_TEXT(words("sing a song\r\n"), "bad line");

    /* Where its value ends is known. */
    CHECK_TEXT(words("set k soon 2\r\nhi\r\n"), "bad line");
    CHECK_TEXT(words("set k -1 2\r\nhi\r\n"), "bad line");
    CHECK_TEXT(words("cas k 0 new 2\r\nhi\r\n"), "bad line");
    CHECK_TEXT(words("set k soon 2\r\nhi"), "more");
}

static void bytes_of_a_value_are_never_a_command(void)
{
    CHECK_TEXT(words("set k 0\r\n"), "lost");
    CHECK_TEXT(words("set k 0 2 quiet\r\n"), "lost");
    CHECK_TEXT(words("set k 0 2 noreply x\r\n"), "lost");
    CHECK_TEXT(words("set k 0 2\nhi\r\n"), "lost");
    CHECK_TEXT(words("set k 0 two\r\n"), "lost");
    CHECK_TEXT(words("cas k 0 2\r\n"), "lost");
    CHECK_TEXT(words("set k 0 2\r\nhid\r\n"), "lost");
    CHECK_TEXT(words("set k 0 2\r\nhi\n\n"), "lost");
    CHECK_TEXT(words("set k 0 1048577\r\n"), "lost");
    CHECK_TEXT(words("set k 0 18446744073709551615\r\n"), "lost");
}

static void a_line_has_a_limit(void)
{
    char text[TEXT_MAX_LINE_BYTES + 1];
    char shown[64];

    memset(text, 'x', sizeof text);
    memcpy(text, "get ", 4);
    text[TEXT_MAX_LINE_BYTES - 2] = '\r';
    text[TEXT_MAX_LINE_BYTES - 1] = '\n';
    CHECK_INT(parse(bytes_of(text, TEXT_MAX_LINE_BYTES), shown, sizeof shown),
              TEXT_MAX_LINE_BYTES);
    text[TEXT_MAX_LINE_BYTES - 1] = 'x';
    text[TEXT_MAX_LINE_BYTES] = '\n';
    CHECK_INT(
        parse(bytes_of(text, TEXT_MAX_LINE_BYTES - 1), shown, sizeof shown), 0);
    CHECK_INT(parse(bytes_of(text, sizeof text), shown, sizeof shown),
              BAD_BYTES);
}

static void stirred_bytes_do_no_harm(void)
{
    static const char whole[] = "cas k 0 7 2 noreply\r\nhi\r\nget k\r\n";
    static const char likely[] = " \r\n0123456789-get";
    char bytes[sizeof whole];
    char shown[64];

    for (int i = 0; i < 20000; i++) {
        memcpy(bytes, whole, sizeof whole);
        for (uint32_t k = selftest_random(4) + 1; k > 0; k--)
            bytes[selftest_random(sizeof bytes - 1)] =
                likely[selftest_random(sizeof likely - 1)];
        size_t cut = selftest_random(sizeof bytes);
        long len = parse(bytes_of(bytes, cut), shown, sizeof shown);
        CHECK(len == BAD_BYTES || (len >= 0 && (size_t)len <= cut));
    }
}

static void answers_are_lines(void)
{
    struct buf out = {0};

    text_line(&out, "VALUE %d", 2);
    text_value(&out, bytes_text("hi"));
    put_u8(&out, 0);
    CHECK_TEXT((const char *)out.data, "VALUE 2\r\nhi\r\n");
    buf_free(&out);
}

int main(void)
{
    TEST("requests are read", requests_are_read);
    TEST("requests may be split anywhere", requests_may_be_split);
    TEST("a bad line is skipped", a_bad_line_is_skipped);
    TEST("bytes of a value are never a command",
         bytes_of_a_value_are_never_a_command);
    TEST("a line has a limit", a_line_has_a_limit);
    TEST("stirred bytes do no harm", stirred_bytes_do_no_harm);
    TEST("answers are lines", answers_are_lines);
    return selftest_end();
}
