/*
 * Stops everybody, so that the run would hang: whoever started it, and itself.
 * World: sim real
 * Finds: stopped by the sandbox|assembly
 */
#include "raw.h"

void attack(void)
{
    long self = raw(SYS_getpid, 0, 0, 0, 0, 0);

    raw(SYS_tgkill, self, self, 19, 0, 0);
    raw(SYS_kill, -1, 19, 0, 0, 0);
}
