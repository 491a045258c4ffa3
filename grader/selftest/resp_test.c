/*
 * resp_test.c - RESP2 requests and replies (handout/node/resp.c).
 */
#include "resp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "outcome.h"
#include "selftest.h"

static struct resp_request request; /* 16 KB */

/* Parses memory that ends where the bytes end, so that ASan sees who reads on.
 * The words must be looked at through shown(). */
static long parse(struct bytes in, char *shown, size_t shown_bytes,
                  const char **error)
{
    uint8_t *copy = malloc(in.len + 1);
    size_t used = 0;

    if (in.len > 0)
        memcpy(copy + 1, in.data, in.len);
    *error = "";
    long len = resp_parse(bytes_of(copy + 1, in.len), &request, error);
    shown[0] = '\0';
    for (int i = 0; len > 0 && i < request.argc && used < shown_bytes; i++)
        used += (size_t)snprintf(shown + used, shown_bytes - used, "[%.*s]",
                                 (int)request.argv[i].len,
                                 (const char *)request.argv[i].data);
    free(copy);
    return len;
}

/* The words as "[PING][hi]", or the error, or "more". */
static const char *words(const char *text)
{
    static char shown[1024];
    const char *error;
    long len = parse(bytes_text(text), shown, sizeof shown, &error);

    if (len < 0)
        return error;
    if (len == 0)
        return "more";
    CHECK_INT(len, strlen(text));
    return shown;
}

static void requests_are_read(void)
{
    CHECK_TEXT(words("*2\r\n$4\r\nPING\r\n$2\r\nhi\r\n"), "[PING][hi]");
    CHECK_TEXT(words("*2\r\n$3\r\nSET\r\n$0\r\n\r\n"), "[SET][]");
    CHECK_TEXT(words("*1\r\n$4\r\n\r\n\r\n\r\n"), "[\r\n\r\n]");
    CHECK_TEXT(words("*0\r\n"), "");
    CHECK_TEXT(words("*-1\r\n"), "");
    CHECK_TEXT(words("PING hi\r\n"), "[PING][hi]");
    CHECK_TEXT(words("  PING \t hi \n"), "[PING][hi]");
    CHECK_TEXT(words("\r\n"), "");
}

static void one_of_several(void)
{
    char shown[64];
    const char *error;
    const char *two = "*1\r\n$1\r\na\r\n*1\r\n$1\r\nb\r\n";

    CHECK_INT(parse(bytes_text(two), shown, sizeof shown, &error), 11);
    CHECK_TEXT(shown, "[a]");
    CHECK_INT(parse(bytes_text("a b\nc\n"), shown, sizeof shown, &error), 4);
    CHECK_TEXT(shown, "[a][b]");
}

static void split_anywhere(void)
{
    static const char *const whole[] = {
        "*3\r\n$3\r\nSET\r\n$3\r\nk\r\n\r\n$10\r\n0123456789\r\n",
        "SET k 0123456789\r\n",
    };
    char shown[64];
    const char *error;

    for (int i = 0; i < 2; i++) {
        size_t total = strlen(whole[i]);
        for (size_t len = 0; len < total; len++)
            CHECK_INT(
                parse(bytes_of(whole[i], len), shown, sizeof shown, &error), 0);
        CHECK_INT(parse(bytes_of(whole[i], total), shown, sizeof shown, &error),
                  total);
    }
}

static void garbage_is_refused(void)
{
    static const char *const bad_count =
        "Protocol error: invalid multibulk length";
    static const char *const bad_len = "Protocol error: invalid bulk length";
    static const char *const no_dollar =
        "Protocol error: expected '$' before each word";

    CHECK_TEXT(words("*x\r\n"), bad_count);
    CHECK_TEXT(words("*1025\r\n"), bad_count);
    CHECK_TEXT(words("*99999999999999999999\r\n"), bad_count);
    CHECK_TEXT(words("*1\n"), bad_count);
    CHECK_TEXT(words("*11111111111111111111111111111111"), bad_count);
    CHECK_TEXT(words("*1\r\n+"), no_dollar);
    CHECK_TEXT(words("*1\r\n:5\r\n"), no_dollar);
    CHECK_TEXT(words("*1\r\n$-1\r\n"), bad_len);
    CHECK_TEXT(words("*1\r\n$1048577\r\n"), bad_len);
    CHECK_TEXT(words("*1\r\n$\r\n"), bad_len);
    CHECK_TEXT(words("*1\r\n$3\r\nabcde"),
               "Protocol error: expected a line end after a word");
}

