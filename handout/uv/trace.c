/*
 * trace.c - lines on stderr.
 */
#define _GNU_SOURCE

#include "trace.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>
#include <uv.h>

#define BUFFER_BYTES   (64u << 10) /* collected before it is written */
#define MAX_LINE_BYTES 1024        /* a longer line is cut */

static int node;                     /* whose lines these are */
static uint64_t start_us;            /* where their times begin */
static char collected[BUFFER_BYTES]; /* whole lines */
static volatile size_t used_bytes;   /* of collected */

void trace_start(int id, uint64_t zero_us)
{
    node = id;
    start_us = zero_us;
}

void trace_flush(void)
{
    size_t done = 0;
    while (done < used_bytes) {
        ssize_t n = write(STDERR_FILENO, collected + done, used_bytes - done);
        if (n < 0 && errno != EINTR)
            break; /* nobody reads it */
        done += n > 0 ? (size_t)n : 0;
    }
    used_bytes = 0;
}

void trace_line(const char *topic, uint64_t term, const char *text)
{
    if (BUFFER_BYTES - used_bytes < MAX_LINE_BYTES)
        trace_flush();
    uint64_t at_us = uv_hrtime() / 1000 - start_us;
    int len = snprintf(collected + used_bytes, MAX_LINE_BYTES,
                       "%llu.%06llu  n%d  t%llu  %-8s  %s",
                       (unsigned long long)(at_us / 1000000),
                       (unsigned long long)(at_us % 1000000), node,
                       (unsigned long long)term, topic, text);
    if (len > MAX_LINE_BYTES - 1)
        len = MAX_LINE_BYTES - 1;
    collected[used_bytes + (size_t)len] = '\n';
    used_bytes += (size_t)len + 1;
}

void trace_say(const char *topic, const char *format, ...)
{
    char text[MAX_LINE_BYTES];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    trace_line(topic, 0, text);
    trace_flush(); /* there may be no upcall that does */
}
