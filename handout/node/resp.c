/*
 * resp.c - RESP2: reading requests, writing replies; see resp.h.
 *
 *      *2 \r\n   $4 \r\n PING \r\n   $2 \r\n hi \r\n
 *      |         |       |
 *      |         |       so many bytes, whatever they are
 *      |         the first word has 4 bytes
 *      an array of 2 words
 *
 * The parser keeps no state: a request that is not complete is read again
 * from its front when more has come. The invariant: it looks at no byte behind
 * its input, and whatever can never become a request is refused as soon as
 * that is certain.
 */
#include "resp.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "outcome.h"

#define MAX_COUNT_LINE_BYTES 32   /* "*1024\r\n" and "$1048576\r\n" */
#define MAX_ERROR_LINE_BYTES 1024 /* of an error reply, its NUL included */

/* What a step of the parser came to. */
enum step {
    STEP_BAD = -1,  /* no request can come of it */
    STEP_SHORT = 0, /* more bytes are needed */
    STEP_DONE = 1,  /* it was read, and the input shrank by it */
};

static void skip(struct bytes *in, size_t len)
{
    in->data += len;
    in->len -= len;
}

/*
 * Reads "<kind><number>\r\n" from the front. The number may be negative, which
 * is the caller's to judge.
 */
static enum step read_count(struct bytes *in, char kind, int64_t *count,
                            const char **error)
{
    size_t limit = in->len < MAX_COUNT_LINE_BYTES ? in->len
                                                  : MAX_COUNT_LINE_BYTES;

    if (in->len == 0)
        return STEP_SHORT;
    *error = kind == '*' ? "Protocol error: invalid multibulk length"
                         : "Protocol error: invalid bulk length";
    if (in->data[0] != kind) {
        *error = "Protocol error: expected '$' before each word";
        return STEP_BAD;
    }

    const uint8_t *end = memchr(in->data, '\n', limit);
    if (!end)
        return limit < MAX_COUNT_LINE_BYTES ? STEP_SHORT : STEP_BAD;

    size_t line = (size_t)(end - in->data);
    if (line < 2 || in->data[line - 1] != '\r')
        return STEP_BAD;
    if (resp_to_int(bytes_of(in->data + 1, line - 2), count) != OK)
        return STEP_BAD;
    skip(in, line + 1);
    return STEP_DONE;
}

/* Reads one word: "$<length>\r\n<bytes>\r\n". */
static enum step read_word(struct bytes *in, struct bytes *word,
                           const char **error)
{
    int64_t len;

    enum step step = read_count(in, '$', &len, error);
    if (step != STEP_DONE)
        return step;
    if (len < 0 || len > RESP_MAX_BULK_BYTES)
        return STEP_BAD; /* "invalid bulk length" still stands */
    if (in->len < (size_t)len + 2)
        return STEP_SHORT;
    *word = bytes_of(in->data, (size_t)len);
    skip(in, (size_t)len);
    if (in->data[0] != '\r' || in->data[1] != '\n') {
        *error = "Protocol error: expected a line end after a word";
        return STEP_BAD;
    }
    skip(in, 2);
    return STEP_DONE;
}

