/*
 * Doubles itself for ever.
 * World: sim real
 * Finds: stopped by the sandbox|assembly
 */
#include "raw.h"

void attack(void)
{
    for (;;)
        raw_fork();
}
