/*
 * trace.h - lines on stderr: the node's trace, and the host's own sentences.
 *
 *     12.345678  n2  t7  vote      granted to 3
 *
 * Lines are collected and written when an upcall ends, so that a chatty node
 * does not pay a system call for each. A crash writes what was collected; only
 * kill -9 in the middle of an upcall loses that upcall's lines.
 */
#ifndef CONCLAVE_UV_TRACE_H
#define CONCLAVE_UV_TRACE_H

#include <stdint.h>

/* Names the node; times count from zero_us of uv_hrtime / 1000. */
void trace_start(int id, uint64_t zero_us);

/* Adds a line. */
void trace_line(const char *topic, uint64_t term, const char *text);

/* Writes a line of the host's own, under a topic, at once. */
void trace_say(const char *topic, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Writes what has been collected. May be called from a signal handler. */
void trace_flush(void);

#endif