static enum step read_array(struct bytes *in, struct resp_request *request,
                            const char **error)
{
    int64_t count;

    enum step step = read_count(in, '*', &count, error);
    if (step != STEP_DONE)
        return step;
    if (count > RESP_MAX_ARGS)
        return STEP_BAD; /* "invalid multibulk length" still stands */
    for (int64_t i = 0; i < count; i++) {
        step = read_word(in, &request->argv[i], error);
        if (step != STEP_DONE)
            return step;
    }
    request->argc = count > 0 ? (int)count : 0;
    return STEP_DONE;
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* Reads words with blanks between them, up to the end of the line. */
static enum step read_line(struct bytes *in, struct resp_request *request,
                           const char **error)
{
    size_t limit = in->len < RESP_MAX_LINE_BYTES ? in->len
                                                 : RESP_MAX_LINE_BYTES;
    const uint8_t *end = memchr(in->data, '\n', limit);

    if (!end) {
        *error = "Protocol error: too big inline request";
        return limit < RESP_MAX_LINE_BYTES ? STEP_SHORT : STEP_BAD;
    }
    request->argc = 0;
    for (const uint8_t *at = in->data; at < end;) {
        if (is_blank(*at)) {
            at++;
            continue;
        }
        const uint8_t *word = at;
        while (at < end && !is_blank(*at))
            at++;
        if (request->argc == RESP_MAX_ARGS) {
            *error = "Protocol error: too many words in an inline request";
            return STEP_BAD;
        }
        request->argv[request->argc++] = bytes_of(word, (size_t)(at - word));
    }
    skip(in, (size_t)(end - in->data) + 1);
    return STEP_DONE;
}

long resp_parse(struct bytes in, struct resp_request *request,
                const char **error)
{
    struct bytes left = in;

    if (in.len == 0)
        return 0;

    enum step step = in.data[0] == '*' ? read_array(&left, request, error)
                                       : read_line(&left, request, error);
    if (step == STEP_SHORT && in.len >= RESP_MAX_REQUEST_BYTES) {
        *error = "Protocol error: too big request";
        step = STEP_BAD;
    }
    if (step == STEP_BAD)
        return BAD_BYTES;
    return step == STEP_DONE ? (long)(in.len - left.len) : 0;
}

/* One line of a reply: a mark, a text, a line end. */
static void put_line(struct buf *out, char mark, const char *text)
{
    put_u8(out, (uint8_t)mark);
    put_bytes(out, bytes_text(text));
    put_bytes(out, bytes_text("\r\n"));
}

void resp_simple(struct buf *out, const char *text)
{
    put_line(out, '+', text);
}

void resp_error(struct buf *out, const char *format, ...)
{
    char text[MAX_ERROR_LINE_BYTES];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);

    /* A line end in the text would end the reply in its middle. */
    for (char *at = text; *at; at++)
        if (*at == '\r' || *at == '\n')
            *at = ' ';
    put_line(out, '-', text);
}

/* A line that holds a number. */
static void put_number(struct buf *out, char mark, int64_t value)
{
    char text[24];

    snprintf(text, sizeof text, "%lld", (long long)value);
    put_line(out, mark, text);
}

void resp_int(struct buf *out, int64_t value)
{
    put_number(out, ':', value);
}

void resp_bulk(struct buf *out, struct bytes value)
{
    put_number(out, '$', (int64_t)value.len);
    put_bytes(out, value);
    put_bytes(out, bytes_text("\r\n"));
}

void resp_text(struct buf *out, const char *text)
{
    resp_bulk(out, bytes_text(text));
}

void resp_null(struct buf *out)
{
    put_line(out, '$', "-1");
}

void resp_array(struct buf *out, int count)
{
    put_number(out, '*', count);
}

int resp_to_uint(struct bytes word, uint64_t *value)
{
    uint64_t result = 0;

    if (word.len == 0)
        return BAD_BYTES;
    for (size_t i = 0; i < word.len; i++) {
        if (word.data[i] < '0' || word.data[i] > '9')
            return BAD_BYTES;
        uint64_t digit = word.data[i] - (uint64_t)'0';
        if (result > (UINT64_MAX - digit) / 10)
            return BAD_BYTES;
        result = result * 10 + digit;
    }
    *value = result;
    return OK;
}

int resp_to_int(struct bytes word, int64_t *value)
{
    bool is_negative = word.len > 0 && word.data[0] == '-';
    uint64_t size;

    if (is_negative)
        skip(&word, 1);
    if (resp_to_uint(word, &size) != OK)
        return BAD_BYTES;
    if (size > (uint64_t)INT64_MAX + is_negative)
        return BAD_BYTES;
    /* Negated while unsigned: INT64_MIN has no positive twin. */
    *value = (int64_t)(is_negative ? 0 - size : size);
    return OK;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool resp_is(struct bytes word, const char *text)
{
    if (word.len != strlen(text))
        return false;
    for (size_t i = 0; i < word.len; i++)
        if (lower((char)word.data[i]) != lower(text[i]))
            return false;
    return true;
}
