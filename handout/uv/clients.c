/*
 * clients.c - the connections of clients: bytes in, bytes out.
 */
#define _GNU_SOURCE

#include "clients.h"

#include <stdio.h>

#include "outcome.h"
#include "trace.h"
#include "uv_host.h"

static void forget(struct conn *conn)
{
    struct clients *clients = &conn->host->clients;
    clients->count--;
    if (conn->id)
        ids_remove(&clients->ids, conn->id);
}

static void take_bytes(struct conn *conn, enum client_port port,
                       const uint8_t *data, size_t len)
{
    struct host *host = conn->host;
    if (conn->id == 0)
        conn->id = ids_add(&host->clients.ids, conn);
    host_enter(host);
    host->node->client_bytes(conn->id, port, data, len);
    host_leave(host);
}

static void on_bytes(struct conn *conn, const uint8_t *data, size_t len)
{
    take_bytes(conn, PORT_RESP, data, len);
}

static void on_text(struct conn *conn, const uint8_t *data, size_t len)
{
    take_bytes(conn, PORT_TEXT, data, len);
}

static void on_down(struct conn *conn)
{
    struct host *host = conn->host;
    uint64_t id = conn->id;
    forget(conn);
    if (id == 0)
        return; /* the node has never heard of it */
    host_enter(host);
    host->node->client_closed(id);
    host_leave(host);
}

static const struct conn_events client_events = {NULL, on_bytes, on_down};
static const struct conn_events text_events = {NULL, on_text, on_down};

static void on_connection(uv_stream_t *listener, int error)
{
    struct host *host = listener->data;
    if (error)
        return;
    bool is_text = listener == (uv_stream_t *)&host->clients.text_listener;
    struct conn *conn = conn_accept(
        host, listener, is_text ? &text_events : &client_events, NULL);
    if (!conn)
        return;
    host->clients.count++;
    if (host->clients.count > MAX_CLIENTS) {
        trace_say("host", "turned a client away: there are %d", MAX_CLIENTS);
        forget(conn);
        conn_close(conn);
    }
}

int clients_write(struct host *host, uint64_t id, const void *data, size_t len)
{
    struct conn *conn = ids_get(&host->clients.ids, id);
    return conn ? conn_write(conn, data, len, MAX_CLIENT_QUEUE_BYTES)
                : NO_STREAM;
}

void clients_close(struct host *host, uint64_t id)
{
    struct conn *conn = ids_get(&host->clients.ids, id);
    if (!conn)
        return;
    forget(conn);
    conn_close(conn);
}

/* Listens at one of the ports. As clients_start. */
static int listen_at(struct host *host, uv_tcp_t *listener, const char *address,
                     char *error, size_t error_bytes)
{
    int code = conn_listen(host, listener, address, on_connection);
    if (code)
        snprintf(error, error_bytes,
                 "node %d cannot listen for clients at %s: %s", host->self->id,
                 address, uv_strerror(code));
    return code ? -1 : 0;
}

int clients_start(struct host *host, char *error, size_t error_bytes)
{
    struct clients *clients = &host->clients;
    clients->ids = (struct ids){.slots = clients->slots,
                                .slot_count = MAX_CLIENTS};
    if (listen_at(host, &clients->listener, host->self->client, error,
                  error_bytes) != 0)
        return -1;
    clients->has_text = host->self->text[0] != '\0';
    return clients->has_text ? listen_at(host, &clients->text_listener,
                                         host->self->text, error, error_bytes)
                             : 0;
}

void clients_stop(struct host *host)
{
    uv_close((uv_handle_t *)&host->clients.listener, NULL);
    if (host->clients.has_text)
        uv_close((uv_handle_t *)&host->clients.text_listener, NULL);
}
