/*
 * shim.c - libc for a loaded copy of a node: linked into its shared object, and
 * the only part of it that knows the simulator. See shim.h.
 *
 * Compiled with -fno-builtin and -fvisibility=hidden: what is defined here
 * stands before libc's for the copy's own objects and for nobody else.
 */
#define _GNU_SOURCE

#include "shim.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define CALLER  __builtin_return_address(0)
#define MAX_HOW 512 /* bytes of a sentence about an end */

/* ---- Memory ------------------------------------------------------------ */

void *malloc(size_t size)
{
    return sim_alloc(size, CALLER);
}

void *calloc(size_t count, size_t size)
{
    return sim_alloc_zeroed(count, size, CALLER);
}

void *realloc(void *block, size_t size)
{
    return sim_resize(block, size, CALLER);
}

void *reallocarray(void *block, size_t count, size_t size)
{
    size_t total;

    if (__builtin_mul_overflow(count, size, &total)) {
        errno = ENOMEM;
        return NULL;
    }
    return sim_resize(block, total, CALLER);
}

void free(void *block)
{
    sim_free(block, CALLER);
}

char *strndup(const char *text, size_t most)
{
    size_t len = strnlen(text, most);
    char *copy = sim_alloc(len + 1, CALLER);

    memcpy(copy, text, len);
    copy[len] = '\0';
    return copy;
}

char *strdup(const char *text)
{
    return strndup(text, strlen(text));
}

int vasprintf(char **out, const char *format, va_list args)
{
    va_list again;

    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (len < 0)
        return len;
    *out = sim_alloc((size_t)len + 1, CALLER);
    return vsnprintf(*out, (size_t)len + 1, format, args);
}

int asprintf(char **out, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    int len = vasprintf(out, format, args);
    va_end(args);
    return len;
}

/* Stacks are all that is mapped; what else is asked for is refused. */
void *mmap(void *hint, size_t size, int protection, int flags, int fd,
           off_t offset)
{
    (void)hint;
    (void)protection;
    (void)offset;
    if (!(flags & MAP_ANONYMOUS) || fd != -1)
        sim_end("called mmap() for something other than memory", CALLER);
    return sim_map(size);
}

int mprotect(void *base, size_t size, int protection)
{
    if (protection != PROT_NONE)
        sim_end("called mprotect() for something other than a guard page",
                CALLER);
    return sim_guard(base, size);
}

int munmap(void *base, size_t size)
{
    return sim_unmap(base, size);
}

/* ---- Chance ------------------------------------------------------------ */

int rand(void)
{
    return (int)(sim_random("rand()", CALLER) & RAND_MAX);
}

void srand(unsigned seed)
{
    (void)seed;
    (void)sim_random("srand()", CALLER);
}

long random(void)
{
    return (long)(sim_random("random()", CALLER) & RAND_MAX);
}

void srandom(unsigned seed)
{
    (void)seed;
    (void)sim_random("srandom()", CALLER);
}

static void fill(void *buffer, size_t len, const char *called,
                 const void *caller)
{
    for (size_t i = 0; i < len; i++)
        ((unsigned char *)buffer)[i] = (unsigned char)sim_random(called,
                                                                 caller);
}

ssize_t getrandom(void *buffer, size_t len, unsigned flags)
{
    (void)flags;
    fill(buffer, len, "getrandom()", CALLER);
    return (ssize_t)len;
}

int getentropy(void *buffer, size_t len)
{
    fill(buffer, len, "getentropy()", CALLER);
    return 0;
}

/* ---- Time -------------------------------------------------------------- */

time_t time(time_t *out)
{
    time_t now = (time_t)(sim_wall_us("time()", CALLER) / 1000000);

    if (out)
        *out = now;
    return now;
}

int gettimeofday(struct timeval *restrict out, void *restrict zone)
{
    int64_t now_us = sim_wall_us("gettimeofday()", CALLER);

    (void)zone;
    out->tv_sec = (time_t)(now_us / 1000000);
    out->tv_usec = (suseconds_t)(now_us % 1000000);
    return 0;
}

int clock_gettime(clockid_t which, struct timespec *out)
{
    const char *called = "clock_gettime()";
    int64_t now_us = which == CLOCK_REALTIME
                         ? sim_wall_us(called, CALLER)
                         : (int64_t)sim_monotonic_us(called, CALLER);

    out->tv_sec = (time_t)(now_us / 1000000);
    out->tv_nsec = (long)(now_us % 1000000) * 1000;
    return 0;
}

clock_t clock(void)
{
    return (clock_t)sim_monotonic_us("clock()", CALLER);
}

/* ---- The end ----------------------------------------------------------- */

_Noreturn static void end(const char *function, int status, const void *caller)
{
    char how[MAX_HOW];

    snprintf(how, sizeof how, "called %s(%d)", function, status);
    sim_end(how, caller);
}

void exit(int status)
{
    end("exit", status, CALLER);
}

void _exit(int status)
{
    end("_exit", status, CALLER);
}

void _Exit(int status)
{
    end("_Exit", status, CALLER);
}

void quick_exit(int status)
{
    end("quick_exit", status, CALLER);
}

void abort(void)
{
    sim_end("called abort()", CALLER);
}

void __assert_fail(const char *assertion, const char *file, unsigned line,
                   const char *function)
{
    char how[MAX_HOW];

    snprintf(how, sizeof how, "failed an assertion in %s (%s:%u): %s", function,
             file, line, assertion);
    sim_end(how, CALLER);
}
