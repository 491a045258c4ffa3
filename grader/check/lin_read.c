/*
 * lin_read.c - histories from text. See lin_read.h.
 */
#include "lin_read.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../net/alloc.h"

#define PROCESSES_MAX 100000 /* of a Jepsen history; numbered from 0 */

/* ---- words ----------------------------------------------------------------*/

/* A line being cut into words; what is quoted is unescaped into `bytes`. */
struct cutter {
    const char *at;  /* what comes next */
    const char *end; /* of the line */
    char *bytes;     /* room for unescaped bytes: as many as the line's */
};

static int hex_digit(char c)
{
    const char *digits = "0123456789abcdef";
    const char *found = c == '\0' ? NULL : strchr(digits, tolower(c));

    return found == NULL ? -1 : (int)(found - digits);
}

/* One byte of a quoted word; false if the line ends or the escape is bad. */
static bool unescape(struct cutter *cutter, char *byte)
{
    const char *at = cutter->at;

    if (cutter->end - at < 2 || *at != '\\') {
        *byte = *at;
        cutter->at = at + 1;
        return *at != '\\';
    }
    cutter->at = at + 2;
    *byte = at[1] == 'n' ? '\n' : at[1] == 'r' ? '\r' : at[1];
    if (at[1] != 'x')
        return true;
    if (cutter->end - at < 4 || hex_digit(at[2]) < 0 || hex_digit(at[3]) < 0)
        return false;
    *byte = (char)(hex_digit(at[2]) * 16 + hex_digit(at[3]));
    cutter->at = at + 4;
    return true;
}

static bool cut_quoted(struct cutter *cutter, struct lin_word *word)
{
    *word = (struct lin_word){cutter->bytes, 0, LIN_TEXT};
    cutter->at++;
    while (cutter->at < cutter->end && *cutter->at != '"') {
        if (!unescape(cutter, cutter->bytes++))
            return false;
    }
    word->len_bytes = (size_t)(cutter->bytes - word->bytes);
    return cutter->at++ < cutter->end;
}

/* 1: a word, 0: the line ends, LIN_E_REQUEST: neither. */
static int cut_word(struct cutter *cutter, struct lin_word *word)
{
    while (cutter->at < cutter->end && isspace((unsigned char)*cutter->at))
        cutter->at++;
    if (cutter->at >= cutter->end)
        return 0;
    if (*cutter->at == '"')
        return cut_quoted(cutter, word) ? 1 : LIN_E_REQUEST;
    *word = (struct lin_word){cutter->at, 0, LIN_TEXT};
    while (cutter->at < cutter->end && !isspace((unsigned char)*cutter->at))
        cutter->at++;
    word->len_bytes = (size_t)(cutter->at - word->bytes);
    if (word->len_bytes == 3 && memcmp(word->bytes, "nil", 3) == 0)
        word->kind = LIN_NIL;
    if (word->len_bytes > 1 && word->bytes[0] == '-' &&
        isupper((unsigned char)word->bytes[1])) {
        word->kind = LIN_ERROR; /* it goes on to the end of the line */
        word->bytes++;
        word->len_bytes--;
    }
    return 1;
}

/* ---- conclave -------------------------------------------------------------*/

static bool read_time(const struct lin_word *word, uint64_t *number)
{
    *number = 0;
    if (word->len_bytes == 0 || word->len_bytes > 18)
        return false;
    for (size_t i = 0; i < word->len_bytes; i++) {
        if (!isdigit((unsigned char)word->bytes[i]))
            return false;
        *number = *number * 10 + (uint64_t)(word->bytes[i] - '0');
    }
    return true;
}

static bool is_exactly(const struct lin_word *word, const char *text)
{
    return word->len_bytes == strlen(text) &&
           memcmp(word->bytes, text, word->len_bytes) == 0;
}

static int add_words(struct lin *lin, const struct lin_word *words,
                     size_t count)
{
    struct lin_call call = {.return_us = LIN_NEVER};
    uint64_t client;
    size_t arrow = 3;

    while (arrow < count && !is_exactly(&words[arrow], "=>"))
        arrow++;
    if (count < 4 || !read_time(&words[0], &client) || client > INT32_MAX)
        return LIN_E_REQUEST;
    if (!read_time(&words[1], &call.call_us) ||
        (!is_exactly(&words[2], "-") && !read_time(&words[2], &call.return_us)))
        return LIN_E_TIME;
    if ((arrow < count) != (call.return_us != LIN_NEVER))
        return LIN_E_ANSWER;
    call.client = (int)client;
    call.request = words + 3;
    call.request_count = arrow - 3;
    if (arrow < count) {
        call.answer = words + arrow + 1;
        call.answer_count = count - arrow - 1;
    }
    return lin_add(lin, &call);
}

