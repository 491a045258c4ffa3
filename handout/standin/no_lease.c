/*
 * no_lease.c - the lease stage of labs 3 to 5: there are no leases. Voters vote
 * as Figure 2 says, and every read asks a majority.
 */
#include "lease.h"

void lease_start(void)
{
}

bool lease_holds(void)
{
    return false;
}
