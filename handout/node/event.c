/*
 * event.c - see event.h. Whoever waits links a waiter on its own stack into
 * the event; setting the event unlinks it and wakes the coroutine.
 */
#include "event.h"

#include <assert.h>
#include <string.h>

#include "cancel.h"
#include "co.h"
#include "outcome.h"

#define MAX_EVENTS_AT_ONCE 64 /* in await_first_of and await_some_of */

/* A coroutine in an event's list. */
struct waiter {
    struct list link; /* in event.waiters or cond.waiters */
    struct co *co;    /* who waits */
};

static void wake_all(struct list *waiters)
{
    while (!list_empty(waiters)) {
        struct waiter *waiter = list_entry(waiters->next, struct waiter, link);

        list_remove(&waiter->link);
        co_wake(waiter->co, OK);
    }
}

static int await_in(struct list *waiters, const char *what)
{
    struct waiter waiter = {.co = co_self()};

    list_add(waiters, &waiter.link);
    int outcome = co_wait(what);
    list_remove(&waiter.link);
    return outcome;
}

void event_init(struct event *event, const char *what)
{
    *event = (struct event){.what = what};
    list_init(&event->waiters);
}

void event_set(struct event *event, int64_t value)
{
    if (event->is_set)
        return;
    event->is_set = true;
    event->value = value;
    wake_all(&event->waiters);
}

int await_event(struct event *event)
{
    if (event->is_set)
        return OK;
    return await_in(&event->waiters, event->what);
}

int await_event_for(struct event *event, uint32_t timeout_ms)
{
    struct cancel scope;

    cancel_open(&scope);
    cancel_after(&scope, timeout_ms);
    int outcome = await_event(event);
    cancel_close(&scope);
    return outcome;
}

static size_t count_set(struct event **events, size_t count)
{
    size_t set = 0;

    for (size_t i = 0; i < count; i++)
        set += events[i]->is_set;
    return set;
}

int await_some_of(struct event **events, size_t count, size_t need)
{
    assert(count <= MAX_EVENTS_AT_ONCE);
    assert(need <= count);

    while (count_set(events, count) < need) {
        struct waiter waiters[MAX_EVENTS_AT_ONCE];

        for (size_t i = 0; i < count; i++) {
            waiters[i].co = co_self();
            list_init(&waiters[i].link);
            if (!events[i]->is_set)
                list_add(&events[i]->waiters, &waiters[i].link);
        }
        int outcome = co_wait(events[0]->what);
        for (size_t i = 0; i < count; i++)
            list_remove(&waiters[i].link);
        if (outcome != OK)
            return outcome;
    }
    return OK;
}

int await_first_of(struct event **events, size_t count)
{
    assert(count > 0);

    int outcome = await_some_of(events, count, 1);
    if (outcome != OK)
        return outcome;
    for (size_t i = 0; i < count; i++)
        if (events[i]->is_set)
            return (int)i;
    return CANCELLED; /* not reached: one of them is set */
}

void cond_init(struct cond *cond, const char *what)
{
    cond->what = what;
    list_init(&cond->waiters);
}

void cond_broadcast(struct cond *cond)
{
    wake_all(&cond->waiters);
}

int await_cond(struct cond *cond)
{
    return await_in(&cond->waiters, cond->what);
}

int await_cond_for(struct cond *cond, uint32_t timeout_ms)
{
    struct cancel scope;

    cancel_open(&scope);
    cancel_after(&scope, timeout_ms);
    int outcome = await_cond(cond);
    cancel_close(&scope);
    return outcome;
}

void quorum_init(struct quorum *quorum, const char *what, int total, int need)
{
    assert(total >= 1 && total <= MAX_NODES);
    assert(need >= 1 && need <= total);

    memset(quorum, 0, sizeof *quorum);
    event_init(&quorum->decided, what);
    quorum->total = total;
    quorum->need = need;
}

bool quorum_vote(struct quorum *quorum, int voter, bool agrees)
{
    assert(voter >= 0 && voter < MAX_NODES);

    if (quorum->has_voted[voter])
        return false;
    quorum->has_voted[voter] = true;
    if (agrees)
        quorum->agreed++;
    else
        quorum->refused++;

    if (quorum->agreed >= quorum->need)
        event_set(&quorum->decided, QUORUM_YES);
    else if (quorum->total - quorum->refused < quorum->need)
        event_set(&quorum->decided, QUORUM_NO);
    return true;
}

int await_quorum(struct quorum *quorum)
{
    int outcome = await_event(&quorum->decided);

    return outcome == OK ? (int)quorum->decided.value : outcome;
}

int majority(int total)
{
    return total / 2 + 1;
}
