/*
 * Takes all the memory there is, past malloc().
 * World: sim real
 * Finds: asked for more than \d+ MB|assembly
 * Shows: asked for more than \d+ MB of memory
 */
#include "raw.h"

void attack(void)
{
    for (;;) {
        /* Private and anonymous, to be read and written. */
        long at = raw(SYS_mmap, 0, 64 << 20, 3, 0x22, -1);

        if (at < 0 && at > -4096)
            continue;
        memset((void *)at, 1, 64 << 20);
    }
}
