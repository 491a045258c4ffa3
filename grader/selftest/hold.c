/*
 * hold.c - see hold.h.
 */
#include "hold.h"

#include "client.h"
#include "co.h"
#include "outcome.h"
#include "selftest.h"

static int waiting; /* commands that wait now */
static int ended;   /* commands that have waited */

static void await_hold(struct client_request *request)
{
    int64_t ms = 0;

    CHECK_INT(resp_to_int(request->argv[1], &ms), OK);
    waiting++;
    await_sleep((uint32_t)ms);
    waiting--;
    ended++;
    resp_int(request->reply, ms);
}

void hold_start(void)
{
    client_command("HOLD", 2, 2, await_hold);
}

int hold_waiting(void)
{
    return waiting;
}

int hold_ended(void)
{
    return ended;
}
