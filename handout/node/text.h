/*
 * text.h - the plain text port's language: requests in, lines out.
 *
 *     set <key> <exptime> <numbytes> [noreply]\r\n<value>\r\n
 *     cas <key> <exptime> <version> <numbytes> [noreply]\r\n<value>\r\n
 *     get <key>\r\n       getm <key>\r\n       delete <key>\r\n
 *
 * Every line ends with CRLF. A value is as long as its line says: it may hold
 * any bytes, line ends too. exptime is in seconds from now; 0: never. The case
 * of a command's letters does not matter.
 */
#ifndef CONCLAVE_TEXT_H
#define CONCLAVE_TEXT_H

#include <stdbool.h>

#include "wire.h"

#define TEXT_MAX_LINE_BYTES  2048       /* its end included */
#define TEXT_MAX_VALUE_BYTES (1u << 20) /* of a request */
#define TEXT_MAX_ARGS        5          /* cas key exptime version value */

/* One request; its words are borrowed from the input. */
struct text_request {
    int argc;                         /* words; 0: a bad line, to be refused */
    struct bytes argv[TEXT_MAX_ARGS]; /* the command, its words, the value;
                                         numbytes is the value's length */
    bool is_silent;                   /* noreply: no answer is wanted */
};

/*
 * Reads one request from the front of in. Returns the number of bytes it took
 * (more may follow), 0 if it is not complete yet, or BAD_BYTES if it is wrong
 * in such a way that nobody knows where the next one begins. exptime and
 * version are whole numbers when this has returned a request.
 */
long text_parse(struct bytes in, struct text_request *request);

/* A line of an answer; its end is added. */
void text_line(struct buf *out, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* A value, and the line end behind it. */
void text_value(struct buf *out, struct bytes value);

#endif