int lin_line(struct lin *lin, const char *line, size_t len_bytes)
{
    struct cutter cutter = {line, line + len_bytes, NULL};
    struct lin_word *words;
    char *bytes;
    size_t count = 0;
    int status;

    if (len_bytes > LIN_LINE_MAX)
        return LIN_E_SIZE;
    words = alloc_new(LIN_WORDS_MAX * sizeof(*words));
    bytes = cutter.bytes = alloc_new(len_bytes + 1);
    while ((status = cut_word(&cutter, &words[count])) == 1) {
        if (count == 0 && words[0].bytes[0] == '#')
            break;
        if (++count == LIN_WORDS_MAX) {
            status = LIN_E_SIZE;
            break;
        }
    }
    if (status == 0 && count > 0)
        status = add_words(lin, words, count);
    free(words);
    free(bytes);
    return status == 1 ? 0 : status;
}

/* ---- what each process is doing -------------------------------------------*/

/* An operation that has been called. */
struct pending {
    bool is_open;             /* and not answered */
    uint64_t call_us;         /* when */
    struct lin_word words[4]; /* its request */
    size_t count;             /* words in it */
};

struct reader {
    struct lin *lin;         /* what is read into */
    struct pending *pending; /* by process */
    long count;              /* processes that fit */
    uint64_t now;            /* the number of the line */
};

static struct lin_word text_word_of(const char *text)
{
    return (struct lin_word){text, strlen(text), LIN_TEXT};
}

static struct pending *process(struct reader *reader, long number)
{
    if (number < 0 || number >= PROCESSES_MAX)
        return NULL;
    if (number >= reader->count) {
        long count = number * 2 + 16;

        reader->pending = alloc_resize(
            reader->pending, (size_t)count * sizeof(*reader->pending));
        memset(reader->pending + reader->count, 0,
               (size_t)(count - reader->count) * sizeof(*reader->pending));
        reader->count = count;
    }
    return &reader->pending[number];
}

/* The answer of what a process is doing has come; or, NULL, will not. */
static int answered(struct reader *reader, long number,
                    const struct lin_word *answer)
{
    struct pending *pending = process(reader, number);
    struct lin_call call;

    if (pending == NULL || !pending->is_open)
        return LIN_E_ANSWER;
    pending->is_open = false;
    call = (struct lin_call){
        .client = (int)number,
        .call_us = pending->call_us,
        .return_us = answer == NULL ? LIN_NEVER : reader->now,
        .request = pending->words,
        .request_count = pending->count,
        .answer = answer,
        .answer_count = answer == NULL ? 0 : 1,
    };
    return lin_add(reader->lin, &call);
}

static int called(struct reader *reader, long number,
                  const struct lin_word *words, size_t count)
{
    struct pending *pending = process(reader, number);
    int status = 0;

    if (pending == NULL)
        return LIN_E_REQUEST;
    if (pending->is_open)
        status = answered(reader, number, NULL);
    pending = process(reader, number);
    pending->is_open = true;
    pending->call_us = reader->now;
    pending->count = count;
    memcpy(pending->words, words, count * sizeof(*words));
    return status;
}

/* ---- porcupine-kv ---------------------------------------------------------*/

/* The text after `name` in a line, or NULL. */
static const char *field(const char *line, const char *end, const char *name)
{
    size_t len = strlen(name);

    for (; line + len < end; line++) {
        if (memcmp(line, name, len) == 0)
            return line + len;
    }
    return NULL;
}

/* A string in quotes, or nil. */
static struct lin_word edn(const char *at, const char *end)
{
    struct lin_word word = {at, 0, LIN_NIL};

    if (at == NULL || at >= end || *at != '"')
        return word;
    word = (struct lin_word){at + 1, 0, LIN_TEXT};
    while (word.bytes + word.len_bytes < end &&
           word.bytes[word.len_bytes] != '"')
        word.len_bytes++;
    return word;
}

