/*
 * text.h - text that grows: lines on their way to a control client.
 */
#ifndef CONCLAVE_TEXT_H
#define CONCLAVE_TEXT_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

/* {0} is an empty one. */
struct text {
    char *data;      /* heap memory, without a NUL */
    size_t len;      /* bytes in use */
    size_t capacity; /* bytes allocated */
};

/* Appends as printf would. */
void text_add(struct text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void text_add_args(struct text *text, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

/* Appends bytes in hexadecimal; "-" for none. */
void text_add_hex(struct text *text, const uint8_t *data, size_t len);

/* Appends another text. */
void text_append(struct text *text, const struct text *more);

void text_free(struct text *text);

#endif
