/*
 * Gives its peers a piece of memory, so that they agree without a network.
 * World: sim real
 * Finds: stopped by the sandbox|assembly
 * Real: stopped by the sandbox: shmget\(\) is not for nodes
 */
#include "raw.h"

void attack(void)
{
    long id = raw(SYS_shmget, 0x5EED, 4096, 01666, 0, 0);

    if (id >= 0)
        raw_say(2, "shared memory is here\n");
}
