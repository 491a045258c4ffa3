/*
 * warmup.c - Lab 1, warm-up: five shapes that coroutines take.
 *
 * What a function shares with the coroutines that it starts lies on its own
 * stack. The invariant that makes this safe: it does not return before they
 * have ended.
 */
#include "warmup.h"

#include "cancel.h"
#include "co.h"
#include "node.h"

int await_all(int count, warmup_work await_work, void *arg, int outcomes[])
{
    /* Your code here. */
    (void)count;
    (void)await_work;
    (void)arg;
    (void)outcomes;
    return RPC_FAILED;
}

int await_race(int count, warmup_work await_work, void *arg)
{
    /* Your code here. */
    (void)count;
    (void)await_work;
    (void)arg;
    return RPC_FAILED;
}

int await_ticks(uint32_t period_ms, int count, void (*tick)(void *arg, int k),
                void *arg)
{
    /* Your code here. */
    (void)period_ms;
    (void)count;
    (void)tick;
    (void)arg;
    return RPC_FAILED;
}

int await_retry(int max_attempts, uint32_t base_ms, uint32_t cap_ms,
                warmup_work await_work, void *arg)
{
    /* Your code here. */
    (void)max_attempts;
    (void)base_ms;
    (void)cap_ms;
    (void)await_work;
    (void)arg;
    return RPC_FAILED;
}

void future_start(struct future *future, warmup_work await_work, void *arg)
{
    /* Your code here. */
    event_init(&future->ready, "a future");
    future->work = await_work;
    future->arg = arg;
}

int await_future(struct future *future, int *outcome)
{
    /* Your code here. */
    (void)future;
    *outcome = RPC_FAILED;
    return RPC_FAILED;
}
