/*
 * cancel.c - a tree of tokens; firing one fires all below it.
 */
#include "cancel.h"

#include <assert.h>

#include "co.h"
#include "node.h"

void cancel_init(struct cancel *token, struct cancel *parent)
{
    *token = (struct cancel){.parent = parent};
    list_init(&token->siblings);
    list_init(&token->children);
    list_init(&token->waiting);
    list_init(&token->watchers);
    if (parent) {
        list_add(&parent->children, &token->siblings);
        token->reason = parent->reason;
    }
}

void cancel_release(struct cancel *token)
{
    assert(list_empty(&token->waiting));
    assert(list_empty(&token->children) || token->reason != 0);

    /* What is below has fired too and needs its parent no more. */
    while (!list_empty(&token->children)) {
        struct list *first = token->children.next;

        list_entry(first, struct cancel, siblings)->parent = NULL;
        list_remove(first);
    }
    timer_stop(&token->deadline);
    list_remove(&token->siblings);
}

/* Moves all members of one list to an empty one. */
static void take_all(struct list *from, struct list *to)
{
    list_init(to);
    if (list_empty(from))
        return;
    *to = *from;
    to->next->prev = to;
    to->prev->next = to;
    list_init(from);
}

void cancel_fire(struct cancel *token, int reason)
{
    assert(reason < 0);
    if (token->reason != 0)
        return;
    token->reason = reason;
    timer_stop(&token->deadline);

    while (!list_empty(&token->waiting))
        co_wake(co_of_token_link(token->waiting.next), reason);

    /* A watcher or a child may take any other out, so pop one by one. */
    while (!list_empty(&token->watchers)) {
        struct cancel_watch *watch = list_entry(token->watchers.next,
                                                struct cancel_watch, link);

        list_remove(&watch->link);
        watch->fired(watch->arg);
    }

    struct list todo;
    take_all(&token->children, &todo);
    while (!list_empty(&todo)) {
        struct cancel *child = list_entry(todo.next, struct cancel, siblings);

        list_remove(&child->siblings);
        list_add(&token->children, &child->siblings);
        cancel_fire(child, reason);
    }
}

static void deadline_passed(void *token)
{
    cancel_fire(token, TIMED_OUT);
}

void cancel_at(struct cancel *token, uint64_t at_us)
{
    if (token->reason == 0)
        timer_set(&token->deadline, at_us, deadline_passed, token);
}

void cancel_after(struct cancel *token, uint32_t delay_ms)
{
    cancel_at(token, node_now_us() + (uint64_t)delay_ms * 1000);
}

int cancel_reason(const struct cancel *token)
{
    return token ? token->reason : 0;
}

uint64_t cancel_deadline_us(const struct cancel *token)
{
    uint64_t earliest_us = UINT64_MAX;

    for (; token; token = token->parent)
        if (timer_is_set(&token->deadline) &&
            token->deadline.at_us < earliest_us)
            earliest_us = token->deadline.at_us;
    return earliest_us;
}

void cancel_watch(struct cancel *token, struct cancel_watch *watch,
                  void (*fired)(void *), void *arg)
{
    watch->fired = fired;
    watch->arg = arg;
    list_init(&watch->link);
    if (token->reason != 0)
        fired(arg);
    else
        list_add(&token->watchers, &watch->link);
}

void cancel_unwatch(struct cancel_watch *watch)
{
    list_remove(&watch->link);
}

void cancel_open(struct cancel *scope)
{
    cancel_init(scope, co_token());
    co_use(scope);
}

void cancel_close(struct cancel *scope)
{
    assert(co_token() == scope); /* scopes close in reverse order */
    co_use(scope->parent);
    cancel_fire(scope, CANCELLED);
    cancel_release(scope);
}
