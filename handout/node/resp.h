/*
 * resp.h - RESP2, the language of Redis clients: requests in, replies out.
 *
 * A request is an array of bulk strings, or one line of words for people who
 * type into netcat:
 *
 *     *2\r\n$4\r\nPING\r\n$2\r\nhi\r\n          PING hi\r\n
 */
#ifndef CONCLAVE_RESP_H
#define CONCLAVE_RESP_H

#include <stdint.h>

#include "wire.h"

#define RESP_MAX_ARGS          1024        /* words in one request */
#define RESP_MAX_BULK_BYTES    (1u << 20)  /* one word */
#define RESP_MAX_LINE_BYTES    (64u << 10) /* one inline request */
#define RESP_MAX_REQUEST_BYTES (4u << 20)  /* one request, all of it */

/* One request; its words are borrowed from the input. */
struct resp_request {
    int argc;                         /* words; 0: an empty line */
    struct bytes argv[RESP_MAX_ARGS]; /* the words */
};

/*
 * Reads one request from the front of in. Returns the number of bytes it took
 * (more may follow), 0 if it is not complete yet, or BAD_BYTES with a sentence
 * in *error (a literal) when no request can come of it. A line's words are
 * taken as they are: no quotes, no escapes.
 */
long resp_parse(struct bytes in, struct resp_request *request,
                const char **error);

/* Replies; an array is followed by that many replies. */
void resp_simple(struct buf *out, const char *text);
void resp_error(struct buf *out, const char *format, ...)
    __attribute__((format(printf, 2, 3))); /* "ERR ...", "MOVED ..."; a line
                                              end in it becomes a blank */
void resp_int(struct buf *out, int64_t value);
void resp_bulk(struct buf *out, struct bytes value);
void resp_text(struct buf *out, const char *text); /* a bulk string */
void resp_null(struct buf *out);
void resp_array(struct buf *out, int count);

/* A whole decimal integer in a word: OK, or BAD_BYTES. */
int resp_to_int(struct bytes word, int64_t *value);
int resp_to_uint(struct bytes word, uint64_t *value);

/* Whether a word is this one, whatever the case of its letters. */
bool resp_is(struct bytes word, const char *text);

#endif
