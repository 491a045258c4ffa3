/*
 * Runs before anybody has looked: while it is loaded.
 * World: sim real
 * Finds: before or outside of the node
 */
#include "raw.h"

__attribute__((constructor)) static void early(void)
{
    raw_say(3, "ok 1\n");
    raw(SYS_write, raw_open(SENTINEL, O_WRONLY | O_APPEND), (long)"x", 1, 0, 0);
    raw(SYS_kill, raw(SYS_getppid, 0, 0, 0, 0, 0), 9, 0, 0, 0);
}

void attack(void)
{
}
