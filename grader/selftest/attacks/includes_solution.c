/*
 * Includes the reference, and the hidden tests as data.
 * World: sim
 * Builds: no
 * Finds: includes .*solution
 * Shows: No such file|Permission denied|file not found
 */
#include "@KIT@/solution/1-rpc/rpc.c"

#include "raw.h"

__asm__(".section .rodata\n.incbin \"@KIT@/solution/hidden/1-rpc/tests.py\"");

void attack(void)
{
}
