/*
 * claims.h - for the tests of grader/net: claims, and whether they hold.
 *
 * A test is a function that makes checks; the first that fails is its trouble.
 * run_claims prints `ok NAME` or `FAIL NAME: ...` for each and returns the exit
 * status: 1 if anything failed.
 */
#ifndef CONCLAVE_CLAIMS_H
#define CONCLAVE_CLAIMS_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* One test. */
struct claim {
    const char *name;   /* what is claimed */
    void (*test)(void); /* proves it */
};

/* Why the running test fails; empty while it does not. */
static char trouble[256];

/* Notes the first thing that is wrong. */
__attribute__((format(printf, 2, 3))) static void check(bool is_right,
                                                        const char *format, ...)
{
    va_list args;

    if (is_right || trouble[0] != '\0')
        return;
    va_start(args, format);
    vsnprintf(trouble, sizeof(trouble), format, args);
    va_end(args);
}

static int run_claims(const struct claim *claims, size_t count)
{
    int failed = 0;

    for (size_t i = 0; i < count; i++) {
        trouble[0] = '\0';
        claims[i].test();
        if (trouble[0] == '\0') {
            printf("ok %s\n", claims[i].name);
        } else {
            printf("FAIL %s: %s\n", claims[i].name, trouble);
            failed++;
        }
    }
    return failed == 0 ? 0 : 1;
}

#endif
