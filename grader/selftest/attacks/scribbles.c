/*
 * Writes over whatever memory can be written behind its own globals.
 * World: sim
 * Shows: crashed
 */
#include "raw.h"

static char here;

void attack(void)
{
    for (volatile char *at = &here;; at++)
        *at = 0x5A;
}
