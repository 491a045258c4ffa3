/*
 * text.c - the plain text port's language; see text.h.
 *
 *      set k 60 2\r\n   hi   \r\n
 *      |                |    |
 *      the line         |    must stand there
 *                       as many bytes as the line says
 *
 * The parser keeps no state: a request that is not complete is read again from
 * its front when more has come. The invariant: it goes on behind a mistake only
 * if it knows where the mistaken request ends, for it must never take bytes of
 * a value for a command.
 */
#include "text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "outcome.h"
#include "resp.h"

#define MAX_ANSWER_LINE_BYTES 256 /* its NUL included */
#define MAX_LINE_WORDS        6   /* cas with noreply */

/* How a request is spelled. */
struct form {
    const char *name; /* its first word */
    int words;        /* in its line, without noreply */
    bool has_value;   /* the last of these words is its length */
};

static const struct form forms[] = {
    {"set", 4, true},   {"cas", 5, true},     {"get", 2, false},
    {"getm", 2, false}, {"delete", 2, false},
};

static const struct form *find_form(struct bytes name)
{
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++)
        if (resp_is(name, forms[i].name))
            return &forms[i];
    return NULL;
}

/* The words of a line, with blanks between; how many there are, which may be
 * more than fit. */
static int split(struct bytes line, struct bytes words[MAX_LINE_WORDS])
{
    const uint8_t *end = line.data + line.len;
    int count = 0;

    for (const uint8_t *at = line.data; at < end;) {
        if (*at == ' ') {
            at++;
            continue;
        }
        const uint8_t *word = at;
        while (at < end && *at != ' ')
            at++;
        if (count < MAX_LINE_WORDS)
            words[count] = bytes_of(word, (size_t)(at - word));
        count++;
    }
    return count;
}

/* Whether the words between the key and the length are numbers. */
static bool has_numbers(const struct form *form, const struct bytes words[])
{
    uint64_t number;

    for (int i = 2; i < form->words - 1; i++)
        if (resp_to_uint(words[i], &number) != OK)
            return false;
    return true;
}

/* The value behind a line: as text_parse. line_bytes is the line's length. */
static long read_value(struct bytes in, size_t line_bytes,
                       const struct form *form, const struct bytes words[],
                       struct text_request *request)
{
    struct bytes left = bytes_of(in.data + line_bytes, in.len - line_bytes);
    uint64_t len;

    if (resp_to_uint(words[form->words - 1], &len) != OK ||
        len > TEXT_MAX_VALUE_BYTES)
        return BAD_BYTES;
    if (left.len < len + 2)
        return 0;
    if (left.data[len] != '\r' || left.data[len + 1] != '\n')
        return BAD_BYTES; /* what else would follow is part of a value */
    if (has_numbers(form, words))
        request->argc = form->words;
    request->argv[form->words - 1] = bytes_of(left.data, (size_t)len);
    return (long)(line_bytes + len + 2);
}

long text_parse(struct bytes in, struct text_request *request)
{
    size_t limit = in.len < TEXT_MAX_LINE_BYTES ? in.len : TEXT_MAX_LINE_BYTES;
    const uint8_t *end = limit > 0 ? memchr(in.data, '\n', limit) : NULL;
    struct bytes words[MAX_LINE_WORDS];

    if (!end)
        return limit < TEXT_MAX_LINE_BYTES ? 0 : BAD_BYTES;
    size_t line_bytes = (size_t)(end - in.data) + 1;
    bool has_return = line_bytes >= 2 && end[-1] == '\r';
    int count = split(bytes_of(in.data, line_bytes - 1 - has_return), words);
    const struct form *form = count > 0 ? find_form(words[0]) : NULL;
    bool has_value = form && form->has_value;

    *request = (struct text_request){0};
    request->is_silent = has_value && count == form->words + 1 &&
                         resp_is(words[count - 1], "noreply");
    bool is_right = form && has_return &&
                    count == form->words + request->is_silent;
    if (!is_right) /* a mistaken set may or may not have a value behind it */
        return has_value ? BAD_BYTES : (long)line_bytes;
    memcpy(request->argv, words, (size_t)form->words * sizeof words[0]);
    if (has_value)
        return read_value(in, line_bytes, form, words, request);
    request->argc = form->words;
    return (long)line_bytes;
}

void text_line(struct buf *out, const char *format, ...)
{
    char text[MAX_ANSWER_LINE_BYTES];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    put_bytes(out, bytes_text(text));
    put_bytes(out, bytes_text("\r\n"));
}

void text_value(struct buf *out, struct bytes value)
{
    put_bytes(out, value);
    put_bytes(out, bytes_text("\r\n"));
}
