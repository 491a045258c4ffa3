/*
 * log.c - lines of text through the door; see log.h. The host adds time and
 * node, and decides where they go.
 */
#include "log.h"

#include <stdarg.h>
#include <stdio.h>

#include "node.h"

static uint64_t current_term; /* what lines are marked with */

void log_line(const char *topic, const char *format, ...)
{
    char text[MAX_LOG_TEXT];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    node_trace(topic, current_term, text);
}

void log_term(uint64_t term)
{
    current_term = term;
}
