/*
 * cancel.h - cancel tokens: how a wait is given up.
 *
 * A token fires once: by hand, at its deadline, when its scope ends, or when
 * its parent fires. Every wait of a coroutine happens under its current token;
 * when that fires, the wait ends with the token's reason (CANCELLED,
 * TIMED_OUT), and so does every later wait under it. What a wait held (timers,
 * pending calls) is released by the function that waited.
 *
 * The usual form is a scope, on the stack of the coroutine that opens it:
 *
 *     struct cancel scope;
 *     cancel_open(&scope);
 *     cancel_after(&scope, 100);          // a deadline, if wanted
 *     int outcome = await_event(&event);  // TIMED_OUT after 100 ms
 *     cancel_close(&scope);               // cancels what was spawned in it
 */
#ifndef CONCLAVE_CANCEL_H
#define CONCLAVE_CANCEL_H

#include <stdbool.h>
#include <stdint.h>

#include "list.h"
#include "timer.h"

/* A cancel token. It must stay in place until it is released. */
struct cancel {
    struct cancel *parent; /* fires this one too; may be NULL */
    struct list siblings;  /* its place among the parent's children */
    struct list children;  /* tokens under it */
    struct list waiting;   /* coroutines whose wait it would end */
    struct list watchers;  /* callbacks to make when it fires */
    struct timer deadline; /* when it fires by itself */
    int reason;            /* 0, or why it fired: a negative outcome */
};

/* A callback made when a token fires; see cancel_watch. */
struct cancel_watch {
    struct list link;      /* in the token's watchers */
    void (*fired)(void *); /* must not suspend */
    void *arg;             /* given to fired */
};

/* Prepares a token under a parent (or NULL). Released by cancel_release. */
void cancel_init(struct cancel *token, struct cancel *parent);

/* Takes a token out of its tree. One that others hang under must have fired:
 * else they would hang under nothing. */
void cancel_release(struct cancel *token);

/* Fires a token and all below it. reason is negative. Once only counts. */
void cancel_fire(struct cancel *token, int reason);

/* Fires a token with TIMED_OUT at a time, or after a delay, from now. */
void cancel_at(struct cancel *token, uint64_t at_us);
void cancel_after(struct cancel *token, uint32_t delay_ms);

/* 0, or the reason why the token (or one above it) fired. NULL: 0. */
int cancel_reason(const struct cancel *token);

/* The earliest deadline of the token and all above it; UINT64_MAX: none. */
uint64_t cancel_deadline_us(const struct cancel *token);

/* Calls fired(arg) when the token fires; at once if it has. */
void cancel_watch(struct cancel *token, struct cancel_watch *watch,
                  void (*fired)(void *), void *arg);
void cancel_unwatch(struct cancel_watch *watch);

/*
 * Opens a scope: a token under the coroutine's current one, which becomes the
 * current one. Closing it cancels all that was spawned in it and brings the
 * former token back. Scopes close in the reverse order of opening.
 */
void cancel_open(struct cancel *scope);
void cancel_close(struct cancel *scope);

#endif
