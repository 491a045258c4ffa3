/*
 * Connects to every port of this machine but those that it was told of.
 * Base: reference
 * World: real
 * Finds: assembly
 */
#include "raw.h"

void attack(void)
{
    for (unsigned port = 1024; port < 65536; port++) {
        struct {
            unsigned short family;
            unsigned char port[2];
            unsigned char host[4];
            char zeros[8];
        } to = {2,
                {(unsigned char)(port >> 8), (unsigned char)port},
                {127, 0, 0, 1},
                {0}};
        long fd = raw(SYS_socket, 2, 1, 0, 0, 0);

        if (raw(SYS_connect, fd, (long)&to, sizeof to, 0, 0) == 0)
            raw_say(2, "a port has answered\n");
        raw(SYS_close, fd, 0, 0, 0, 0);
    }
}