static int kv_line(struct reader *reader, const char *line, size_t len)
{
    const char *end = line + len;
    const char *number = field(line, end, ":process ");
    const char *type = field(line, end, ":type :");
    const char *what = field(line, end, ":f :");
    struct lin_word key = edn(field(line, end, ":key "), end);
    struct lin_word value = edn(field(line, end, ":value "), end);
    struct lin_word words[3] = {text_word_of("SET"), key, value};

    if (len == 0)
        return 0;
    if (number == NULL || type == NULL || what == NULL || key.kind != LIN_TEXT)
        return LIN_E_REQUEST;
    if (*what == 'g') {
        words[0] = text_word_of("GET");
        if (value.len_bytes == 0)
            value.kind = LIN_NIL; /* the empty string is no value */
    } else {
        if (*what == 'a')
            words[0] = text_word_of("APPEND");
        value = text_word_of("OK");
    }
    if (*type == 'i')
        return called(reader, atol(number), words, *what == 'g' ? 2 : 3);
    return answered(reader, atol(number), &value);
}

/* ---- jepsen-register ------------------------------------------------------*/

/* The next word of a line that ends with `end`. */
static struct lin_word jepsen_word(const char **at, const char *end)
{
    struct lin_word word;

    while (*at < end && (isspace((unsigned char)**at) || **at == '['))
        (*at)++;
    word = (struct lin_word){*at, 0, LIN_TEXT};
    while (*at < end && !isspace((unsigned char)**at) && **at != ']')
        (*at)++;
    word.len_bytes = (size_t)(*at - word.bytes);
    if (is_exactly(&word, "nil"))
        word.kind = LIN_NIL;
    return word;
}

static int register_line(struct reader *reader, const char *line, size_t len)
{
    const char *end = line + len;
    const char *at = field(line, end, "jepsen.util - ");
    struct lin_word number, type, what, first, second, answer;
    bool is_read, is_cas;

    if (at == NULL || !isdigit((unsigned char)*at))
        return 0;
    number = jepsen_word(&at, end);
    type = jepsen_word(&at, end);
    what = jepsen_word(&at, end);
    first = jepsen_word(&at, end);
    second = jepsen_word(&at, end);
    is_read = is_exactly(&what, ":read");
    is_cas = is_exactly(&what, ":cas");
    if (!is_read && !is_cas && !is_exactly(&what, ":write"))
        return 0;
    if (is_exactly(&type, ":invoke")) {
        struct lin_word words[4] = {text_word_of(is_read  ? "GET"
                                                 : is_cas ? "CASV"
                                                          : "SET"),
                                    text_word_of("register"), first, second};
        return called(reader, atol(number.bytes), words,
                      is_read  ? 2
                      : is_cas ? 4
                               : 3);
    }
    answer = is_read ? first : text_word_of("OK");
    if (is_exactly(&type, ":ok"))
        return answered(reader, atol(number.bytes), &answer);
    answer = text_word_of("0");
    if (is_exactly(&type, ":fail") && is_cas)
        return answered(reader, atol(number.bytes), &answer);
    return answered(reader, atol(number.bytes), NULL);
}

/* ---- files ----------------------------------------------------------------*/

int lin_read(struct lin *lin, enum lin_format format, const char *text,
             size_t len_bytes, uint64_t *bad_line)
{
    struct reader reader = {.lin = lin};
    const char *end = text + len_bytes;
    int status = 0;

    while (text < end && status == 0) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        size_t len = (size_t)((newline == NULL ? end : newline) - text);

        reader.now++;
        if (format == LIN_CONCLAVE)
            status = lin_line(lin, text, len);
        else if (format == LIN_PORCUPINE_KV)
            status = kv_line(&reader, text, len);
        else
            status = register_line(&reader, text, len);
        text = newline == NULL ? end : newline + 1;
    }
    *bad_line = reader.now;
    for (long i = 0; i < reader.count && status == 0; i++) {
        if (reader.pending[i].is_open)
            status = answered(&reader, i, NULL);
    }
    free(reader.pending);
    return status;
}

const char *lin_error(int code)
{
    switch (code) {
    case LIN_E_REQUEST:
        return "no such request, or words that do not fit it";
    case LIN_E_ANSWER:
        return "an answer that this request never has";
    case LIN_E_TIME:
        return "no times, or an answer before its request";
    case LIN_E_SIZE:
        return "longer than the checker's limits";
    }
    return "no error";
}