static void limits_hold(void)
{
    struct buf in = {0};
    char shown[4];
    const char *error;

    for (uint32_t i = 0; i < RESP_MAX_LINE_BYTES; i++)
        put_u8(&in, 'x');
    CHECK_INT(parse(buf_span(&in), shown, sizeof shown, &error), BAD_BYTES);
    in.len--;
    CHECK_INT(parse(buf_span(&in), shown, sizeof shown, &error), 0);
    put_u8(&in, '\n');
    CHECK_INT(parse(buf_span(&in), shown, sizeof shown, &error), in.len);

    buf_clear(&in);
    for (int i = 0; i < RESP_MAX_ARGS; i++)
        put_bytes(&in, bytes_text("a "));
    put_u8(&in, '\n');
    CHECK_INT(parse(buf_span(&in), shown, sizeof shown, &error), in.len);
    CHECK_INT(request.argc, RESP_MAX_ARGS);
    in.len--;
    put_bytes(&in, bytes_text("a\n"));
    CHECK_INT(parse(buf_span(&in), shown, sizeof shown, &error), BAD_BYTES);

    buf_clear(&in);
    put_bytes(&in, bytes_text("*9\r\n"));
    for (int i = 0; i < 4; i++) {
        put_bytes(&in, bytes_text("$1048576\r\n"));
        memset(buf_room(&in, RESP_MAX_BULK_BYTES), 'x', RESP_MAX_BULK_BYTES);
        in.len += RESP_MAX_BULK_BYTES;
        put_bytes(&in, bytes_text("\r\n"));
    }
    CHECK_INT(parse(buf_span(&in), shown, sizeof shown, &error), BAD_BYTES);
    CHECK_TEXT(error, "Protocol error: too big request");
    buf_free(&in);
}

static void stirred_bytes_do_no_harm(void)
{
    static const char whole[] = "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$2\r\n01\r\n";
    static const char likely[] = "*$\r\n0123456789-x ";
    char bytes[sizeof whole];
    char shown[256];
    const char *error;

    for (int i = 0; i < 200000; i++) {
        memcpy(bytes, whole, sizeof whole);
        for (uint32_t k = selftest_random(4) + 1; k > 0; k--)
            bytes[selftest_random(sizeof bytes - 1)] =
                likely[selftest_random(sizeof likely - 1)];
        size_t len = selftest_random(sizeof bytes);
        long used = parse(bytes_of(bytes, len), shown, sizeof shown, &error);
        CHECK(used <= (long)len);
        CHECK(used != BAD_BYTES || error[0]);
    }
}

static const char *text_of(struct buf *out)
{
    put_u8(out, 0);
    return (const char *)out->data;
}

static void replies_are_written(void)
{
    struct buf out = {0};

    resp_simple(&out, "OK");
    resp_error(&out, "ERR no %s", "such\r\nthing");
    resp_int(&out, -5);
    resp_bulk(&out, bytes_of("a\r\nb", 4));
    resp_text(&out, "");
    resp_null(&out);
    resp_array(&out, 2);
    CHECK_TEXT(text_of(&out), "+OK\r\n-ERR no such  thing\r\n:-5\r\n"
                              "$4\r\na\r\nb\r\n$0\r\n\r\n$-1\r\n*2\r\n");
    buf_free(&out);

    char name[3000];
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    resp_error(&out, "ERR %s", name);
    CHECK(out.len < 1100 && memcmp(out.data + out.len - 2, "\r\n", 2) == 0);
    buf_free(&out);
}

static void integers_are_whole(void)
{
    uint64_t u = 7;
    int64_t i = 7;

    CHECK_INT(resp_to_uint(bytes_text("18446744073709551615"), &u), OK);
    CHECK(u == UINT64_MAX);
    CHECK_INT(resp_to_uint(bytes_text("18446744073709551616"), &u), BAD_BYTES);
    CHECK_INT(resp_to_uint(bytes_text(""), &u), BAD_BYTES);
    CHECK_INT(resp_to_uint(bytes_text("1 "), &u), BAD_BYTES);
    CHECK_INT(resp_to_uint(bytes_text("-1"), &u), BAD_BYTES);
    CHECK_INT(resp_to_int(bytes_text("-9223372036854775808"), &i), OK);
    CHECK(i == INT64_MIN);
    CHECK_INT(resp_to_int(bytes_text("9223372036854775807"), &i), OK);
    CHECK(i == INT64_MAX);
    CHECK_INT(resp_to_int(bytes_text("9223372036854775808"), &i), BAD_BYTES);
    CHECK_INT(resp_to_int(bytes_text("-9223372036854775809"), &i), BAD_BYTES);
    CHECK_INT(resp_to_int(bytes_text("-"), &i), BAD_BYTES);
    CHECK_INT(resp_to_int(bytes_text("+1"), &i), BAD_BYTES);
    CHECK(i == INT64_MAX); /* untouched by what is no number */
}

static void case_does_not_matter(void)
{
    CHECK(resp_is(bytes_text("pInG"), "PING"));
    CHECK(!resp_is(bytes_text("PINGS"), "PING"));
    CHECK(!resp_is(bytes_text(""), "PING"));
    CHECK(!resp_is(bytes_text("@"), "`")); /* no letters: 32 apart is not 0 */
}

int main(void)
{
    TEST("requests are read, as arrays and as lines", requests_are_read);
    TEST("one of several is taken", one_of_several);
    TEST("a request may be split anywhere", split_anywhere);
    TEST("garbage is refused with Redis's words", garbage_is_refused);
    TEST("limits hold", limits_hold);
    TEST("stirred bytes do no harm", stirred_bytes_do_no_harm);
    TEST("replies are written", replies_are_written);
    TEST("integers are whole", integers_are_whole);
    TEST("the case of letters does not matter", case_does_not_matter);
    return selftest_end();
}
