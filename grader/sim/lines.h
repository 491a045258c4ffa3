/*
 * lines.h - a world's record as lines of text; see drive.h.
 */
#ifndef CONCLAVE_SIM_LINES_H
#define CONCLAVE_SIM_LINES_H

#include <stdio.h>

#include "world.h"

#define LINES_PAYLOAD_BYTES 4096 /* of a frame's payload, shown */
#define LINES_ACT_BYTES     64   /* of an entry or a snapshot, shown */

/* Where lines go, and which. */
struct lines {
    FILE *out;                 /* takes them */
    const struct world *world; /* whose they are; NULL: none yet */
    bool is_watching;          /* frames and streams are shown */
    bool has_logs;             /* the nodes' logs are shown */
    bool has_acts;             /* acts at the door are shown */
    bool is_awaited;           /* something has come that a test waits for */
};

/* A watcher that prints. The lines must outlive the world. */
struct world_watch lines_watch(struct lines *lines);

/* A mark, a note, bytes in hexadecimal ("-" for none). */
void lines_mark(struct lines *lines, const char *text);
void lines_note(struct lines *lines, const char *node, const char *text);
void lines_hex(FILE *out, const void *data, size_t len);

/* A node has crashed the program: its X line. */
void lines_crashed(struct lines *lines, int id, const char *how);

#endif
