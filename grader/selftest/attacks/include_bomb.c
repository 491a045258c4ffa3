/*
 * Makes the compiler read itself for ever.
 * World: sim
 * Builds: no
 * Shows: nested|compiler|memory
 */
#include __FILE__
#include __FILE__

void attack(void)
{
}
