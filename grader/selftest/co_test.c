/*
 * co_test.c - coroutines (handout/node/co.c), their stacks, and timers.
 */
#include "co.h"

#include <string.h>

#include "event.h"
#include "fake_host.h"
#include "node.h"
#include "selftest.h"
#include "timer.h"

static char order[64]; /* who ran, in order */

static void note(char who)
{
    size_t len = strlen(order);

    if (len + 1 < sizeof order) {
        order[len] = who;
        order[len + 1] = '\0';
    }
}

static void yield_twice(void *name)
{
    const char *who = name;

    for (int i = 0; i < 3; i++) {
        note(*who);
        CHECK_INT(await_yield(), OK);
    }
}

static void spawn_three(void)
{
    co_spawn("a", yield_twice, "a");
    co_spawn("b", yield_twice, "b");
    co_spawn("c", yield_twice, "c");
    note('!');
    for (int i = 0; i < 5; i++)
        await_yield();
}

static void ready_ones_take_turns(void)
{
    order[0] = '\0';
    fake_await(spawn_three);
    CHECK_TEXT(order, "!abcabcabc");
}

static void sleep_for(void *ms_text)
{
    const char *ms = ms_text;
    uint64_t before_us = node_now_us();

    CHECK_INT(await_sleep((uint32_t)(*ms - '0')), OK);
    CHECK_INT(node_now_us() - before_us, (*ms - '0') * 1000);
    note(*ms);
}

static void sleepers_wake_in_time(void)
{
    order[0] = '\0';
    fake_spawn(sleep_for, "5");
    fake_spawn(sleep_for, "1");
    fake_spawn(sleep_for, "3");
    fake_spawn(sleep_for, "0");
    fake_pass_ms(2);
    CHECK_TEXT(order, "01");
    fake_pass_ms(10);
    CHECK_TEXT(order, "0135");
}

/* Uses real stack: each level holds a kilobyte. */
static uint32_t deep(uint32_t level)
{
    volatile uint8_t room[1024];

    for (size_t i = 0; i < sizeof room; i++)
        room[i] = (uint8_t)level;
    uint32_t below = level > 0 ? deep(level - 1) : 0;
    return below + room[level % sizeof room];
}

static void go_deep(void *arg)
{
    uint32_t *sum = arg;

    for (int i = 0; i < 3; i++) {
        *sum = deep(100);
        await_yield();
    }
}

static void go_deep_side_by_side(void)
{
    uint32_t sums[20] = {0};

    for (int i = 0; i < 20; i++)
        co_spawn("deep", go_deep, &sums[i]);
    await_sleep(1);
    for (int i = 0; i < 20; i++)
        CHECK_INT(sums[i], 5050);
}

static void stacks_do_not_mix(void)
{
    fake_await(go_deep_side_by_side);
}

static void count_down(void *arg)
{
    int *left = arg;

    await_sleep(selftest_random(20));
    --*left;
}

static void spawn_many(void)
{
    int left = 0;

    for (int round = 0; round < 5; round++) {
        left = 3000;
        for (int i = 0; i < 3000; i++)
            co_spawn("many", count_down, &left);
        await_sleep(25);
        CHECK_INT(left, 0);
    }
}

static void many_come_and_go(void)
{
    size_t before = co_count();

    fake_await(spawn_many);
    CHECK_INT(co_count(), before);
}

/* Rounding and the vector registers' control words survive a switch. */
static void add_thirds(void *arg)
{
    double *sum = arg;

    for (int i = 0; i < 300; i++) {
        *sum += 1.0 / 3.0;
        await_yield();
    }
}

static void add_side_by_side(void)
{
    double sums[3] = {0, 0, 0};

    for (int i = 0; i < 3; i++)
        co_spawn("sum", add_thirds, &sums[i]);
    await_sleep(1);
    for (int i = 0; i < 3; i++)
        CHECK(sums[i] > 99.99 && sums[i] < 100.01);
}

static void floating_point_survives(void)
{
    fake_await(add_side_by_side);
}

