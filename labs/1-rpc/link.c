/*
 * link.c - Lab 1, part A: streams become links, bytes become frames.
 *
 * The invariant: dialled[peer] is the newest link that we dialled to a peer,
 * up or on its way; there is always one. When it ends, the next is asked for at
 * once, and the host waits as long as it should between attempts.
 */
#include "link.h"

#include <stdlib.h>

void link_start(void)
{
    /* Your code here. */
}

struct link *link_to(int peer)
{
    /* Your code here. */
    (void)peer;
    return NULL;
}

struct buf *link_begin(enum frame_type type, uint16_t method, uint64_t call_id,
                       size_t payload_len)
{
    /* Your code here. */
    static struct buf out;
    (void)type;
    (void)method;
    (void)call_id;
    (void)payload_len;
    buf_clear(&out);
    return &out;
}

int link_send(struct link *link)
{
    /* Your code here. */
    (void)link;
    return RPC_UNREACHABLE;
}

void link_close(struct link *link)
{
    /* Your code here. */
    (void)link;
}

void rpc_stream_up(uint64_t stream, int peer, bool is_dialled)
{
    /* Your code here. */
    (void)stream;
    (void)peer;
    (void)is_dialled;
}

void rpc_stream_bytes(uint64_t stream, struct bytes bytes)
{
    /* Your code here. */
    (void)stream;
    (void)bytes;
}

void rpc_stream_down(uint64_t stream)
{
    /* Your code here. */
    (void)stream;
}
