/*
 * wire_test.c - spans, buffers and codecs (handout/node/wire.c), and the names
 * of outcomes.
 */
#include "wire.h"

#include <string.h>

#include "outcome.h"
#include "selftest.h"

static void integers_are_little_endian(void)
{
    static const uint8_t expected[] = {1, 2, 1, 4, 3, 2, 1,   8,  7,
                                       6, 5, 4, 3, 2, 1, 'h', 'i'};
    struct buf out = {0};

    put_u8(&out, 1);
    put_u16(&out, 0x0102);
    put_u32(&out, 0x01020304);
    put_u64(&out, 0x0102030405060708);
    put_bytes(&out, bytes_text("hi"));
    CHECK(bytes_equal(buf_span(&out), bytes_of(expected, sizeof expected)));
    buf_free(&out);
}

static void what_is_put_is_got(void)
{
    struct buf out = {0};

    put_u8(&out, 200);
    put_u16(&out, 60000);
    put_u32(&out, 4000000000u);
    put_u64(&out, UINT64_MAX);
    put_u8(&out, 1);
    put_bytes(&out, bytes_text("rest"));

    struct wire_in in = wire_in(buf_span(&out));
    CHECK_INT(get_u8(&in), 200);
    CHECK_INT(get_u16(&in), 60000);
    CHECK_INT(get_u32(&in), 4000000000u);
    CHECK(get_u64(&in) == UINT64_MAX);
    CHECK(get_bool(&in));
    CHECK(bytes_equal(get_bytes(&in, 2), bytes_text("re")));
    CHECK_INT(wire_end(&in), BAD_BYTES); /* "st" trails */
    CHECK(bytes_equal(get_rest(&in), bytes_text("st")));
    CHECK_INT(wire_end(&in), OK);
    buf_free(&out);
}

static void an_error_is_sticky(void)
{
    struct wire_in in = wire_in(bytes_text("abcdefgh"));

    CHECK_INT(get_u32(&in), 0x64636261);
    CHECK_INT(get_u64(&in), 0); /* only four are left */
    CHECK_INT(get_u8(&in), 0);  /* one would fit, but the error stands */
    CHECK_INT(get_rest(&in).len, 0);
    CHECK_INT(wire_end(&in), BAD_BYTES);
}

static void a_length_is_not_believed(void)
{
    struct wire_in in = wire_in(bytes_text("abc"));

    CHECK_INT(get_bytes(&in, SIZE_MAX).len, 0);
    CHECK(in.bad);

    in = wire_in(bytes_text("\2"));
    CHECK(!get_bool(&in));
    CHECK(in.bad);
}

static void nothing_is_something(void)
{
    struct bytes none = {0};
    struct wire_in in = wire_in(none);
    struct buf out = {0};

    CHECK_INT(wire_end(&in), OK);
    CHECK_INT(get_bytes(&in, 0).len, 0);
    CHECK_INT(get_rest(&in).len, 0);
    CHECK_INT(wire_end(&in), OK);
    put_bytes(&out, none);
    buf_drop(&out, 0);
    CHECK(bytes_equal(none, buf_span(&out)));
    CHECK(bytes_equal(none, bytes_text("")));
    CHECK(!bytes_equal(none, bytes_text("x")));
    CHECK(buf_room(&out, 0) != NULL);
    buf_free(&out);
    buf_free(&out);
}

static void a_buffer_grows_and_shrinks(void)
{
    struct buf buf = {0};

    for (uint32_t i = 0; i < 1000; i++)
        put_u32(&buf, i);
    CHECK_INT(buf.len, 4000);
    set_u32(&buf, 3996, 7);
    buf_drop(&buf, 3992);
    CHECK_INT(buf.len, 8);

    struct wire_in in = wire_in(buf_span(&buf));
    CHECK_INT(get_u32(&in), 998);
    CHECK_INT(get_u32(&in), 7);
    CHECK_INT(wire_end(&in), OK);

    memcpy(buf_room(&buf, 3), "abc", 3);
    CHECK_INT(buf.len, 8); /* room does not count until it is used */
    buf.len += 3;
    buf_drop(&buf, 8);
    CHECK(bytes_equal(buf_span(&buf), bytes_text("abc")));
    buf_clear(&buf);
    CHECK_INT(buf.len, 0);
    buf_free(&buf);
    CHECK(buf.data == NULL && buf.cap == 0);
}

static void outcomes_have_names(void)
{
    CHECK_TEXT(outcome_name(OK), "OK");
    CHECK_TEXT(outcome_name(TIMED_OUT), "RPC_TIMEOUT");
    CHECK_TEXT(outcome_name(CANCELLED), "RPC_CANCELLED");
    CHECK_TEXT(outcome_name(-6), "RPC_FAILED");
    CHECK_TEXT(outcome_name(DISK_BAD_RANGE), "DISK_BAD_RANGE");
    CHECK_TEXT(outcome_name(1), "unknown outcome");
    CHECK_TEXT(outcome_name(-1000), "unknown outcome");
}

int main(void)
{
    TEST("integers are little-endian", integers_are_little_endian);
    TEST("what is put is got", what_is_put_is_got);
    TEST("a decoder's error is sticky", an_error_is_sticky);
    TEST("a length is not believed", a_length_is_not_believed);
    TEST("no bytes are bytes too", nothing_is_something);
    TEST("a buffer grows and shrinks", a_buffer_grows_and_shrinks);
    TEST("outcomes have names", outcomes_have_names);
    return selftest_end();
}
