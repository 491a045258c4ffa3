/*
 * Starts itself anew with another library before libc's, and another loader.
 * World: sim real
 * Finds: stopped by the sandbox|assembly
 */
#include "raw.h"

void attack(void)
{
    static const char *const words[] = {"node", "--help", NULL};
    static const char *const env[] = {"LD_PRELOAD=" SENTINEL, "LD_DEBUG=all",
                                      NULL};

    raw(SYS_execve, (long)"/proc/self/exe", (long)words, (long)env, 0, 0);
    raw(SYS_execve, (long)"/bin/sh", (long)words, (long)env, 0, 0);
}
