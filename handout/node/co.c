/*
 * co.c - coroutines on stacks of their own, one queue of those that are ready.
 *
 * The invariant: a coroutine is exactly one of running (there is one at most),
 * ready (in the queue), waiting (is_waiting; something holds a waiter that
 * will wake it, or its token will), or finished. co_run switches from the main
 * stack to the head of the queue; a coroutine that waits or ends switches back.
 *
 *      main stack   co_run --switch--> coroutine
 *                          <--switch-- co_wait, or its end
 */
#include "co.h"

#include <assert.h>
#include <stdio.h>

#include "co_stack.h"
#include "co_switch.h"
#include "node.h"

/* One coroutine. It lies on its own stack, above the first frame. */
struct co {
    void *at;               /* where it goes on: a stack pointer */
    struct co_stack *stack; /* what it runs on */
    void *asan_kept;        /* what AddressSanitizer keeps for it */
    const char *name;       /* for logs and reports */
    void (*fn)(void *);     /* what it does */
    void *arg;              /* to what */
    struct list link;       /* in the ready queue */
    struct list alive_link; /* among all that are alive */
    struct list token_link; /* among the token's waiting coroutines */
    struct cancel scope;    /* fires when it ends */
    struct cancel *token;   /* under which it waits now */
    const char *what;       /* for what it waits */
    uint64_t since_us;      /* since when */
    int outcome;            /* of the wait that ended */
    bool is_waiting;        /* suspended, and nobody has woken it */
    bool is_finished;       /* fn has returned */
};

static struct list ready = {&ready, &ready}; /* to run, in this order */
static struct list alive = {&alive, &alive}; /* all, oldest first */
static size_t alive_count;                   /* how many */
static struct co *current;                   /* who runs; NULL: main */
static void *main_at;                        /* where co_run goes on */
static void *main_asan_kept;                 /* as co.asan_kept, of main */

/* Back to co_run. Returns when co_run switches here again. */
static void switch_to_main(void)
{
    struct co *co = current;

    co_stack_leave(co->is_finished ? NULL : &co->asan_kept, NULL);
    co_switch(&co->at, main_at);
    co_stack_arrive(co->asan_kept);
}

/* The first frame of every coroutine. */
static void co_entry(void)
{
    co_stack_arrive(NULL);

    struct co *co = current;
    co->fn(co->arg);
    cancel_fire(&co->scope, CANCELLED);
    cancel_release(&co->scope);
    co->is_finished = true;
    switch_to_main();
}

void co_spawn(const char *name, void (*fn)(void *), void *arg)
{
    co_spawn_under(NULL, name, fn, arg);
}

void co_spawn_under(struct cancel *token, const char *name, void (*fn)(void *),
                    void *arg)
{
    if (alive_count == MAX_COROUTINES)
        node_fatal("%d coroutines are alive, none may be added: '%s' was the "
                   "last; are some spawned that never end?",
                   MAX_COROUTINES, name);

    struct co_stack *stack = co_stack_take();
    size_t room = (sizeof(struct co) + 63) & ~(size_t)63;
    size_t size = stack->size_bytes - room;
    struct co *co = (void *)(stack->memory + size);

    *co = (struct co){.stack = stack, .name = name, .fn = fn, .arg = arg};
    co->at = co_switch_prepare(stack->memory, size, co_entry);
    list_init(&co->token_link);
    cancel_init(&co->scope, token);
    co->token = &co->scope;
    list_add(&alive, &co->alive_link);
    alive_count++;
    list_add(&ready, &co->link);
}

static void co_free(struct co *co)
{
    list_remove(&co->alive_link);
    alive_count--;
    co_stack_give(co->stack);
}

void co_run(void)
{
    assert(current == NULL);
    while (!list_empty(&ready)) {
        struct co *co = list_entry(ready.next, struct co, link);

        list_remove(&co->link);
        current = co;
        co_stack_leave(&main_asan_kept, co->stack);
        co_switch(&main_at, co->at);
        current = NULL;
        co_stack_arrive(main_asan_kept);
        if (co->is_finished)
            co_free(co);
    }
}

int co_wait(const char *what)
{
    struct co *co = current;
    assert(co != NULL); /* await_... was called outside of a coroutine */

    int reason = cancel_reason(co->token);
    if (reason != 0)
        return reason;

    co->what = what;
    co->since_us = node_upcall_us();
    co->is_waiting = true;
    if (co->token)
        list_add(&co->token->waiting, &co->token_link);
    switch_to_main();
    return co->outcome;
}

void co_wake(struct co *co, int outcome)
{
    if (!co->is_waiting)
        return;
    co->is_waiting = false;
    co->outcome = outcome;
    list_remove(&co->token_link);
    list_add(&ready, &co->link);
}

struct co *co_of_token_link(struct list *link)
{
    return list_entry(link, struct co, token_link);
}

int await_yield(void)
{
    struct co *co = current;
    assert(co != NULL);

    int reason = cancel_reason(co->token);
    if (reason != 0)
        return reason;
    list_add(&ready, &co->link);
    switch_to_main();
    return OK;
}

static void sleep_over(void *co)
{
    co_wake(co, OK);
}

int await_sleep_us(uint64_t delay_us)
{
    struct timer timer = {0};

    timer_set(&timer, node_now_us() + delay_us, sleep_over, current);
    int outcome = co_wait("sleep");
    timer_stop(&timer);
    return outcome;
}

int await_sleep(uint32_t delay_ms)
{
    return await_sleep_us((uint64_t)delay_ms * 1000);
}

struct co *co_self(void)
{
    return current;
}

struct cancel *co_scope(void)
{
    assert(current != NULL);
    return &current->scope;
}

struct cancel *co_token(void)
{
    return current ? current->token : NULL;
}

struct cancel *co_use(struct cancel *token)
{
    assert(current != NULL);

    struct cancel *former = current->token;
    current->token = token;
    return former;
}

const char *co_name(void)
{
    return current ? current->name : "";
}

size_t co_count(void)
{
    return alive_count;
}

void co_describe(char *text, size_t size_bytes)
{
    uint64_t now_us = node_upcall_us();
    size_t used = 0;

    if (size_bytes > 0)
        text[0] = '\0';
    list_each(at, &alive) {
        struct co *co = list_entry(at, struct co, alive_link);
        const char *what = co->is_waiting ? co->what : "its turn";
        uint64_t ms = co->is_waiting ? (now_us - co->since_us) / 1000 : 0;
        int len = snprintf(text + used, size_bytes - used,
                           "%-16s waits for %s since %llu ms\n", co->name, what,
                           (unsigned long long)ms);

        if (len < 0 || (size_t)len >= size_bytes - used)
            return;
        used += (size_t)len;
    }
}

bool co_is_guard(const void *address)
{
    return co_stack_guards(address);
}
