/*
 * fake_app.c - what stands above the runtime in unit tests: nothing.
 */
#include "app.h"
#include "fake_host.h"
#include "node.h"
#include "rpc.h"

static int leader = NO_NODE; /* as told by fake_leader_is */

void fake_leader_is(int id)
{
    leader = id;
}

void app_start(void)
{
}

struct app_status app_status(void)
{
    return (struct app_status){.role = "none", .leader = leader};
}

void await_app_drain(void)
{
}

void rpc_stream_up(uint64_t stream, int peer, bool dialled)
{
    (void)stream;
    (void)peer;
    (void)dialled;
}

void rpc_stream_bytes(uint64_t stream, struct bytes bytes)
{
    (void)stream;
    (void)bytes;
}

void rpc_stream_down(uint64_t stream)
{
    (void)stream;
}
