/*
 * proxy.h - the network of a real cluster: a proxy between its nodes.
 *
 *     proxy --control PATH --seed N --cluster C --node ID=LISTEN,TARGET ...
 *
 * Peers dial a node at its LISTEN address; the proxy reads the preface, which
 * names the dialler, dials the node at its TARGET, and relays:
 *
 *     node 1 --dials--> LISTEN of 2 [proxy] --dials--> TARGET of 2, node 2
 *              flow 1->2, link 1->2 ---->
 *              <---- flow 2->1, link 2->1
 *
 *     main.c     options, start, end         flow.c     one direction of a
 *     relay.c    streams: preface, dial, end             stream: handing over
 *     control.c  control clients, lines      flow_in.c  the same: taking in
 *     command.c  what their commands do      outbox.c   bytes before a socket
 *     record.c   what was seen, as lines     text.c     growing text
 *
 * One thread; time is microseconds of a monotonic clock since the start.
 */
#ifndef CONCLAVE_PROXY_H
#define CONCLAVE_PROXY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <uv.h>

#include "../check/check.h"
#include "../net/link.h"
#include "control.h"
#include "record.h"

#define PROXY_MAX_NODES CHECK_MAX_NODES /* in a cluster */

struct stream;

/* A node of the cluster, in its place. */
struct proxy_node {
    int id;                         /* its id */
    struct sockaddr_storage listen; /* where its peers dial it */
    struct sockaddr_storage target; /* where it really listens */
    uv_tcp_t listener;              /* bound to listen */
    struct proxy *proxy;            /* the one */
};

/* Everything. */
struct proxy {
    uv_loop_t *loop;                          /* the event loop */
    uint64_t zero_ns;                         /* uv_hrtime at the start */
    uint64_t cluster;                         /* the cluster's number */
    const char *path;                         /* of the control socket */
    int count;                                /* nodes */
    struct proxy_node nodes[PROXY_MAX_NODES]; /* by place */
    struct link links[PROXY_MAX_NODES][PROXY_MAX_NODES]; /* from, to: places */
    struct check check;                                  /* the invariants */
    struct stream *streams; /* those open, latest first */
    int stream_count;       /* how many */
    uint64_t last_stream;   /* number of the latest stream */
    uint64_t last_frame;    /* number of the latest frame */
    struct record record;   /* what was seen */
    struct control control; /* who may command */
    uv_signal_t signals[2]; /* SIGTERM, SIGINT */
    bool is_closing;        /* the end has begun */
};

/* Microseconds since the start. Asks the clock each time. */
uint64_t proxy_now_us(const struct proxy *proxy);

/* The place of a node's id, or -1. */
int proxy_place(const struct proxy *proxy, int id);

/* Records what the checker has found since the last time. */
void proxy_judge(struct proxy *proxy);

/* Closes everything, so that the loop ends. */
void proxy_close(struct proxy *proxy);

#endif
