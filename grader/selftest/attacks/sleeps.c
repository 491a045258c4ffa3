/*
 * Waits for ever in the middle of an upcall, and uses no time of the processor.
 * World: sim
 * Finds: stopped by the sandbox|assembly
 */
#include "raw.h"

void attack(void)
{
    static const long week[2] = {604800, 0};

    raw(SYS_nanosleep, (long)week, 0, 0, 0, 0);
}
