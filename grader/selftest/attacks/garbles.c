/*
 * Puts bytes of its own into whatever its descriptors lead to, all the time:
 * clients, streams to other nodes, files.
 * Base: reference
 * World: real
 * Finds: assembly
 * Shows: .
 */
#include "co.h"
#include "raw.h"

static void garble(void *unused)
{
    static uint32_t state = 1;
    static unsigned char text[512];

    (void)unused;
    while (await_sleep(3) == 0) {
        for (size_t i = 0; i < sizeof text; i++) {
            state = state * 1664525u + 1013904223u;
            text[i] = (unsigned char)(state >> 24);
        }
        for (int fd = 3; fd < 64; fd++)
            raw(SYS_write, fd, (long)text, (long)sizeof text, 0, 0);
    }
}

void attack(void)
{
    co_spawn("garble", garble, NULL);
}
