/*
 * event_test.c - events, conditions and quorums (handout/node/event.c), and
 * cancel tokens (cancel.c).
 *
 * Each test's body runs in a coroutine; "helpers" act on it after a while.
 */
#include "event.h"

#include <stddef.h>
#include <stdlib.h>

#include "co.h"
#include "fake_host.h"
#include "node.h"
#include "selftest.h"

/* Something to do later, beside the test's body. */
struct later {
    uint32_t delay_ms;    /* when */
    struct event *event;  /* what to set, or NULL */
    struct cond *cond;    /* what to broadcast, or NULL */
    struct cancel *token; /* what to fire, or NULL */
};

static void do_later(void *arg)
{
    struct later *later = arg;

    await_sleep(later->delay_ms);
    if (later->event)
        event_set(later->event, later->delay_ms);
    if (later->cond)
        cond_broadcast(later->cond);
    if (later->token)
        cancel_fire(later->token, CANCELLED);
    free(later);
}

static void after(struct later later)
{
    struct later *copy = malloc(sizeof *copy);

    *copy = later;
    co_spawn("later", do_later, copy);
}

/* Milliseconds since the first call with 0. */
static uint64_t elapsed_ms(uint64_t *start_us)
{
    if (*start_us == 0)
        *start_us = node_now_us();
    return (node_now_us() - *start_us) / 1000;
}

static void events(void)
{
    struct event event;
    uint64_t start = 0;

    event_init(&event, "it");
    elapsed_ms(&start);
    CHECK_INT(await_event_for(&event, 10), TIMED_OUT);
    CHECK_INT(elapsed_ms(&start), 10);
    after((struct later){.delay_ms = 5, .event = &event});
    CHECK_INT(await_event(&event), OK);
    CHECK_INT(elapsed_ms(&start), 15);
    CHECK_INT(event.value, 5);
    event_set(&event, 99); /* set once and for all */
    CHECK_INT(event.value, 5);
    CHECK_INT(await_event(&event), OK);
    CHECK_INT(await_event_for(&event, 0), OK);
    CHECK_INT(elapsed_ms(&start), 15);
}

static void first_and_some(void)
{
    struct event a, b, c;
    struct event *all[] = {&a, &b, &c};
    struct cancel scope;
    uint64_t start = 0;

    event_init(&a, "a");
    event_init(&b, "b");
    event_init(&c, "c");
    elapsed_ms(&start);
    after((struct later){.delay_ms = 3, .event = &c});
    after((struct later){.delay_ms = 5, .event = &a});
    CHECK_INT(await_first_of(all, 3), 2);
    CHECK_INT(elapsed_ms(&start), 3);
    CHECK_INT(await_some_of(all, 3, 2), OK);
    CHECK_INT(elapsed_ms(&start), 5);
    CHECK_INT(await_first_of(all, 3), 0); /* the earliest in the array */
    CHECK_INT(await_some_of(all, 3, 0), OK);

    cancel_open(&scope);
    cancel_after(&scope, 4);
    CHECK_INT(await_some_of(all, 3, 3), TIMED_OUT);
    CHECK_INT(await_first_of(&all[1], 1), TIMED_OUT);
    cancel_close(&scope);
    CHECK_INT(elapsed_ms(&start), 9);
    CHECK(list_empty(&b.waiters)); /* nobody is left behind */
}

static void conditions(void)
{
    struct cond cond;
    uint64_t start = 0;

    cond_init(&cond, "change");
    elapsed_ms(&start);
    cond_broadcast(&cond); /* keeps no memory */
    CHECK_INT(await_cond_for(&cond, 5), TIMED_OUT);
    after((struct later){.delay_ms = 5, .cond = &cond});
    CHECK_INT(await_cond(&cond), OK);
    CHECK_INT(elapsed_ms(&start), 10);
    CHECK(list_empty(&cond.waiters));
}

