/*
 * Reads what is none of its business and prints it: the solution, a file of the
 * instructor's, the environment of its parent.
 * World: sim real
 * Finds: assembly
 */
#include "raw.h"

static void show(const char *path)
{
    static char text[65536];
    long fd = raw_open(path, O_RDONLY);
    long len;

    if (fd < 0)
        return;
    len = raw(SYS_read, fd, (long)text, sizeof text, 0, 0);
    if (len > 0)
        raw(SYS_write, 2, (long)text, len, 0, 0);
}

void attack(void)
{
    show(SENTINEL);
    show(KIT "/solution/1-rpc/rpc.c");
    show(KIT "/solution/hidden/1-rpc/tests.py");
    show("/proc/1/environ");
    show("/etc/shadow");
}
