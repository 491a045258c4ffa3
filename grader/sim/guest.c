/*
 * guest.c - the running node: what it asks of libc (shim.h), and how it is cut
 * short when it ends itself in the middle of an upcall.
 *
 * A node runs on its coroutines' stacks; to leave one is to jump back to where
 * the upcall was made and to free the stacks with the rest of its memory.
 */
#define _GNU_SOURCE
#undef _FORTIFY_SOURCE /* its longjmp refuses to jump between stacks */

#include <pthread.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "asan.h"
#include "inside.h"
#include "report.h"
#include "shim.h"

#define TEXT_OF(number) #number
#define TEXT(number)    TEXT_OF(number)

volatile enum part part;

static struct host *running; /* whose node runs; NULL: none */
static jmp_buf way_out;      /* to guest_run */

struct host *guest_running(void)
{
    return running;
}

#ifdef WITH_ASAN

#define LEFT_FRAMES_BYTES 65536 /* of the simulator, under an upcall */

static bool was_elsewhere; /* guest_leave came from a coroutine's stack */

/* AddressSanitizer has to be told of a jump to another stack. */
static void before_jump(void)
{
    static char *bottom;
    static size_t size;
    char here;

    if (bottom == NULL) {
        pthread_attr_t attributes;
        void *base;

        pthread_getattr_np(pthread_self(), &attributes);
        pthread_attr_getstack(&attributes, &base, &size);
        pthread_attr_destroy(&attributes);
        bottom = base;
    }
    was_elsewhere = &here < bottom || &here >= bottom + size;
    if (was_elsewhere)
        __sanitizer_start_switch_fiber(NULL, bottom, size);
}

static void after_jump(void)
{
    char here;

    if (!was_elsewhere)
        return;
    __sanitizer_finish_switch_fiber(NULL, NULL, NULL);
    /* The frames below, of the upcall that was left, are no more. */
    asan_forget(&here - LEFT_FRAMES_BYTES, LEFT_FRAMES_BYTES);
}

#else

static void before_jump(void)
{
}

static void after_jump(void)
{
}

#endif

bool guest_run(struct host *place, void (*fn)(struct host *, const void *),
               const void *arg)
{
    bool is_whole = true;

    running = place;
    part = PART_NODE;
    if (_setjmp(way_out) == 0) {
        fn(place, arg);
    } else {
        after_jump();
        is_whole = false;
    }
    running = NULL;
    part = PART_WORLD;
    return is_whole;
}

_Noreturn void guest_leave(void)
{
    before_jump();
    _longjmp(way_out, 1);
}

/* ---- What nodes ask of libc -------------------------------------------- */

#define NOT_HELD "freed memory that it does not hold, or wrote outside of it"

/* The world itself is wrong when this happens outside of an upcall. */
static struct host *caller_place(void)
{
    if (running == NULL) {
        fprintf(stderr, "sim: a node's code runs outside of an upcall\n");
        abort();
    }
    return running;
}

_Noreturn void sim_end(const char *how, const void *caller)
{
    struct host *place = caller_place();
    char text[WORLD_MAX_HOW];
    char where[REPORT_MAX_PLACE];

    report_place(place, caller, where);
    snprintf(text, sizeof(text), "%s%s", how, where);
    place_doom(place, END_WRONG, text);
    guest_leave();
}

static void *or_end(void *block, const void *caller)
{
    if (block == NULL)
        sim_end("asked for more than " TEXT(MEMORY_MAX_MB) " MB of memory",
                caller);
    return block;
}

void *sim_alloc(size_t size_bytes, const void *caller)
{
    struct memory *memory = &caller_place()->memory;

    return or_end(memory_alloc(memory, size_bytes, MEMORY_FRESH), caller);
}

void *sim_alloc_zeroed(size_t count, size_t size_bytes, const void *caller)
{
    struct memory *memory = &caller_place()->memory;
    size_t total = count * size_bytes;

    if (size_bytes != 0 && total / size_bytes != count)
        total = MEMORY_MAX_BYTES + 1;
    return or_end(memory_alloc(memory, total, 0), caller);
}

void *sim_resize(void *block, size_t size_bytes, const void *caller)
{
    struct memory *memory = &caller_place()->memory;

    if (block == NULL)
        return sim_alloc(size_bytes, caller);
    if (!memory_holds(memory, block))
        sim_end(NOT_HELD, caller);
    return or_end(memory_resize(memory, block, size_bytes), caller);
}

void sim_free(void *block, const void *caller)
{
    if (block != NULL && !memory_free(&caller_place()->memory, block))
        sim_end(NOT_HELD, caller);
}

void *sim_map(size_t size_bytes)
{
    return or_end(memory_map(&caller_place()->memory, size_bytes), NULL);
}

int sim_guard(void *base, size_t size_bytes)
{
    return memory_guard(&caller_place()->memory, base, size_bytes) ? 0 : -1;
}

int sim_unmap(void *base, size_t size_bytes)
{
    (void)size_bytes;
    return memory_unmap(&caller_place()->memory, base) ? 0 : -1;
}

/* Says once that a node asks libc for what it should ask the kit for. */
static void advise(struct host *place, const char *called, const char *instead,
                   const void *caller)
{
    char text[WORLD_MAX_HOW];
    char where[REPORT_MAX_PLACE];

    if (place->is_advised || place->world->watch.advice == NULL)
        return;
    place->is_advised = true;
    report_place(place, caller, where);
    snprintf(text, sizeof(text),
             "calls %s%s; it is answered by the simulator here, but use %s",
             called, where, instead);
    place->world->watch.advice(place->world->watch.arg, place->id, text);
}

uint64_t sim_random(const char *called, const void *caller)
{
    struct host *place = caller_place();

    advise(place, called, "node_random()", caller);
    return rng_next(&place->libc_chance);
}

int64_t sim_wall_us(const char *called, const void *caller)
{
    struct host *place = caller_place();

    advise(place, called, "node_now_us() or node_wall_us()", caller);
    return clock_wall_us(place);
}

uint64_t sim_monotonic_us(const char *called, const void *caller)
{
    struct host *place = caller_place();

    advise(place, called, "node_now_us()", caller);
    return clock_now_us(place);
}
