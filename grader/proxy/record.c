/*
 * record.c - the lines of the record. See record.h.
 */
#define _GNU_SOURCE /* for uv.h */

#include "record.h"

#include <inttypes.h>
#include <stdio.h>

#include "proxy.h"
#include "relay.h"

/* Where the next line goes; NULL if nobody wants it. */
static struct text *sink(struct proxy *proxy)
{
    struct control_client *watcher = proxy->control.watcher;

    if (watcher != NULL)
        return &watcher->out;
    if (proxy->record.kept.len < RECORD_KEPT_BYTES)
        return &proxy->record.kept;
    proxy->record.skipped++;
    return NULL;
}

static int id(const struct proxy *proxy, int place)
{
    return proxy->nodes[place].id;
}

void record_frame(struct proxy *proxy, const struct stream *stream, int from,
                  int to, uint64_t number, uint64_t now_us,
                  const struct frame *frame)
{
    struct text *out = sink(proxy);
    size_t shown = 0;

    if (out == NULL)
        return;
    if (frame->type == FRAME_REQUEST || frame->type == FRAME_REPLY)
        shown = frame->payload_len < RECORD_PAYLOAD_BYTES
                    ? frame->payload_len
                    : RECORD_PAYLOAD_BYTES;
    text_add(out,
             "F %" PRIu64 " %" PRIu64 " %d %d %" PRIu64 " %d %s %u %" PRIu64
             " %zu ",
             now_us, number, id(proxy, from), id(proxy, to), stream->number,
             id(proxy, stream->dialler), frame_type_name(frame->type),
             frame->method, frame->call_id, frame->payload_len);
    text_add_hex(out, frame->payload, shown);
    text_add(out, "\n");
}

void record_delivered(struct proxy *proxy, uint64_t number, int copy,
                      uint64_t now_us)
{
    struct text *out = sink(proxy);

    if (out != NULL)
        text_add(out, "D %" PRIu64 " %" PRIu64 " %d\n", now_us, number, copy);
}

void record_lost(struct proxy *proxy, uint64_t number, const char *why)
{
    struct text *out = sink(proxy);

    if (out != NULL)
        text_add(out, "L %" PRIu64 " %" PRIu64 " %s\n", proxy_now_us(proxy),
                 number, why);
}

void record_stream(struct proxy *proxy, const struct stream *stream,
                   const char *what)
{
    struct text *out = sink(proxy);

    if (out != NULL)
        text_add(out, "S %" PRIu64 " %" PRIu64 " %d %d %s %" PRIu64 "\n",
                 proxy_now_us(proxy), stream->number,
                 id(proxy, stream->dialler), id(proxy, stream->dialled), what,
                 stream->incarnation);
}

void record_raw(struct proxy *proxy, const struct stream *stream, int from,
                int to, size_t len)
{
    struct text *out = sink(proxy);

    if (out != NULL)
        text_add(out, "G %" PRIu64 " %" PRIu64 " %d %d %zu\n",
                 proxy_now_us(proxy), stream->number, id(proxy, from),
                 id(proxy, to), len);
}

void record_mark(struct proxy *proxy, const char *format, ...)
{
    struct text *out = sink(proxy);
    va_list args;

    if (out == NULL)
        return;
    text_add(out, "M %" PRIu64 " ", proxy_now_us(proxy));
    va_start(args, format);
    text_add_args(out, format, args);
    va_end(args);
    text_add(out, "\n");
}

void record_note(struct proxy *proxy, const char *node, const char *text)
{
    struct text *out = sink(proxy);

    if (out != NULL)
        text_add(out, "B %" PRIu64 " %s %s\n", proxy_now_us(proxy), node, text);
}

void record_violation(struct proxy *proxy, const struct violation *violation)
{
    struct text *out = sink(proxy);

    if (out != NULL)
        text_add(out, "V %" PRIu64 " %d %s %s | %s\n", violation->time_us,
                 violation->node, violation->rule, violation->expected,
                 violation->observed);
}

void record_hand_over(struct proxy *proxy)
{
    struct record *record = &proxy->record;

    text_append(&proxy->control.watcher->out, &record->kept);
    text_free(&record->kept);
    if (record->skipped > 0)
        record_mark(proxy, "%" PRIu64 " lines were not kept: nobody watched",
                    record->skipped);
    record->skipped = 0;
}

void record_free(struct record *record)
{
    text_free(&record->kept);
}
