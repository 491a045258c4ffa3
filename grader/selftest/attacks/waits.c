/*
 * The same by a call that every node may make.
 * World: sim
 * Finds: slept in the middle|assembly
 * Shows: slept in the middle
 * Slow: yes
 */
#include "raw.h"

void attack(void)
{
    static int never;

    raw(SYS_futex, (long)&never, 0, 0, 0, 0);
}
