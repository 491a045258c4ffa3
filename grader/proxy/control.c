/*
 * control.c - control clients: their lines in, answers and the record out. See
 * control.h.
 */
#define _GNU_SOURCE /* for uv.h */

#include "control.h"

#include <stdlib.h>
#include <string.h>

#include "../net/alloc.h"
#include "proxy.h"
#include "relay.h"

#define MAX_UNSENT_BYTES (64u << 20) /* then the client's commands wait */

static void on_read(uv_stream_t *pipe, ssize_t nread, const uv_buf_t *buf);

static size_t unsent(const struct control_client *client)
{
    return client->out.len + client->sending.len;
}

bool control_is_behind(const struct proxy *proxy)
{
    const struct control_client *watcher = proxy->control.watcher;

    return watcher != NULL && unsent(watcher) > RECORD_BEHIND_BYTES;
}

static void on_client_closed(uv_handle_t *handle)
{
    struct control_client *client = handle->data;

    text_free(&client->out);
    text_free(&client->sending);
    free(client);
}

static void close_client(struct control_client *client)
{
    struct control *control = &client->proxy->control;
    struct control_client **link = &control->clients;

    if (uv_is_closing((uv_handle_t *)&client->pipe))
        return;
    while (*link != client)
        link = &(*link)->next;
    *link = client->next;
    control->count--;
    if (control->watcher == client)
        control->watcher = NULL;
    uv_close((uv_handle_t *)&client->pipe, on_client_closed);
}

/* A client has gone by itself. */
static void lose_client(struct control_client *client)
{
    struct proxy *proxy = client->proxy;

    close_client(client);
    if (proxy->control.count == 0)
        proxy_close(proxy);
}

static void on_alloc(uv_handle_t *handle, size_t size, uv_buf_t *buf)
{
    static char space[CONTROL_MAX_LINE];

    (void)handle;
    (void)size;
    *buf = uv_buf_init(space, sizeof(space));
}

static void set_reading(struct control_client *client, bool wanted)
{
    if (wanted == client->is_reading)
        return;
    client->is_reading = wanted;
    if (wanted)
        uv_read_start((uv_stream_t *)&client->pipe, on_alloc, on_read);
    else
        uv_read_stop((uv_stream_t *)&client->pipe);
}

/* A whole line, without its end, NUL-ended in client->line. */
static void obey(struct control_client *client)
{
    const char *error;

    if (client->is_too_long)
        error = "a command must be shorter than 8192 bytes";
    else
        error = command_obey(client, client->line);
    if (error == NULL)
        text_add(&client->out, "ok\n");
    else
        text_add(&client->out, "error %s\n", error);
    client->line_len = 0;
    client->is_too_long = false;
}

static void on_read(uv_stream_t *pipe, ssize_t nread, const uv_buf_t *buf)
{
    struct control_client *client = pipe->data;

    if (nread < 0) {
        lose_client(client);
        return;
    }
    for (ssize_t i = 0; i < nread; i++) {
        char c = buf->base[i];

        if (c == '\n') {
            client->line[client->line_len] = '\0';
            obey(client);
        } else if (client->line_len + 1 == CONTROL_MAX_LINE) {
            client->is_too_long = true;
        } else if (c != '\r' && c != '\0') {
            client->line[client->line_len++] = c;
        }
    }
    if (unsent(client) > MAX_UNSENT_BYTES)
        set_reading(client, false);
}

static void on_written(uv_write_t *write, int status)
{
    struct control_client *client = write->data;
    struct proxy *proxy = client->proxy;

    client->sending.len = 0;
    if (uv_is_closing((uv_handle_t *)&client->pipe))
        return;
    if (status < 0) {
        lose_client(client);
        return;
    }
    set_reading(client, unsent(client) <= MAX_UNSENT_BYTES);
    if (client == proxy->control.watcher)
        relay_update_reading(proxy);
}

/* Before the loop waits: sends what this turn has written. */
static void on_flush(uv_prepare_t *prepare)
{
    struct proxy *proxy = prepare->data;
    struct control_client *next;

    for (struct control_client *client = proxy->control.clients; client != NULL;
         client = next) {
        struct text empty = client->sending;
        uv_buf_t buf;

        next = client->next;
        if (client->out.len == 0 || client->sending.len > 0)
            continue;
        client->sending = client->out;
        client->out = empty;
        buf = uv_buf_init(client->sending.data, (unsigned)client->sending.len);
        if (uv_write(&client->write, (uv_stream_t *)&client->pipe, &buf, 1,
                     on_written) < 0)
            lose_client(client);
    }
}

static void on_client(uv_stream_t *listener, int status)
{
    struct proxy *proxy = listener->data;
    struct control *control = &proxy->control;
    struct control_client *client;

    if (status < 0)
        return;
    client = alloc_new(sizeof(*client));
    client->proxy = proxy;
    client->write.data = client;
    uv_pipe_init(proxy->loop, &client->pipe, 0);
    client->pipe.data = client;
    client->next = control->clients;
    control->clients = client;
    control->count++;
    if (uv_accept(listener, (uv_stream_t *)&client->pipe) < 0 ||
        control->count > CONTROL_MAX_CLIENTS) {
        close_client(client);
        return;
    }
    uv_timer_stop(&control->nobody);
    set_reading(client, true);
}

static void on_nobody(uv_timer_t *timer)
{
    proxy_close(timer->data);
}

int control_start(struct proxy *proxy)
{
    struct control *control = &proxy->control;
    int error;

    uv_pipe_init(proxy->loop, &control->listener, 0);
    uv_prepare_init(proxy->loop, &control->flush);
    uv_timer_init(proxy->loop, &control->nobody);
    control->listener.data = proxy;
    control->flush.data = proxy;
    control->nobody.data = proxy;
    error = uv_pipe_bind(&control->listener, proxy->path);
    if (error == 0)
        error = uv_listen((uv_stream_t *)&control->listener,
                          CONTROL_MAX_CLIENTS, on_client);
    uv_prepare_start(&control->flush, on_flush);
    uv_timer_start(&control->nobody, on_nobody, CONTROL_FIRST_CLIENT_MS, 0);
    return error;
}

void control_close(struct proxy *proxy)
{
    struct control *control = &proxy->control;

    while (control->clients != NULL)
        close_client(control->clients);
    uv_close((uv_handle_t *)&control->listener, NULL);
    uv_close((uv_handle_t *)&control->flush, NULL);
    uv_close((uv_handle_t *)&control->nobody, NULL);
}
