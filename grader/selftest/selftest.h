/*
 * selftest.h - tests of the kit's own C code.
 *
 *     static void grows(void)
 *     {
 *         struct buf buf = {0};
 *         put_u8(&buf, 7);
 *         CHECK(buf.len == 1);
 *         CHECK_INT(buf.data[0], 7);
 *         buf_free(&buf);
 *     }
 *
 *     int main(void)
 *     {
 *         TEST("a buffer grows as it is written", grows);
 *         return selftest_end();
 *     }
 *
 * prints "ok   wire: a buffer ...", or "FAIL wire: a buffer ..." and below it
 * what was expected and seen. A test goes on after a failed check.
 */
#ifndef CONCLAVE_SELFTEST_H
#define CONCLAVE_SELFTEST_H

#include <stdbool.h>
#include <stdint.h>

#define TEST(claim, fn) selftest_run(__FILE__, (claim), (fn))

#define CHECK(condition) \
    selftest_check((condition), __FILE__, __LINE__, #condition)
#define CHECK_INT(seen, expected)                                      \
    selftest_check_int((int64_t)(seen), (int64_t)(expected), __FILE__, \
                       __LINE__, #seen)
#define CHECK_TEXT(seen, expected) \
    selftest_check_text((seen), (expected), __FILE__, __LINE__, #seen)

/* Runs one test and prints its line. */
void selftest_run(const char *file, const char *claim, void (*fn)(void));

/* The program's exit status: 0 if every test passed. */
int selftest_end(void);

/* A number from 0 to below, the same sequence in every run. */
uint32_t selftest_random(uint32_t below);

void selftest_check(bool holds, const char *file, int line, const char *what);
void selftest_check_int(int64_t seen, int64_t expected, const char *file,
                        int line, const char *what);
void selftest_check_text(const char *seen, const char *expected,
                         const char *file, int line, const char *what);

#endif
