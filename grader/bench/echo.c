/*
 * echo.c - the measure that the RPC is held against: a bare libuv echo.
 *
 *     echo server PORT
 *     echo client PORT IN_FLIGHT MESSAGES
 *
 * Messages are as large as the benchmark's RPC frames. Each is written by a
 * write of its own, on both sides. The client prints one line:
 * messages, microseconds in all, and the median and 99th percentile of the
 * round trips in microseconds.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#define MESSAGE_BYTES 100         /* as a frame with a 64-byte body */
#define READ_BYTES    (256 << 10) /* of one read */

static uv_loop_t *loop;
static uv_tcp_t listener;
static uv_tcp_t stream;
static uv_connect_t connecting;
static char read_memory[READ_BYTES];
static char message[MESSAGE_BYTES];
static size_t arrived; /* bytes of a message that is not yet whole */

static long wanted;       /* messages to send in all */
static long sent;         /* so far */
static long received;     /* so far */
static uint64_t started;  /* nanoseconds */
static uint64_t *sent_at; /* by message, nanoseconds */
static uint64_t *took;    /* by message, nanoseconds */

static void check(int outcome, const char *what)
{
    if (outcome < 0) {
        fprintf(stderr, "echo: cannot %s: %s\n", what, uv_strerror(outcome));
        exit(1);
    }
}

static void free_write(uv_write_t *write, int status)
{
    check(status, "write");
    free(write);
}

/* One message, one write. */
static void send_message(void)
{
    uv_buf_t buf = uv_buf_init(message, MESSAGE_BYTES);

    if (uv_try_write((uv_stream_t *)&stream, &buf, 1) == MESSAGE_BYTES)
        return;
    uv_write_t *write = calloc(1, sizeof *write);
    check(uv_write(write, (uv_stream_t *)&stream, &buf, 1, free_write),
          "write");
}

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

static void report(void)
{
    uint64_t total = uv_hrtime() - started;

    qsort(took, (size_t)wanted, sizeof *took, by_value);
    printf("%ld %.0f %.1f %.1f\n", wanted, (double)total / 1e3,
           (double)took[wanted / 2] / 1e3,
           (double)took[wanted * 99 / 100] / 1e3);
    exit(0);
}

static void client_send(void)
{
    sent_at[sent++] = uv_hrtime();
    send_message();
}

static void client_got(void)
{
    took[received] = uv_hrtime() - sent_at[received];
    received++;
    if (sent < wanted)
        client_send();
    else if (received == wanted)
        report();
}

static void on_alloc(uv_handle_t *handle, size_t size, uv_buf_t *buf)
{
    (void)handle;
    (void)size;
    *buf = uv_buf_init(read_memory, sizeof read_memory);
}

static void on_read(uv_stream_t *from, ssize_t got, const uv_buf_t *buf)
{
    (void)from;
    (void)buf;
    if (got == UV_EOF)
        exit(0);
    check((int)got, "read");
    arrived += (size_t)got;
    for (; arrived >= MESSAGE_BYTES; arrived -= MESSAGE_BYTES) {
        if (wanted > 0)
            client_got();
        else
            send_message();
    }
}

static void on_client(uv_stream_t *server, int status)
{
    check(status, "listen");
    check(uv_tcp_init(loop, &stream), "make a socket");
    check(uv_accept(server, (uv_stream_t *)&stream), "accept");
    uv_tcp_nodelay(&stream, 1);
    check(uv_read_start((uv_stream_t *)&stream, on_alloc, on_read), "read");
}

static void on_connect(uv_connect_t *connect, int status)
{
    long in_flight = (long)(intptr_t)connect->data;

    check(status, "connect");
    uv_tcp_nodelay(&stream, 1);
    check(uv_read_start((uv_stream_t *)&stream, on_alloc, on_read), "read");
    started = uv_hrtime();
    for (long i = 0; i < in_flight && sent < wanted; i++)
        client_send();
}

int main(int argc, char **argv)
{
    struct sockaddr_in address;

    if (argc != 3 && argc != 5) {
        fprintf(stderr, "usage: echo server PORT\n"
                        "       echo client PORT IN_FLIGHT MESSAGES\n");
        return 2;
    }
    loop = uv_default_loop();
    uv_ip4_addr("127.0.0.1", atoi(argv[2]), &address);
    if (argc == 3) {
        check(uv_tcp_init(loop, &listener), "make a socket");
        check(uv_tcp_bind(&listener, (struct sockaddr *)&address, 0), "bind");
        check(uv_listen((uv_stream_t *)&listener, 8, on_client), "listen");
        puts("ready");
        fflush(stdout);
    } else {
        wanted = atol(argv[4]);
        sent_at = calloc((size_t)wanted, sizeof *sent_at);
        took = calloc((size_t)wanted, sizeof *took);
        connecting.data = (void *)(intptr_t)atol(argv[3]);
        check(uv_tcp_init(loop, &stream), "make a socket");
        check(uv_tcp_connect(&connecting, &stream, (struct sockaddr *)&address,
                             on_connect),
              "connect");
    }
    return uv_run(loop, UV_RUN_DEFAULT);
}
