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

// BEGIN SOLUTION:
/* Pieces of work under way at the same time. */
struct crowd {
    warmup_work work;   /* what each does */
    void *arg;          /* to what */
    int running;        /* pieces that have not ended */
    int winner;         /* the first that returned OK; -1: none yet */
    bool stops_at_one;  /* a winner is all that is wanted */
    struct cond change; /* broadcast when a piece ends */
};

/* One piece: a coroutine's argument. */
struct piece {
    struct crowd *crowd; /* to which it belongs */
    int number;          /* which it is */
    int outcome;         /* what came of it */
};

static void run_piece(void *arg)
{
    struct piece *piece = arg;
    struct crowd *crowd = piece->crowd;

    piece->outcome = crowd->work(crowd->arg, piece->number);
    if (piece->outcome == OK && crowd->winner < 0)
        crowd->winner = piece->number;
    crowd->running--;
    cond_broadcast(&crowd->change);
}

/* Starts all pieces and waits for what is wanted of them; then cancels those
 * that still run, and waits until they have ended. */
static int await_crowd(struct crowd *crowd, struct piece pieces[], int count)
{
    struct cancel scope;
    int outcome = OK;

    cond_init(&crowd->change, "a piece of work");
    cancel_open(&scope);
    for (int i = 0; i < count; i++) {
        pieces[i] = (struct piece){.crowd = crowd, .number = i};
        crowd->running++;
        co_spawn_under(&scope, "piece of work", run_piece, &pieces[i]);
    }
    while (crowd->running > 0 && outcome == OK &&
           !(crowd->stops_at_one && crowd->winner >= 0))
        outcome = await_cond(&crowd->change);

    cancel_fire(&scope, CANCELLED);
    co_use(NULL); /* nothing may end this wait: they use our stack */
    while (crowd->running > 0)
        await_cond(&crowd->change);
    co_use(&scope);
    cancel_close(&scope);
    return outcome;
}

// END SOLUTION
int await_all(int count, warmup_work await_work, void *arg, int outcomes[])
{
    // BEGIN SOLUTION:
    // | /* Your code here. */
    // | (void)count;
    // | (void)await_work;
    // | (void)arg;
    // | (void)outcomes;
    // | return RPC_FAILED;
    struct crowd crowd = {.work = await_work, .arg = arg, .winner = -1};
    struct piece pieces[MAX_FAN_OUT];
    int outcome = await_crowd(&crowd, pieces, count);

    for (int i = 0; i < count; i++)
        outcomes[i] = pieces[i].outcome;
    return outcome;
    // END SOLUTION
}

int await_race(int count, warmup_work await_work, void *arg)
{
    // BEGIN SOLUTION:
    // | /* Your code here. */
    // | (void)count;
    // | (void)await_work;
    // | (void)arg;
    // | return RPC_FAILED;
    struct crowd crowd = {
        .work = await_work, .arg = arg, .winner = -1, .stops_at_one = true};
    struct piece pieces[MAX_FAN_OUT];

    await_crowd(&crowd, pieces, count);
    return crowd.winner >= 0 ? crowd.winner : RPC_FAILED;
    // END SOLUTION
}

int await_ticks(uint32_t period_ms, int count, void (*tick)(void *arg, int k),
                void *arg)
{
    // BEGIN SOLUTION:
    // | /* Your code here. */
    // | (void)period_ms;
    // | (void)count;
    // | (void)tick;
    // | (void)arg;
    // | return RPC_FAILED;
    uint64_t due_us = node_now_us();

    for (int k = 1; k <= count; k++) {
        due_us += (uint64_t)period_ms * 1000;
        uint64_t now_us = node_now_us();
        int outcome = await_sleep_us(due_us > now_us ? due_us - now_us : 0);

        if (outcome != OK)
            return outcome;
        tick(arg, k);
    }
    return OK;
    // END SOLUTION
}

int await_retry(int max_attempts, uint32_t base_ms, uint32_t cap_ms,
                warmup_work await_work, void *arg)
{
    // BEGIN SOLUTION:
    // | /* Your code here. */
    // | (void)max_attempts;
    // | (void)base_ms;
    // | (void)cap_ms;
    // | (void)await_work;
    // | (void)arg;
    // | return RPC_FAILED;
    uint64_t pause_ms = base_ms;

    for (int k = 0;; k++) {
        int outcome = await_work(arg, k);

        if (outcome == OK || k + 1 >= max_attempts)
            return outcome;
        if (pause_ms > cap_ms)
            pause_ms = cap_ms;
        int pause = await_sleep((uint32_t)pause_ms);
        if (pause != OK)
            return pause;
        pause_ms *= 2;
    }
    // END SOLUTION
}

// BEGIN SOLUTION:
static void run_future(void *arg)
{
    struct future *future = arg;

    event_set(&future->ready, future->work(future->arg, 0));
}

// END SOLUTION
void future_start(struct future *future, warmup_work await_work, void *arg)
{
    // BEGIN SOLUTION:
    // | /* Your code here. */
    // | event_init(&future->ready, "a future");
    // | future->work = await_work;
    // | future->arg = arg;
    event_init(&future->ready, "a future");
    future->work = await_work;
    future->arg = arg;
    co_spawn("future", run_future, future);
    // END SOLUTION
}

int await_future(struct future *future, int *outcome)
{
    // BEGIN SOLUTION:
    // | /* Your code here. */
    // | (void)future;
    // | *outcome = RPC_FAILED;
    // | return RPC_FAILED;
    int waited = await_event(&future->ready);

    if (waited == OK)
        *outcome = (int)future->ready.value;
    return waited;
    // END SOLUTION
}
