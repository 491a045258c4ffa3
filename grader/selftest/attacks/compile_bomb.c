/*
 * Makes the compiler write four gigabytes.
 * World: sim
 * Builds: no
 * Shows: compiler|File size|too large|limit|error
 */
#include "raw.h"

static const char bomb[1UL << 32] = {1};

void attack(void)
{
    raw_say(2, bomb);
}
