/*
 * Takes the signal that a refused call brings, and goes on to the next; then
 * has the signal ignored.
 * World: real
 * Finds: stopped by the sandbox|assembly
 * Real: stopped by the sandbox: it called the system for what no node needs
 */
#define _POSIX_C_SOURCE 200809L
#include <signal.h>

#include "raw.h"

static void go_on(int number)
{
    (void)number;
}

void attack(void)
{
    struct sigaction taken = {.sa_handler = go_on};
    struct sigaction ignored = {.sa_handler = SIG_IGN};
    long parent = raw(SYS_getppid, 0, 0, 0, 0, 0);

    sigaction(SIGSYS, &taken, NULL);
    raw(SYS_kill, parent, 9, 0, 0, 0);
    raw(SYS_kill, -1, 9, 0, 0, 0);
    if (raw(SYS_shmget, 0x5EED, 4096, 01666, 0, 0) == 0)
        raw_say(2, "shared memory is here\n");
    sigaction(SIGSYS, &ignored, NULL);
    raw_fork();
    raw_fork();
}
