/*
 * rpc_warmup.c - lab 1's node: runs the warm-up's fan-out, race and future,
 * and writes down, step by step, what they made of the work they were given.
 *
 *     WARMUP.ALL outcomes order [cancel_at]
 *     WARMUP.RACE outcomes order
 *     WARMUP.FUTURE outcome
 *
 * outcomes is a list ("0,-6,0"), one for each piece of work. order lists the
 * pieces in the order in which they may end, once all have begun; one that it
 * leaves out waits until it is cancelled. cancel_at: the caller's token fires
 * after so many pieces have ended. See rpc_steps.h for the answer.
 *
 * The pieces wait for each other, so that work done one after the other gets
 * stuck: nobody has to measure whether it was done at the same time.
 *
 * The invariant: a play outlives all that hold it, whatever the stage does.
 */
#include <stdio.h>
#include <stdlib.h>

#include "cancel.h"
#include "co.h"
#include "node.h"
#include "rpc_app.h"
#include "rpc_steps.h"
#include "warmup.h"

#define STUCK_MS 1000 /* a piece whose turn does not come gives up */

/* One command's work, and what became of it. */
struct play {
    struct steps steps;            /* what happened */
    int users;                     /* who still hold it */
    int count;                     /* pieces */
    int64_t outcomes[MAX_FAN_OUT]; /* of each */
    int place[MAX_FAN_OUT];        /* when each may end; -1: never */
    int begun;                     /* pieces that have */
    int ended;                     /* pieces that have */
    int got[MAX_FAN_OUT];          /* what await_all filled in */
    struct cond turn;              /* broadcast when one ends */
    struct cancel scope;           /* the caller's token */
    int64_t cancel_at;             /* when to fire it; -1: never */
    struct future future;          /* future: what is worked out */
    bool is_let_go;                /* future: the work may end */
};

static struct play *play_new(void)
{
    struct play *play = calloc(1, sizeof *play);

    if (!play)
        node_fatal("out of memory for a warm-up");
    play->users = 1;
    play->cancel_at = -1;
    cond_init(&play->turn, "its turn in a warm-up");
    return play;
}

static void play_release(struct play *play)
{
    if (--play->users == 0)
        free(play);
}

/* Reads outcomes, and cancel_at where it is given. */
static bool read_outcomes(struct client_request *request, struct play *play,
                          int place, int cancel_place)
{
    play->count = steps_read_list(request->argv[place], MAX_FAN_OUT,
                                  play->outcomes);
    if (play->count >= 0 &&
        (cancel_place >= request->argc ||
         resp_to_int(request->argv[cancel_place], &play->cancel_at) == OK))
        return true;
    resp_error(request->reply, "ERR outcomes are numbers with commas between, "
                               "cancel_at is a number");
    return false;
}

static bool read_order(struct client_request *request, struct play *play)
{
    int64_t order[MAX_FAN_OUT];
    int count = 0;

    for (int i = 0; i < MAX_FAN_OUT; i++)
        play->place[i] = -1;
    if (request->argv[2].len > 0)
        count = steps_read_list(request->argv[2], MAX_FAN_OUT, order);
    for (int i = 0; i < count; i++) {
        if (order[i] < 0 || order[i] >= play->count) {
            count = -1;
            break;
        }
        play->place[order[i]] = i;
    }
    if (count < 0)
        resp_error(request->reply, "ERR order lists pieces by number");
    return count >= 0;
}

static void play_over(struct play *play)
{
    step(&play->steps, "returned");
    cancel_close(&play->scope);
}

/* ---- all, race ---- */

/* A cancelled piece needs a while to end: whoever does not wait for that
 * returns too early. */
static void await_clean_up(struct play *play, int number)
{
    struct cancel *former = co_use(NULL);

    for (int i = 0; i < 3; i++)
        await_yield();
    step(&play->steps, "cancelled %d", number);
    co_use(former);
}

