/*
 * rpc_pace.c - lab 1's node: runs the warm-up's ticker and its retry, and
 * writes down, step by step, what they made of the time.
 *
 *     WARMUP.TICKS period_ms count slow_tick cancel_at
 *     WARMUP.RETRY max_attempts base_ms cap_ms outcomes cancel_at
 *
 * outcomes is a list ("-6,-6,0"), one for each attempt. cancel_at: the caller's
 * token fires in that tick, or in that attempt; -1: never. See rpc_steps.h for
 * the answer.
 *
 * Nothing here asks how long something took, for a slow machine could not be
 * told from a slow program. Who waits too long is overtaken by a watch that
 * was set later, for longer.
 */
#include <stdlib.h>

#include "cancel.h"
#include "co.h"
#include "node.h"
#include "rpc_app.h"
#include "rpc_steps.h"
#include "warmup.h"

#define EARLY_US 1000 /* rounding to milliseconds is no fault */

/* One command's ticks or attempts. It lives until nobody watches it. */
struct pace {
    struct steps steps;            /* what happened */
    int users;                     /* who still hold it */
    struct cancel scope;           /* the caller's token */
    int64_t cancel_at;             /* when to fire it; -1: never */
    bool is_over;                  /* the stage's function returned */
    int begun;                     /* the latest tick or attempt */
    uint64_t base_ms;              /* the period, or the first pause */
    uint64_t cap_ms;               /* retry: the longest pause */
    uint64_t start_us;             /* ticks: when they began */
    uint64_t last_us;              /* retry: when the latest attempt did */
    int64_t slow;                  /* ticks: which takes long */
    int count;                     /* retry: outcomes given */
    int64_t outcomes[MAX_FAN_OUT]; /* retry: of each attempt */
};

/* Who watches for one pause that is too long. */
struct watch {
    struct pace *pace; /* of which */
    int at;            /* the tick or attempt that came last */
    uint64_t after_ms; /* what is too long */
};

static struct pace *pace_new(void)
{
    struct pace *pace = calloc(1, sizeof *pace);

    if (!pace)
        node_fatal("out of memory for a warm-up");
    pace->users = 1;
    return pace;
}

static void pace_release(struct pace *pace)
{
    if (--pace->users == 0)
        free(pace);
}

static void pace_over(struct pace *pace)
{
    pace->is_over = true;
    step(&pace->steps, "returned");
    cancel_close(&pace->scope);
}

static void watch_pause(void *arg)
{
    struct watch *watch = arg;
    struct pace *pace = watch->pace;

    await_sleep((uint32_t)watch->after_ms);
    if (!pace->is_over && pace->begun == watch->at)
        step(&pace->steps, "too late after %d", watch->at);
    pace_release(pace);
    free(watch);
}

/* Says so if nothing more has begun when so much time has passed. The watch is
 * set when the stage's wait has been, and for longer: only a wait that is too
 * long is overtaken, however slow the machine. */
static void watch_from(struct pace *pace, int at, uint64_t after_ms)
{
    struct watch *watch = malloc(sizeof *watch);

    if (!watch)
        node_fatal("out of memory for a warm-up");
    *watch = (struct watch){pace, at, after_ms};
    pace->users++;
    co_spawn("watch a pause", watch_pause, watch);
}

/* A tick; the slow one takes two and a half periods. */
static void await_tick(void *arg, int k)
{
    struct pace *pace = arg;
    uint64_t due_us = pace->start_us + (uint64_t)k * pace->base_ms * 1000;

    step(&pace->steps, "tick %d", k);
    pace->begun = k;
    if (node_now_us() + EARLY_US < due_us)
        step(&pace->steps, "too early at %d", k);
    if (k == pace->cancel_at)
        cancel_fire(&pace->scope, CANCELLED);
    if (k != pace->slow)
        return;
    if (!co_self()) {
        step(&pace->steps, "tick outside of a coroutine");
        return;
    }
    await_sleep((uint32_t)(pace->base_ms * 5 / 2));
    watch_from(pace, k, pace->base_ms * 9 / 10);
}

static void await_ticks_command(struct client_request *request)
{
    struct pace *pace = pace_new();
    uint64_t count;

    if (app_number(request, 1, 60000, &pace->base_ms) &&
        app_number(request, 2, MAX_STEPS / 2, &count) &&
        resp_to_int(request->argv[3], &pace->slow) == OK &&
        resp_to_int(request->argv[4], &pace->cancel_at) == OK) {
        cancel_open(&pace->scope);
        pace->start_us = node_now_us();
        int outcome = await_ticks((uint32_t)pace->base_ms, (int)count,
                                  await_tick, pace);
        pace_over(pace);
        steps_answer(&pace->steps, request, outcome_name(outcome));
    } else if (request->reply->len == 0) {
        resp_error(request->reply, "ERR slow_tick and cancel_at are numbers");
    }
    pace_release(pace);
}

/* How long the pause behind attempt k must be. */
static uint64_t pause_ms(const struct pace *pace, int k)
{
    uint64_t pause = pace->base_ms;

    while (k-- > 0 && pause < pace->cap_ms)
        pause *= 2;
    return pause < pace->cap_ms ? pause : pace->cap_ms;
}

static int await_attempt(void *arg, int k)
{
    struct pace *pace = arg;
    uint64_t now_us = node_now_us();

    step(&pace->steps, "attempt %d", k);
    if (k < 0 || k >= pace->count)
        return RPC_FAILED;
    if (k > 0 &&
        now_us + EARLY_US < pace->last_us + pause_ms(pace, k - 1) * 1000)
        step(&pace->steps, "too early at %d", k);
    pace->last_us = now_us;
    pace->begun = k;
    if (pace->outcomes[k] != OK)
        watch_from(pace, k, pause_ms(pace, k) * 3 / 2);
    if (k == pace->cancel_at)
        cancel_fire(&pace->scope, CANCELLED);
    return (int)pace->outcomes[k];
}

static bool read_outcomes(struct client_request *request, struct pace *pace)
{
    pace->count = steps_read_list(request->argv[4], MAX_FAN_OUT,
                                  pace->outcomes);
    if (pace->count >= 0 &&
        resp_to_int(request->argv[5], &pace->cancel_at) == OK)
        return true;
    resp_error(request->reply, "ERR outcomes are numbers with commas between, "
                               "cancel_at is a number");
    return false;
}

static void await_retry_command(struct client_request *request)
{
    struct pace *pace = pace_new();
    uint64_t attempts;

    if (app_number(request, 1, MAX_FAN_OUT, &attempts) &&
        app_number(request, 2, 60000, &pace->base_ms) &&
        app_number(request, 3, 60000, &pace->cap_ms) &&
        read_outcomes(request, pace)) {
        cancel_open(&pace->scope);
        int outcome = await_retry((int)attempts, (uint32_t)pace->base_ms,
                                  (uint32_t)pace->cap_ms, await_attempt, pace);
        pace_over(pace);
        steps_answer(&pace->steps, request, outcome_name(outcome));
    }
    pace_release(pace);
}

void rpc_pace_start(void)
{
    client_command("WARMUP.TICKS", 5, 5, await_ticks_command);
    client_command("WARMUP.RETRY", 6, 6, await_retry_command);
}