/* Votes, one a letter: Y and N by voters 0, 1, ...; what comes of them. */
static const struct {
    int total;            /* voters */
    int need;             /* agreements wanted */
    const char *votes;    /* in order */
    enum verdict verdict; /* expected at the end */
    int decisive;         /* votes until it is known */
} elections[] = {
    {1, 1, "Y", QUORUM_YES, 1},     {1, 1, "N", QUORUM_NO, 1},
    {2, 2, "YY", QUORUM_YES, 2},    {2, 2, "YN", QUORUM_NO, 2},
    {2, 2, "NY", QUORUM_NO, 1},     {3, 2, "YNY", QUORUM_YES, 3},
    {3, 2, "YYN", QUORUM_YES, 2},   {3, 2, "NN", QUORUM_NO, 2},
    {3, 2, "YN", QUORUM_OPEN, 0},   {4, 3, "NN", QUORUM_NO, 2},
    {4, 3, "YYNY", QUORUM_YES, 4},  {5, 3, "NYNYN", QUORUM_NO, 5},
    {5, 1, "NNNNY", QUORUM_YES, 5}, {5, 1, "NNNNN", QUORUM_NO, 5},
    {5, 5, "YYYYY", QUORUM_YES, 5}, {5, 5, "YYYYN", QUORUM_NO, 5},
    {5, 3, "YYNN", QUORUM_OPEN, 0},
};

static void quorums(void)
{
    for (size_t i = 0; i < sizeof elections / sizeof elections[0]; i++) {
        struct quorum quorum;
        int decisive = 0;

        quorum_init(&quorum, "votes", elections[i].total, elections[i].need);
        for (int voter = 0; elections[i].votes[voter]; voter++) {
            bool agrees = elections[i].votes[voter] == 'Y';
            CHECK(quorum_vote(&quorum, voter, agrees));
            CHECK(!quorum_vote(&quorum, voter, !agrees));
            if (quorum.decided.is_set && decisive == 0)
                decisive = voter + 1;
        }
        CHECK_INT(decisive, elections[i].decisive);
        if (decisive)
            CHECK_INT(await_quorum(&quorum), elections[i].verdict);
        else
            CHECK(!quorum.decided.is_set);
    }
    CHECK_INT(majority(1), 1);
    CHECK_INT(majority(2), 2);
    CHECK_INT(majority(3), 2);
    CHECK_INT(majority(4), 3);
    CHECK_INT(majority(5), 3);
}

static int ends[4]; /* what children's sleeps came to */

static void sleep_long(void *slot)
{
    *(int *)slot = await_sleep(1000);
}

static void scopes(void)
{
    struct cancel outer, inner;
    uint64_t start = 0;

    elapsed_ms(&start);
    cancel_open(&outer);
    cancel_after(&outer, 20);
    cancel_open(&inner);
    cancel_after(&inner, 10);
    CHECK(cancel_deadline_us(&inner) == node_now_us() + 10000);
    CHECK_INT(await_sleep(100), TIMED_OUT);
    CHECK_INT(elapsed_ms(&start), 10);
    CHECK_INT(await_sleep(1), TIMED_OUT); /* and every later wait */
    CHECK_INT(await_yield(), TIMED_OUT);
    CHECK_INT(elapsed_ms(&start), 10);
    CHECK_INT(cancel_reason(&inner), TIMED_OUT);
    cancel_close(&inner);
    CHECK_INT(cancel_reason(&outer), 0);
    CHECK_INT(await_sleep(5), OK);
    CHECK_INT(await_sleep(100), TIMED_OUT);
    CHECK_INT(elapsed_ms(&start), 20);
    cancel_close(&outer);
    CHECK_INT(await_sleep(1), OK);
    CHECK(cancel_deadline_us(co_token()) == UINT64_MAX);
    CHECK_INT(cancel_reason(NULL), 0);
}

static void an_outer_deadline_holds_inside(void)
{
    struct cancel outer, inner;

    cancel_open(&outer);
    cancel_after(&outer, 5);
    cancel_open(&inner);
    cancel_after(&inner, 50);
    CHECK(cancel_deadline_us(&inner) == node_now_us() + 5000);
    CHECK_INT(await_sleep(20), TIMED_OUT);
    CHECK_INT(cancel_reason(&inner), TIMED_OUT);
    cancel_close(&inner);
    cancel_close(&outer);
}