static int await_piece(void *arg, int number)
{
    struct play *play = arg;

    if (number < 0 || number >= play->count) {
        step(&play->steps, "no piece has the number %d", number);
        return RPC_FAILED;
    }
    play->users++;
    step(&play->steps, "start %d", number);
    play->begun++;
    cond_broadcast(&play->turn);
    while (play->begun < play->count || play->place[number] != play->ended) {
        int outcome = await_cond_for(&play->turn, STUCK_MS);

        if (outcome == OK)
            continue;
        if (outcome == TIMED_OUT)
            step(&play->steps, "stuck %d", number);
        else
            await_clean_up(play, number);
        play_release(play);
        return outcome;
    }
    int outcome = (int)play->outcomes[number];

    step(&play->steps, "end %d", number);
    play->ended++;
    cond_broadcast(&play->turn);
    if (play->ended == play->cancel_at)
        cancel_fire(&play->scope, CANCELLED);
    play_release(play);
    return outcome;
}

static void await_all_command(struct client_request *request)
{
    struct play *play = play_new();

    if (read_outcomes(request, play, 1, 3) && read_order(request, play)) {
        for (int i = 0; i < play->count; i++)
            play->got[i] = BAD_BYTES;
        cancel_open(&play->scope);
        int outcome = await_all(play->count, await_piece, play, play->got);
        play_over(play);
        for (int i = 0; i < play->count; i++)
            step(&play->steps, "outcome %d: %s", i, outcome_name(play->got[i]));
        steps_answer(&play->steps, request, outcome_name(outcome));
    }
    play_release(play);
}

static void await_race_command(struct client_request *request)
{
    struct play *play = play_new();
    char result[32];

    if (read_outcomes(request, play, 1, 3) && read_order(request, play)) {
        cancel_open(&play->scope);
        int winner = await_race(play->count, await_piece, play);
        play_over(play);
        snprintf(result, sizeof result, "%d", winner);
        steps_answer(&play->steps, request,
                     winner < 0 ? outcome_name(winner) : result);
    }
    play_release(play);
}

/* ---- future ---- */

static int await_work(void *arg, int number)
{
    struct play *play = arg;

    play->users++;
    step(&play->steps, "work %d begins", number);
    while (!play->is_let_go)
        await_cond(&play->turn);
    int outcome = (int)play->outcomes[0];

    step(&play->steps, "work ends");
    play_release(play);
    return outcome;
}

static void await_and_tell(struct play *play, const char *who)
{
    int outcome = BAD_BYTES;
    int waited = await_future(&play->future, &outcome);

    step(&play->steps, "%s: %s", who,
         outcome_name(waited == OK ? outcome : waited));
}

static void wait_beside(void *arg)
{
    struct play *play = arg;

    await_and_tell(play, "neighbour");
    play_release(play);
}

/* The owner: goes on, loses patience once, lets the work end, asks twice. */
static void await_owner(struct play *play)
{
    struct cancel scope;

    future_start(&play->future, await_work, play);
    step(&play->steps, "owner goes on");
    play->users++;
    co_spawn("a future's neighbour", wait_beside, play);
    await_yield();

    cancel_open(&scope);
    cancel_after(&scope, 1);
    await_and_tell(play, "owner in a hurry");
    cancel_close(&scope);

    step(&play->steps, "work may end");
    play->is_let_go = true;
    cond_broadcast(&play->turn);
    cancel_open(&scope);
    cancel_after(&scope, STUCK_MS);
    await_and_tell(play, "owner");
    await_and_tell(play, "owner again");
    cancel_close(&scope);
    await_yield();
}

static void await_future_command(struct client_request *request)
{
    struct play *play = play_new();

    if (read_outcomes(request, play, 1, 2)) {
        await_owner(play);
        steps_answer(&play->steps, request, "OK");
    }
    play_release(play);
}

void rpc_warmup_start(void)
{
    client_command("WARMUP.ALL", 3, 4, await_all_command);
    client_command("WARMUP.RACE", 3, 3, await_race_command);
    client_command("WARMUP.FUTURE", 2, 2, await_future_command);
    rpc_pace_start();
}
