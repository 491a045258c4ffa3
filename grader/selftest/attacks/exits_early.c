/*
 * Ends the process with status 0, as if all were well.
 * World: sim real
 * Finds: assembly|status 0
 */
#include "raw.h"

void attack(void)
{
    raw(SYS_exit_group, 0, 0, 0, 0, 0);
}
