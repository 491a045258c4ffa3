/*
 * text.c - see text.h.
 */
#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../net/alloc.h"

/* Makes room for more bytes; where they go. */
static char *room(struct text *text, size_t more)
{
    if (text->capacity - text->len < more) {
        text->capacity = 2 * (text->len + more);
        text->data = alloc_resize(text->data, text->capacity);
    }
    return text->data + text->len;
}

void text_add_args(struct text *text, const char *format, va_list args)
{
    enum { TYPICAL_BYTES = 256 };
    va_list again;
    char *at = room(text, TYPICAL_BYTES);
    int len;

    va_copy(again, args);
    len = vsnprintf(at, TYPICAL_BYTES, format, args);
    if (len >= TYPICAL_BYTES)
        vsnprintf(room(text, (size_t)len + 1), (size_t)len + 1, format, again);
    va_end(again);
    text->len += len > 0 ? (size_t)len : 0;
}

void text_add(struct text *text, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    text_add_args(text, format, args);
    va_end(args);
}

void text_add_hex(struct text *text, const uint8_t *data, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    char *at = room(text, 2 * len + 1);

    if (len == 0)
        *at++ = '-';
    for (size_t i = 0; i < len; i++) {
        *at++ = digits[data[i] >> 4];
        *at++ = digits[data[i] & 15];
    }
    text->len = (size_t)(at - text->data);
}

void text_append(struct text *text, const struct text *more)
{
    if (more->len == 0)
        return;
    memcpy(room(text, more->len), more->data, more->len);
    text->len += more->len;
}

void text_free(struct text *text)
{
    free(text->data);
    *text = (struct text){0};
}
