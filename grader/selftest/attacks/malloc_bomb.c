/*
 * Takes all the memory there is by malloc(), in small pieces.
 * World: sim real
 * Finds: asked for more than \d+ MB
 * Shows: asked for more than \d+ MB of memory
 */
#include <stdlib.h>

#include "raw.h"

void attack(void)
{
    for (;;) {
        char *more = malloc(1 << 20);

        if (more != NULL)
            memset(more, 1, 1 << 20);
    }
}
