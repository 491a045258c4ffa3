/*
 * Writes lines of the simulator's record, and a score, to every descriptor that
 * it may have inherited.
 * World: sim real
 * Finds: stopped by the sandbox: write\(\)|assembly
 */
#include "raw.h"

void attack(void)
{
    for (int fd = 3; fd < 256; fd++) {
        raw_say(fd, "\nok 999999999\n");
        raw_say(fd, "PASS seed=1 hash=0000000000000000\n");
    }
}
