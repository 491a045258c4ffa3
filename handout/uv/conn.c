/*
 * conn.c - a TCP connection with a queue of bytes to send.
 */
#define _GNU_SOURCE

#include "conn.h"

#include <assert.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "outcome.h"
#include "uv_host.h"

static void flush(struct conn *conn);

static void on_shut(uv_shutdown_t *shutdown, int error)
{
    (void)shutdown;
    (void)error; /* if it failed, reading reports it */
}

static void on_closed(uv_handle_t *handle)
{
    struct conn *conn = handle->data;
    buf_free(&conn->out);
    buf_free(&conn->sending);
    free(conn);
}

/* Ends a connection now. It frees itself when libuv lets go of it. */
static void discard(struct conn *conn)
{
    conn->events = NULL;
    list_remove(&conn->all);
    list_remove(&conn->dirty);
    list_remove(&conn->lingering);
    if (!uv_is_closing((uv_handle_t *)&conn->tcp))
        uv_close((uv_handle_t *)&conn->tcp, on_closed);
}

/* A connection that broke is over for its owner, too. */
static void report_down(struct conn *conn)
{
    const struct conn_events *events = conn->events;
    conn->events = NULL;
    if (events)
        events->down(conn);
}

/*
 * Nobody owns the connection any more. Once all is sent, the other side is
 * told, and the connection goes when that has closed as well: closing before
 * all of its bytes are read would make the kernel reset the connection, and
 * the other side might lose what it has not read yet.
 */
static void finish(struct conn *conn)
{
    if (conn->is_broken ||
        (conn->has_ended && conn->out.len == 0 && !conn->is_writing)) {
        discard(conn);
    } else if (conn->out.len == 0 && !conn->is_writing && !conn->is_shut) {
        conn->is_shut = true;
        if (uv_shutdown(&conn->shutdown, (uv_stream_t *)&conn->tcp, on_shut) !=
            0)
            discard(conn);
    }
}

static void on_linger_timer(uv_timer_t *timer)
{
    struct host *host = timer->data;
    struct list *lingering = &host->conns.lingering;
    uint64_t now_ms = uv_now(host->loop);
    while (!list_empty(lingering)) {
        struct conn *oldest = list_entry(lingering->next, struct conn,
                                         lingering);
        uint64_t age_ms = now_ms - oldest->closed_ms;
        uint64_t linger_ms = host->conns.linger_ms;
        if (age_ms < linger_ms) {
            uv_timer_start(timer, on_linger_timer, linger_ms - age_ms, 0);
            return;
        }
        discard(oldest);
    }
}

/* Nobody will hear of this connection any more: it sends the rest and goes. */
static void linger(struct conn *conn)
{
    struct conns *conns = &conn->host->conns;
    conn->events = NULL;
    conn->closed_ms = uv_now(conn->host->loop);
    list_remove(&conn->lingering);
    list_add(&conns->lingering, &conn->lingering);
    if (!uv_is_active((uv_handle_t *)&conns->linger_timer))
        uv_timer_start(&conns->linger_timer, on_linger_timer, conns->linger_ms,
                       0);
    flush(conn);
}

void conn_close(struct conn *conn)
{
    if (conn->is_up)
        linger(conn);
    else
        discard(conn); /* still being dialled */
}

/* Writing failed. The reading side will soon say so, outside any upcall. */
static void set_broken(struct conn *conn)
{
    conn->is_broken = true;
    buf_free(&conn->out);
    int fd;
    if (uv_fileno((uv_handle_t *)&conn->tcp, &fd) == 0)
        shutdown(fd, SHUT_RDWR);
}

static void on_written(uv_write_t *write, int error)
{
    struct conn *conn = write->handle->data;
    if (uv_is_closing((uv_handle_t *)&conn->tcp))
        return;
    conn->is_writing = false;
    buf_clear(&conn->sending);
    if (error)
        set_broken(conn);
    flush(conn);
}

/* Hands what the socket did not take to libuv, which waits until it does. */
static void send_rest(struct conn *conn, size_t sent_bytes)
{
    struct buf empty = conn->sending;
    conn->sending = conn->out;
    conn->out = empty;
    uv_buf_t rest = uv_buf_init((char *)conn->sending.data + sent_bytes,
                                (unsigned)(conn->sending.len - sent_bytes));
    if (uv_write(&conn->write, (uv_stream_t *)&conn->tcp, &rest, 1,
                 on_written) == 0)
        conn->is_writing = true;
    else
        set_broken(conn);
}

/* Sends what is queued, as far as the socket takes it. */
static void flush(struct conn *conn)
{
    list_remove(&conn->dirty);
    if (conn->out.len > 0 && !conn->is_writing && !conn->is_broken) {
        uv_buf_t all = uv_buf_init((char *)conn->out.data,
                                   (unsigned)conn->out.len);
        int sent = uv_try_write((uv_stream_t *)&conn->tcp, &all, 1);
        if (sent == (int)conn->out.len)
            buf_clear(&conn->out);
        else if (sent >= 0 || sent == UV_EAGAIN)
            send_rest(conn, sent > 0 ? (size_t)sent : 0);
        else
            set_broken(conn);
        if (conn->out.len == 0 && conn->out.cap > CONN_KEEP_BYTES)
            buf_free(&conn->out);
    }
    if (!conn->events)
        finish(conn);
}

void conns_flush(struct host *host)
{
    while (!list_empty(&host->conns.dirty))
        flush(list_entry(host->conns.dirty.next, struct conn, dirty));
}

