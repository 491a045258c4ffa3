/*
 * selftest.c - runs tests and prints what came of them; see selftest.h.
 */
#include "selftest.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define MAX_NOTES 5 /* failed checks shown of one test */

static char notes[4096]; /* what failed in the current test */
static int failed_checks;
static int failed_tests;

/* "grader/selftest/wire_test.c" is "wire". */
static void print_module(const char *file)
{
    const char *slash = strrchr(file, '/');
    const char *name = slash ? slash + 1 : file;
    const char *end = strstr(name, "_test.c");

    printf("%.*s", end ? (int)(end - name) : (int)strlen(name), name);
}

void selftest_run(const char *file, const char *claim, void (*fn)(void))
{
    notes[0] = '\0';
    failed_checks = 0;
    fn();
    printf("%s ", failed_checks ? "FAIL" : "ok  ");
    print_module(file);
    printf(": %s\n%s", claim, notes);
    if (failed_checks > MAX_NOTES)
        printf("       ... and %d checks more\n", failed_checks - MAX_NOTES);
    if (failed_checks)
        failed_tests++;
    fflush(stdout);
}

int selftest_end(void)
{
    return failed_tests ? 1 : 0;
}

/* Marsaglia's xorshift: enough to stir bytes. */
uint32_t selftest_random(uint32_t below)
{
    static uint32_t state = 2463534242u;

    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state % below;
}

static void note(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void note(const char *format, ...)
{
    size_t used = strlen(notes);
    va_list args;

    if (failed_checks++ >= MAX_NOTES)
        return;
    va_start(args, format);
    vsnprintf(notes + used, sizeof notes - used, format, args);
    va_end(args);
}

void selftest_check(bool holds, const char *file, int line, const char *what)
{
    if (!holds)
        note("       %s:%d: does not hold: %s\n", file, line, what);
}

void selftest_check_int(int64_t seen, int64_t expected, const char *file,
                        int line, const char *what)
{
    if (seen != expected)
        note("       %s:%d: %s is %lld, expected %lld\n", file, line, what,
             (long long)seen, (long long)expected);
}

void selftest_check_text(const char *seen, const char *expected,
                         const char *file, int line, const char *what)
{
    if (strcmp(seen, expected) != 0)
        note("       %s:%d: %s\n         is       \"%s\"\n"
             "         expected \"%s\"\n",
             file, line, what, seen, expected);
}
