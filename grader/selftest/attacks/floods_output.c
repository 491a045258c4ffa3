/*
 * Prints for ever.
 * World: sim real
 * Finds: flooded|assembly
 */
#include "raw.h"

void attack(void)
{
    static char text[65536];

    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\n';
    for (;;)
        raw(SYS_write, 2, (long)text, sizeof text, 0, 0);
}
