/*
 * Behaves in the simulated world and not in the real one: it reads in its
 * configuration which of them it is in.
 * Base: reference
 * World: both
 * Shows: status 0|ended by itself
 */
#include "config.h"
#include "node.h"
#include "raw.h"

void attack(void)
{
    if (strncmp(node_config()->nodes[0].listen, "sim:", 4) != 0)
        raw(SYS_exit_group, 0, 0, 0, 0, 0);
}
