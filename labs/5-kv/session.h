/*
 * session.h - Lab 5, part D: who has asked what, so that nothing is done twice
 * (Ongaro's thesis, section 6.3).
 *
 * A session belongs to one client, who numbers its writes 1, 2, 3, ... and
 * sends a write again, with its number, until it is answered. The table is part
 * of the replicated state: every node has the same one, and it is part of every
 * snapshot. It is bounded by sessions_max; when that is passed, the session
 * that has written nothing for the longest (in log order) is forgotten.
 */
#ifndef CONCLAVE_SESSION_H
#define CONCLAVE_SESSION_H

#include "wire.h"

/* What the table knows of a request. */
enum session_verdict {
    SESSION_FRESH,    /* not done yet: do it */
    SESSION_REPEATED, /* done: this was its answer */
    SESSION_OLD,      /* done so long ago that its answer is forgotten */
    SESSION_UNKNOWN,  /* the session was never opened, or is forgotten */
};

void session_start(void);

/* A session begins; nobody has had its number before. */
void session_open(uint64_t session);

/* Looks up a request. For SESSION_REPEATED the answer is appended. */
enum session_verdict session_look(uint64_t session, uint64_t sequence,
                                  struct buf *answer);

/* A request of an open session has been done and was answered so. */
void session_remember(uint64_t session, uint64_t sequence, struct bytes answer);

/* The table as bytes, the same on every node; and back: OK or BAD_BYTES, then
 * the table is as it was. */
void session_snapshot(struct buf *out);
int session_restore(struct wire_in *in);

#endif
