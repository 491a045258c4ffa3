/*
 * Leaves a process behind that nobody's group holds.
 * World: sim real
 * Finds: stopped by the sandbox|assembly
 */
#include "raw.h"

void attack(void)
{
    if (raw_fork() != 0)
        return;
    raw(SYS_setsid, 0, 0, 0, 0, 0);
    if (raw_fork() != 0)
        raw(SYS_exit_group, 0, 0, 0, 0, 0);
    for (;;)
        raw(SYS_sched_yield, 0, 0, 0, 0, 0);
}
