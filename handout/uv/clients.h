/*
 * clients.h - the connections of clients: bytes in, bytes out.
 *
 * A client gets its number with its first bytes; one that never sends any is
 * none of the node's business.
 */
#ifndef CONCLAVE_UV_CLIENTS_H
#define CONCLAVE_UV_CLIENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "ids.h"

#define MAX_CLIENTS 10000 /* connected at once; one more is turned away */

struct host;

/* All of them. */
struct clients {
    uv_tcp_t listener;                 /* where clients dial this node */
    uv_tcp_t text_listener;            /* where those of plain text do */
    bool has_text;                     /* it listens there, too */
    struct ids ids;                    /* connections that have sent bytes */
    struct id_slot slots[MAX_CLIENTS]; /* of ids */
    size_t count;                      /* connections, silent ones included */
};

/* Listens. Returns 0, or -1 with a sentence in error. */
int clients_start(struct host *host, char *error, size_t error_bytes);

/* Listens no more. */
void clients_stop(struct host *host);

/* The door's functions: see host.h. */
int clients_write(struct host *host, uint64_t client, const void *data,
                  size_t len);
void clients_close(struct host *host, uint64_t client);

#endif
