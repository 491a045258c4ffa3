/*
 * event.h - what coroutines wait for: events, conditions, quorums.
 *
 * An event is set once and stays set. A condition is broadcast again and
 * again. A quorum is an event that counts votes. All of them must outlive
 * those who wait on them; {0}-filled memory is not enough, each has an init.
 */
#ifndef CONCLAVE_EVENT_H
#define CONCLAVE_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host.h"
#include "list.h"

/* Something that happens at most once, with a value. */
struct event {
    const char *what;    /* for reports: "vote reply" */
    struct list waiters; /* who waits */
    int64_t value;       /* given by event_set */
    bool is_set;         /* it has happened */
};

void event_init(struct event *event, const char *what);

/* Makes it happen and wakes all who wait. Setting it again changes nothing. */
void event_set(struct event *event, int64_t value);

/* Waits until the event is set. OK, or why the wait was cancelled. */
int await_event(struct event *event);

/* The same with a limit of its own: TIMED_OUT after timeout_ms. */
int await_event_for(struct event *event, uint32_t timeout_ms);

/*
 * Waits until the first of several events is set (the earliest in the array if
 * several are): its place, 0 or more, or a negative outcome.
 */
int await_first_of(struct event **events, size_t count);

/* Waits until at least need of several events are set. */
int await_some_of(struct event **events, size_t count, size_t need);

/* A condition: "something changed, look again". It keeps no memory. */
struct cond {
    const char *what;    /* for reports: "commit index" */
    struct list waiters; /* who waits */
};

void cond_init(struct cond *cond, const char *what);
void cond_broadcast(struct cond *cond);

/* Waits for the next broadcast. Re-check what you waited for. */
int await_cond(struct cond *cond);
int await_cond_for(struct cond *cond, uint32_t timeout_ms);

/* What a quorum comes to. */
enum verdict {
    QUORUM_OPEN = 0, /* not yet known */
    QUORUM_YES,      /* enough agreed */
    QUORUM_NO,       /* enough can no longer agree */
};

/*
 * Counts the votes of total voters; the caller's own is cast like any other.
 * YES as soon as need have agreed, NO as soon as so many refused (or failed:
 * an error is an answer too) that need can no longer agree.
 */
struct quorum {
    struct event decided;      /* set with the verdict */
    int total;                 /* voters */
    int need;                  /* agreements wanted, 1 to total */
    int agreed;                /* yes so far */
    int refused;               /* no so far */
    bool has_voted[MAX_NODES]; /* by voter id: each counts once */
};

void quorum_init(struct quorum *quorum, const char *what, int total, int need);

/* Counts one vote. A voter's second vote is ignored; false says so. */
bool quorum_vote(struct quorum *quorum, int voter, bool agrees);

/* Waits for the verdict: QUORUM_YES, QUORUM_NO, or a negative outcome. */
int await_quorum(struct quorum *quorum);

/* More than half: 1 of 1, 2 of 2, 2 of 3, 3 of 4. */
int majority(int total);

#endif
