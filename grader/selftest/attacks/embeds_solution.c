/*
 * Takes the reference, and a file of the instructor's, as data while it is
 * assembled, and prints them.
 * World: sim
 * Builds: no
 * Finds: assembly
 * Shows: not found|not find|No such file|Permission denied
 */
#include "raw.h"

__asm__(".data\ntaken: .incbin \"@SENTINEL@\"\ntaken_end: .byte 0\n.text");
extern const char taken[];

void attack(void)
{
    raw_say(2, taken);
}
