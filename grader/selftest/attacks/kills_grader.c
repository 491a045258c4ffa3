/*
 * Kills whoever started it, and everybody else.
 * World: sim real
 * Finds: stopped by the sandbox|assembly
 * Real: stopped by the sandbox: kill\(\) is not for nodes
 */
#include "raw.h"

void attack(void)
{
    long parent = raw(SYS_getppid, 0, 0, 0, 0, 0);

    raw(SYS_kill, parent, 9, 0, 0, 0);
    raw(SYS_kill, -1, 9, 0, 0, 0);
    for (long pid = 2; pid < 4000000; pid++)
        raw(SYS_kill, pid, 9, 0, 0, 0);
}
