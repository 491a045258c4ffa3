/*
 * The same with libc's functions, which the simulator answers.
 * World: sim
 * Finds: called exit\(0\)
 * Shows: called exit\(0\)
 */
#include <stdlib.h>

#include "raw.h"

void attack(void)
{
    exit(0);
}
