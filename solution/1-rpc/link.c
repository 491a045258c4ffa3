/*
 * link.c - Lab 1, part A: streams become links, bytes become frames.
 *
 * The invariant: dialled[peer] is the newest link that we dialled to a peer,
 * up or on its way; there is always one. When it ends, the next is asked for at
 * once, and the host waits as long as it should between attempts.
 */
#include "link.h"

#include <stdlib.h>

// BEGIN SOLUTION:
static struct list links = {&links, &links}; /* all but self */
static struct link *dialled[MAX_NODES];      /* ours, by peer */
static struct link self;                     /* to this node itself */
static struct buf out;                       /* the frame begun last */

static void link_init(struct link *link, uint64_t stream, int peer,
                      bool is_dialled)
{
    *link = (struct link){
        .stream = stream, .peer = peer, .is_dialled = is_dialled};
    list_init(&link->calls);
    list_init(&link->servings);
    list_init(&link->all);
}

static struct link *link_new(uint64_t stream, int peer, bool is_dialled)
{
    struct link *link = malloc(sizeof *link);

    if (!link)
        node_fatal("out of memory: no room for one more stream");
    link_init(link, stream, peer, is_dialled);
    list_add(&links, &link->all);
    return link;
}

/* The link of a stream, or NULL: it has ended here. */
static struct link *link_find(uint64_t stream)
{
    list_each(at, &links) {
        struct link *link = list_entry(at, struct link, all);

        if (link->stream == stream)
            return link;
    }
    return NULL;
}

static void link_dial(int peer)
{
    dialled[peer] = link_new(stream_open(peer), peer, true);
}

/* The stream is gone: tell all that hangs on it, forget it, dial anew. */
static void link_end(struct link *link)
{
    call_on_link_end(link);
    serve_on_link_end(link);
    if (link->is_dialled)
        link_dial(link->peer);

    list_remove(&link->all);
    frame_reader_free(&link->reader);
    free(link);
}

static void on_frame(struct link *link, const struct frame *frame)
{
    switch (frame->type) {
    case FRAME_REQUEST:
        serve_on_request(link, frame);
        break;
    case FRAME_REPLY:
        call_on_reply(link, frame);
        break;
    case FRAME_CANCEL:
        serve_on_cancel(link, frame);
        break;
    case FRAME_PING:
        link_begin(FRAME_PONG, frame->method, frame->call_id, 0);
        link_send(link);
        break;
    case FRAME_PONG:
        call_on_pong(link, frame);
        break;
    }
}

/* Hands the frame that was begun to this node itself. */
static void send_to_self(void)
{
    struct buf taken = out; /* what follows may begin another frame */
    struct bytes bytes = buf_span(&taken);
    struct frame_reader reader = {0};
    struct frame frame;

    out = (struct buf){0};
    if (frame_next(&reader, &bytes, &frame) == 1)
        on_frame(&self, &frame);
    frame_reader_free(&reader);
    buf_free(&taken);
}

// END SOLUTION
void link_start(void)
{
    // BEGIN SOLUTION:
    // | /* Your code here. */
    const struct config *config = node_config();

    link_init(&self, 0, node_id(), false);
    self.is_up = true;
    for (int i = 0; i < config->node_count; i++)
        if (config->nodes[i].id != node_id())
            link_dial(config->nodes[i].id);
    // END SOLUTION
}

struct link *link_to(int peer)
{
    // BEGIN SOLUTION:
    // | /* Your code here. */
    // | (void)peer;
    // | return NULL;
    if (peer == node_id())
        return &self;
    if (peer < 0 || peer >= MAX_NODES || !dialled[peer])
        return NULL;
    return dialled[peer]->is_up ? dialled[peer] : NULL;
    // END SOLUTION
}

struct buf *link_begin(enum frame_type type, uint16_t method, uint64_t call_id,
                       size_t payload_len)
{
    // BEGIN SOLUTION:
    // | /* Your code here. */
    // | static struct buf out;
    // | (void)type;
    // | (void)method;
    // | (void)call_id;
    // | (void)payload_len;
    // | buf_clear(&out);
    // | return &out;
    buf_clear(&out);
    frame_put_header(&out, type, method, call_id, payload_len);
    return &out;
    // END SOLUTION
}

int link_send(struct link *link)
{
    // BEGIN SOLUTION:
    // | /* Your code here. */
    // | (void)link;
    // | return RPC_UNREACHABLE;
    if (link == &self) {
        send_to_self();
        return OK;
    }
    if (stream_write(link->stream, buf_span(&out)) != OK)
        return RPC_UNREACHABLE;
    return OK;
    // END SOLUTION
}

void link_close(struct link *link)
{
    // BEGIN SOLUTION:
    // | /* Your code here. */
    // | (void)link;
    stream_close(link->stream);
    link_end(link);
    // END SOLUTION
}

void rpc_stream_up(uint64_t stream, int peer, bool is_dialled)
{
    // BEGIN SOLUTION:
    // | /* Your code here. */
    // | (void)stream;
    // | (void)peer;
    // | (void)is_dialled;
    struct link *link = is_dialled ? link_find(stream)
                                   : link_new(stream, peer, false);

    if (link)
        link->is_up = true;
    // END SOLUTION
}

void rpc_stream_bytes(uint64_t stream, struct bytes bytes)
{
    // BEGIN SOLUTION:
    // | /* Your code here. */
    // | (void)stream;
    // | (void)bytes;
    struct link *link = link_find(stream);
    struct frame frame;
    int got;

    if (!link)
        return;
    while ((got = frame_next(&link->reader, &bytes, &frame)) == 1)
        on_frame(link, &frame);
    if (got == BAD_BYTES) {
        LOG("rpc", "node %d sent bytes that are no frame: stream closed",
            link->peer);
        link_close(link);
    }
    // END SOLUTION
}

void rpc_stream_down(uint64_t stream)
{
    // BEGIN SOLUTION:
    // | /* Your code here. */
    // | (void)stream;
    struct link *link = link_find(stream);

    if (link)
        link_end(link);
    // END SOLUTION
}