int conn_write(struct conn *conn, const void *data, size_t len,
               size_t max_bytes)
{
    size_t unsent_bytes = conn->out.len + uv_stream_get_write_queue_size(
                                              (uv_stream_t *)&conn->tcp);
    if (len > max_bytes || unsent_bytes > max_bytes - len)
        return TOO_LARGE;
    if (conn->is_broken)
        return OK; /* its end is about to be reported */
    put_bytes(&conn->out, bytes_of(data, len));
    if (list_empty(&conn->dirty))
        list_add(&conn->host->conns.dirty, &conn->dirty);
    return OK;
}

static void on_alloc(uv_handle_t *handle, size_t suggested_bytes, uv_buf_t *buf)
{
    (void)suggested_bytes;
    struct conn *conn = handle->data;
    *buf = uv_buf_init((char *)conn->host->conns.read_buffer, CONN_READ_BYTES);
}

static void on_read(uv_stream_t *stream, ssize_t len, const uv_buf_t *buf)
{
    struct conn *conn = stream->data;
    if (len > 0) {
        if (conn->events)
            conn->events->bytes(conn, (const uint8_t *)buf->base, (size_t)len);
        return;
    }
    if (len == 0)
        return; /* nothing there after all */
    uv_read_stop(stream);
    conn->has_ended = true;
    conn->is_broken = conn->is_broken || len != UV_EOF;
    report_down(conn);
    linger(conn);
}

/* Makes a connection that has no socket yet. */
static struct conn *conn_new(struct host *host,
                             const struct conn_events *events, void *owner)
{
    struct conn *conn = calloc(1, sizeof *conn);
    if (!conn)
        abort(); /* out of memory */
    uv_tcp_init(host->loop, &conn->tcp);
    conn->tcp.data = conn;
    conn->host = host;
    conn->events = events;
    conn->owner = owner;
    list_add(&host->conns.all, &conn->all);
    list_init(&conn->dirty);
    list_init(&conn->lingering);
    return conn;
}

static int begin_reading(struct conn *conn)
{
    conn->is_up = true;
    uv_tcp_nodelay(&conn->tcp, 1);
    return uv_read_start((uv_stream_t *)&conn->tcp, on_alloc, on_read);
}

static void on_connected(uv_connect_t *connect, int error)
{
    struct conn *conn = connect->handle->data;
    if (!conn->events)
        return; /* closed meanwhile */
    if (error == 0)
        error = begin_reading(conn);
    const struct conn_events *events = conn->events;
    if (error)
        conn->events = NULL;
    events->connected(conn, error);
    if (error)
        discard(conn);
}

struct conn *conn_dial(struct host *host, const struct sockaddr_storage *to,
                       const struct conn_events *events, void *owner)
{
    struct conn *conn = conn_new(host, events, owner);
    if (uv_tcp_connect(&conn->connect, &conn->tcp, (const struct sockaddr *)to,
                       on_connected) == 0)
        return conn;
    discard(conn);
    return NULL;
}

struct conn *conn_accept(struct host *host, uv_stream_t *listener,
                         const struct conn_events *events, void *owner)
{
    struct conn *conn = conn_new(host, events, owner);
    if (uv_accept(listener, (uv_stream_t *)&conn->tcp) == 0 &&
        begin_reading(conn) == 0)
        return conn;
    discard(conn);
    return NULL;
}

int conn_resolve(const char *text, struct sockaddr_storage *address)
{
    const char *colon = strrchr(text, ':');
    if (!colon)
        return UV_EINVAL;
    bool is_bracketed = text[0] == '[' && colon > text + 1 && colon[-1] == ']';
    char name[NI_MAXHOST];
    snprintf(name, sizeof name, "%.*s",
             (int)(colon - text) - (is_bracketed ? 2 : 0),
             text + (is_bracketed ? 1 : 0));
    struct addrinfo wanted = {.ai_socktype = SOCK_STREAM,
                              .ai_flags = AI_NUMERICSERV};
    struct addrinfo *found;
    if (getaddrinfo(name, colon + 1, &wanted, &found) != 0)
        return UV_EAI_NONAME;
    memcpy(address, found->ai_addr, found->ai_addrlen);
    freeaddrinfo(found);
    return 0;
}

int conn_listen(struct host *host, uv_tcp_t *listener, const char *address,
                uv_connection_cb on_connection)
{
    struct sockaddr_storage at;
    int error = conn_resolve(address, &at);
    if (error)
        return error;
    uv_tcp_init(host->loop, listener);
    listener->data = host;
    error = uv_tcp_bind(listener, (const struct sockaddr *)&at, 0);
    return error ? error
                 : uv_listen((uv_stream_t *)listener, CONN_BACKLOG,
                             on_connection);
}

void conns_start(struct host *host)
{
    struct conns *conns = &host->conns;
    list_init(&conns->all);
    list_init(&conns->dirty);
    list_init(&conns->lingering);
    conns->linger_ms = CONN_LINGER_MS;
    uv_timer_init(host->loop, &conns->linger_timer);
    conns->linger_timer.data = host;
    uv_unref((uv_handle_t *)&conns->linger_timer);
}

void conns_close(struct host *host)
{
    host->conns.linger_ms = CONN_EXIT_MS;
    uv_timer_start(&host->conns.linger_timer, on_linger_timer, CONN_EXIT_MS, 0);
    list_each(at, &host->conns.all) {
        struct conn *conn = list_entry(at, struct conn, all);
        if (conn->events)
            conn_close(conn);
    }
}
