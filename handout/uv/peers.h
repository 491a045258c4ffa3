/*
 * peers.h - the streams between this node and its peers.
 *
 * A stream that this node opens goes from WAITING to DIALLING and back until
 * a dial succeeds; then the preface is sent and the node hears stream_up. A
 * stream that a peer dialled is GREETING until its preface has been read.
 *
 *     stream_open                        a peer connects
 *         |                                   |
 *      WAITING <--dial failed-- DIALLING   GREETING --bad preface--> closed
 *         |________backoff_________^  |       |
 *                                     +-> UP <+
 */
#ifndef CONCLAVE_UV_PEERS_H
#define CONCLAVE_UV_PEERS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <uv.h>

#include "config.h"
#include "ids.h"
#include "list.h"

#define MAX_STREAMS         1024 /* of one node, in whatever state */
#define MAX_GREETINGS       64   /* connections without a preface yet */
#define DIAL_BACKOFF_MIN_MS 10   /* pause after the first failed dial */
#define DIAL_BACKOFF_MAX_MS 500  /* longest pause; it doubles up to here */
#define DIAL_LIMIT_MS       2000 /* a dial that takes longer has failed */
#define DIAL_PROVEN_MS      1000 /* a stream that lives so long was good */

struct host;

/* One other node of the cluster. */
struct peer {
    const struct config_node *node;  /* its line of the configuration */
    struct host *host;               /* whose peer it is */
    struct sockaddr_storage address; /* where to dial it */
    struct list unready;             /* streams WAITING or DIALLING */
    uv_timer_t timer;                /* when one of those needs attention */
    uint32_t backoff_ms;             /* latest pause; 0: all is well */
    uint64_t dial_at_ms;             /* no dial before this time of the loop */
};

/* All of them. */
struct peers {
    uv_tcp_t listener;                 /* where peers dial this node */
    struct peer peer[MAX_NODES];       /* the others, in the order of ids */
    int count;                         /* how many */
    struct ids streams;                /* every stream that has a number */
    struct id_slot slots[MAX_STREAMS]; /* of streams */
    struct list greetings;             /* streams GREETING; oldest first */
    size_t greeting_count;             /* how many */
};

/* Listens and prepares. Returns 0, or -1 with a sentence in error. */
int peers_start(struct host *host, char *error, size_t error_bytes);

/* Neither listens nor dials any more. */
void peers_stop(struct host *host);

/* The door's functions: see host.h. */
uint64_t peers_open(struct host *host, int id);
int peers_write(struct host *host, uint64_t stream, const void *data,
                size_t len);
void peers_close(struct host *host, uint64_t stream);

#endif