static void children_are_cancelled(void)
{
    struct cancel scope;

    cancel_open(&scope);
    co_spawn_under(&scope, "child", sleep_long, &ends[0]);
    co_spawn("orphan", sleep_long, &ends[1]);
    ends[0] = ends[1] = 1;
    await_sleep(1);
    cancel_close(&scope);
    await_yield();
    CHECK_INT(ends[0], CANCELLED);
    CHECK_INT(ends[1], 1); /* spawned under nothing: sleeps on */
    await_sleep(1000);
    CHECK_INT(ends[1], OK);
}

static void parent_of_child(void *arg)
{
    (void)arg;
    co_spawn_under(co_scope(), "child", sleep_long, &ends[2]);
    await_sleep(2);
}

static void the_end_of_a_coroutine_cancels(void)
{
    ends[2] = 1;
    co_spawn("parent", parent_of_child, NULL);
    await_sleep(5);
    CHECK_INT(ends[2], CANCELLED);
}

static int fired; /* watchers called */

static void count_fired(void *watch)
{
    fired++;
    if (watch)
        cancel_unwatch(watch); /* may take out another that is yet to come */
}

static void watchers(void)
{
    struct cancel token;
    struct cancel_watch one, two, three;

    fired = 0;
    cancel_init(&token, NULL);
    cancel_watch(&token, &one, count_fired, &two);
    cancel_watch(&token, &two, count_fired, NULL);
    cancel_fire(&token, CANCELLED);
    CHECK_INT(fired, 1);
    cancel_fire(&token, TIMED_OUT);
    CHECK_INT(cancel_reason(&token), CANCELLED); /* the first counts */
    cancel_watch(&token, &three, count_fired, NULL);
    CHECK_INT(fired, 2); /* at once: it has fired already */
    cancel_unwatch(&one);
    cancel_release(&token);
}

static void by_hand(void)
{
    struct cancel scope;
    struct event event;

    event_init(&event, "it");
    cancel_open(&scope);
    after((struct later){.delay_ms = 3, .token = &scope});
    CHECK_INT(await_event(&event), CANCELLED);
    CHECK(list_empty(&event.waiters));
    event_set(&event, 1);
    struct cancel *former = co_use(NULL);
    CHECK(former == &scope);
    CHECK_INT(await_sleep(1), OK); /* under no token nothing ends a wait */
    co_use(former);
    cancel_close(&scope);
}

/* The event and the token at the same moment: one outcome, no second wake. */
static void a_race_has_one_outcome(void)
{
    struct cancel scope;
    struct event event;

    event_init(&event, "it");
    cancel_open(&scope);
    after((struct later){.delay_ms = 3, .event = &event, .token = &scope});
    CHECK_INT(await_event(&event), OK);
    CHECK_INT(await_sleep(1), CANCELLED);
    cancel_close(&scope);
    CHECK_INT(await_sleep(1), OK);
}

static void nothing_is_left(void)
{
    await_sleep(2000);
    CHECK_INT(co_count(), 1); /* this one */
}

#define BODY(fn)              \
    static void in_##fn(void) \
    {                         \
        fake_await(fn);       \
    }
BODY(events)
BODY(first_and_some)
BODY(conditions)
BODY(quorums)
BODY(scopes)
BODY(an_outer_deadline_holds_inside)
BODY(children_are_cancelled)
BODY(the_end_of_a_coroutine_cancels)
BODY(watchers)
BODY(by_hand)
BODY(a_race_has_one_outcome)
BODY(nothing_is_left)

int main(void)
{
    fake_boot();
    TEST("an event happens once", in_events);
    TEST("first of several, and some of several", in_first_and_some);
    TEST("a condition keeps no memory", in_conditions);
    TEST("a quorum is known as soon as it can be", in_quorums);
    TEST("scopes end waits, and only theirs", in_scopes);
    TEST("an outer deadline holds inside", in_an_outer_deadline_holds_inside);
    TEST("the end of a scope cancels what it spawned",
         in_children_are_cancelled);
    TEST("the end of a coroutine cancels what it spawned",
         in_the_end_of_a_coroutine_cancels);
    TEST("watchers are called once", in_watchers);
    TEST("a token is fired by hand", in_by_hand);
    TEST("event and token at once: one outcome", in_a_race_has_one_outcome);
    TEST("nothing is left behind", in_nothing_is_left);
    return selftest_end();
}
