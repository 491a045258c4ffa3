/*
 * Calls a function of the simulator's that no node is offered.
 * World: sim
 * Builds: no
 * Finds: world_kill
 * Shows: world_kill
 */
#include "raw.h"

extern void world_kill(void *world, int id);

void attack(void)
{
    world_kill(NULL, 1);
}
