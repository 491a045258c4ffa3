/*
 * log.h - one line an event: time, node, term, topic, text.
 *
 *     LOG("vote", "granted to %d", args->candidate);
 *
 * prints, in the real world and the simulator alike,
 *
 *     12.345678  n2  t7  vote      granted to 3
 *
 * The text is for people; no verdict ever depends on it.
 */
#ifndef CONCLAVE_LOG_H
#define CONCLAVE_LOG_H

#include <stdint.h>

#define MAX_LOG_TEXT 512 /* bytes of one line's text, its NUL included */

/* Writes a line under a topic (a short word). */
#define LOG(topic, ...) log_line((topic), __VA_ARGS__)

void log_line(const char *topic, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The term that lines are marked with from now on; set by the election stage
 * through raft_set_term. */
void log_term(uint64_t term);

#endif
