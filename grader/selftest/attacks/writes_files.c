/*
 * Writes over a file of the instructor's, and its own score into others.
 * World: sim real
 * Finds: stopped by the sandbox: (open\(\)|unlink)|assembly
 */
#include "raw.h"

void attack(void)
{
    static const char *const paths[] = {SENTINEL, SENTINEL ".new",
                                        "../result.json"};

    for (int i = 0; i < 3; i++) {
        raw(SYS_write, raw_open(paths[i], O_WRONLY | O_CREAT | O_APPEND),
            (long)"score 38\n", 9, 0, 0);
        if (i == 0)
            raw(SYS_unlinkat, AT_FDCWD, (long)paths[i], 0, 0, 0);
    }
}
