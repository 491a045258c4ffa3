/*
 * Doubles itself for ever.
 * World: sim real
 * Finds: stopped by the sandbox|assembly
 * Real: stopped by the sandbox: clone\(\) is not for nodes
 */
#include "raw.h"

void attack(void)
{
    for (;;)
        raw_fork();
}
