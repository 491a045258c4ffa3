/*
 * switch.c - what a coroutine switch costs, beside a call of a function.
 *
 * Two coroutines switch to each other directly, as the scheduler does; then
 * a function that does nothing is called as often. Prints nanoseconds of each,
 * and of a whole await_yield: into the queue, to the main stack, and on.
 */
#define _POSIX_C_SOURCE 200809L
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "co.h"
#include "co_switch.h"
#include "node.h"

#define ROUNDS      20000000
#define STACK_BYTES 65536

static void *main_at;
static void *other_at;
static volatile long calls;

/* What co.c asks of a node. */
uint64_t node_now_us(void)
{
    return 0;
}

uint64_t node_upcall_us(void)
{
    return 0;
}

void node_fatal(const char *format, ...)
{
    fprintf(stderr, "%s\n", format);
    exit(1);
}

static double now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static void other(void)
{
    for (;;)
        co_switch(&other_at, main_at);
}

static double switch_ns(void)
{
    other_at = co_switch_prepare(malloc(STACK_BYTES), STACK_BYTES, other);

    double start = now_ns();
    for (long i = 0; i < ROUNDS; i++)
        co_switch(&main_at, other_at);
    return (now_ns() - start) / ROUNDS / 2;
}

__attribute__((noinline)) static void bare(void)
{
    calls++;
}

static double call_ns(void)
{
    double start = now_ns();
    for (long i = 0; i < ROUNDS; i++)
        bare();
    return (now_ns() - start) / ROUNDS;
}

static void yielder(void *unused)
{
    (void)unused;
    for (long i = 0; i < ROUNDS / 4; i++)
        await_yield();
}

static double yield_ns(void)
{
    co_spawn("one", yielder, NULL);
    co_spawn("two", yielder, NULL);

    double start = now_ns();
    co_run();
    return (now_ns() - start) / (ROUNDS / 2);
}

int main(void)
{
    printf("%.2f %.2f %.2f\n", switch_ns(), call_ns(), yield_ns());
    return 0;
}