static struct event never;

static void wait_for_never(void *arg)
{
    (void)arg;
    await_event(&never);
}

static void who_waits_is_told(void)
{
    char text[4096];
    char small[40];
    size_t before = co_count();

    event_init(&never, "a thing");
    co_spawn("dreamer", wait_for_never, NULL);
    fake_pass_ms(0);
    fake_spawn(sleep_for, "1");
    fake_pass_ms(12);
    co_describe(text, sizeof text);
    CHECK(strstr(text, "dreamer") != NULL);
    CHECK(strstr(text, "waits for a thing since ") != NULL);
    co_describe(small, sizeof small);
    CHECK(strlen(small) < sizeof small);
    co_describe(small, 1);
    CHECK_TEXT(small, "");
    CHECK_TEXT(co_name(), "");
    event_set(&never, 0);
    fake_pass_ms(1);
    fake_spawn(sleep_for, "0");
    fake_pass_ms(1);
    CHECK_INT(co_count(), before);
}

static char rang[32];

static void ring(void *name)
{
    strcat(rang, name);
}

static struct timer timers[8];

static void ring_and_stop(void *name)
{
    strcat(rang, name);
    timer_stop(&timers[2]);
    timer_set(&timers[3], node_now_us(), ring, "d"); /* due at once */
}

static void timers_ring_in_order(void)
{
    uint64_t now_us = node_now_us();

    rang[0] = '\0';
    timer_set(&timers[0], now_us + 3000, ring, "a");
    timer_set(&timers[1], now_us + 1000, ring_and_stop, "b");
    timer_set(&timers[2], now_us + 2000, ring, "c");
    timer_set(&timers[4], now_us + 3000, ring, "e");
    timer_set(&timers[5], now_us + 500, ring, "f");
    timer_set(&timers[5], now_us + 4000, ring, "g"); /* moved */
    CHECK(timer_is_set(&timers[0]) && !timer_is_set(&timers[3]));
    timers_ring(now_us + 999);
    CHECK_TEXT(rang, "");
    timers_ring(now_us + 3000);
    CHECK_TEXT(rang, "bdae");
    CHECK(timers_next_us() == now_us + 4000);
    CHECK(!timer_is_set(&timers[0]) && !timer_is_set(&timers[2]));
    timer_stop(&timers[5]);
    timer_stop(&timers[5]);
    CHECK(timers_next_us() == UINT64_MAX);
}

#define MANY_TIMERS 500

static uint64_t last_us; /* when the latest timer was due */
static int rung;         /* how many have rung */

static void ring_in_order(void *arg)
{
    const struct timer *timer = arg;

    CHECK(timer->at_us >= last_us);
    last_us = timer->at_us;
    rung++;
}

static void many_timers_are_a_heap(void)
{
    static struct timer many[MANY_TIMERS];
    uint64_t now_us = node_now_us();
    int stopped = 0;

    last_us = 0;
    rung = 0;
    for (int round = 0; round < 3; round++)
        for (int i = 0; i < MANY_TIMERS; i++)
            timer_set(&many[i], now_us + selftest_random(100), ring_in_order,
                      &many[i]);
    for (int i = 0; i < MANY_TIMERS; i += 3, stopped++)
        timer_stop(&many[i]);
    for (uint64_t us = 0; us <= 100; us += 10)
        timers_ring(now_us + us);
    CHECK_INT(rung, MANY_TIMERS - stopped);
    CHECK(timers_next_us() == UINT64_MAX);
}

int main(void)
{
    fake_boot();
    TEST("those that are ready take turns", ready_ones_take_turns);
    TEST("sleepers wake in time", sleepers_wake_in_time);
    TEST("stacks do not mix", stacks_do_not_mix);
    TEST("many come and go", many_come_and_go);
    TEST("floating point survives a switch", floating_point_survives);
    TEST("a report says who waits for what", who_waits_is_told);
    TEST("timers ring in order", timers_ring_in_order);
    TEST("many timers ring in order", many_timers_are_a_heap);
    return selftest_end();
}
