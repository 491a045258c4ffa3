/*
 * Orders the proxy about through its control socket.
 * Base: reference
 * World: real
 * Finds: assembly
 */
#include "raw.h"

void attack(void)
{
    struct {
        unsigned short family;
        char path[64];
    } to = {1 /* AF_UNIX */, "../proxy"};
    long fd = raw(SYS_socket, 1, 1, 0, 0, 0);

    if (fd >= 0 && raw(SYS_connect, fd, (long)&to, sizeof to, 0, 0) == 0)
        raw_say(2, "the proxy listens to me\n");
}
