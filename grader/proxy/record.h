/*
 * record.h - what the proxy has seen, as lines for whoever watches.
 *
 *     F t n from to stream dialler type method call_id payload_len payload
 *         frame n was read from its sender. type is a name ("REQUEST"); payload
 *         is in hexadecimal, its first RECORD_PAYLOAD_BYTES bytes, of REQUEST
 *         and REPLY only, "-" for none
 *     D t n copy             handed to the receiver's socket (copy 0, or 1: a
 *                            duplicate); t is taken just before the write
 *     L t n why              lost: "loss", "cut", or "down": its stream is gone
 *     S t stream from to up|down|reset incarnation
 *                            from dialled to; the incarnation is the dialler's
 *     G t stream from to bytes     so many bytes that do not decode, sent by
 *                            from; they pass on untouched
 *     M t text               a mark, or a command that was obeyed
 *     B t node text          a note about a node
 *     V t node rule expected | observed    an invariant is broken
 *
 * t is in microseconds since the proxy's start. F comes before the D or L of
 * its frame; V comes after the line that shows the breach. Lines are made for
 * the watcher only, but for a first RECORD_KEPT_BYTES that wait for one; what
 * could not be kept is said, in an M line.
 */
#ifndef CONCLAVE_RECORD_H
#define CONCLAVE_RECORD_H

#include <stdint.h>

#include "../net/frame.h"
#include "text.h"

#define RECORD_PAYLOAD_BYTES 4096       /* of a frame's payload, shown */
#define RECORD_KEPT_BYTES    (4u << 20) /* of lines that wait for a watcher */
#define RECORD_BEHIND_BYTES \
    (32u << 20) /* of lines unsent to the watcher: the
                                          nodes have to wait for it */

struct proxy;
struct stream;
struct violation;

struct record {
    struct text kept; /* lines before there was a watcher */
    uint64_t skipped; /* lines that there was no room for */
};

void record_frame(struct proxy *proxy, const struct stream *stream, int from,
                  int to, uint64_t number, uint64_t now_us,
                  const struct frame *frame);
void record_delivered(struct proxy *proxy, uint64_t number, int copy,
                      uint64_t now_us);
void record_lost(struct proxy *proxy, uint64_t number, const char *why);
void record_stream(struct proxy *proxy, const struct stream *stream,
                   const char *what);
void record_raw(struct proxy *proxy, const struct stream *stream, int from,
                int to, size_t len);
void record_mark(struct proxy *proxy, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void record_note(struct proxy *proxy, const char *node, const char *text);
void record_violation(struct proxy *proxy, const struct violation *violation);

/* Gives the kept lines to the watcher that has just come. */
void record_hand_over(struct proxy *proxy);

void record_free(struct record *record);

#endif
