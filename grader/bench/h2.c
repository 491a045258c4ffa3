/*
 * h2.c - a load on etcd, as load.c is one on stores that speak RESP.
 *
 *     h2 PORT CLIENTS REQUESTS VALUE_BYTES SET|GET
 *
 * Speaks as little as it takes of what etcd speaks: gRPC, which is HTTP/2 with
 * a message in each direction. Each of CLIENTS connections has one request
 * under way, Put or Range of a key drawn anew, and sends the next when the
 * answer has come. Prints what load.c prints.
 *
 * A request is two frames, each with nine bytes before it:
 *
 *     length u24 | type u8 | flags u8 | stream u32     (all big-endian)
 *     HEADERS  method, scheme, path, authority, content type, te
 *     DATA     0 u8 | length u32 | the message, in protobuf
 *
 * The answer is HEADERS, DATA, HEADERS: the last ones end the stream. Where the
 * DATA is missing, the answer is an error. Nothing is compressed by us, and
 * what etcd compresses is not looked at.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#define KEYS        100000
#define MAX_CLIENTS 1024
#define MAX_VALUE   4096 /* bytes of one */
#define READ_BYTES  (256 << 10)
#define HEAD_BYTES  9          /* of a frame */
#define MAX_FRAME   16384      /* bytes of its content */
#define WINDOW      0x3fffffff /* bytes that etcd may send unasked */

enum {
    DATA = 0,
    HEADERS = 1,
    RST_STREAM = 3,
    SETTINGS = 4,
    PING = 6,
    GOAWAY = 7,
    WINDOW_UPDATE = 8
};
enum { END_STREAM = 1, ACK = 1, END_HEADERS = 4 };

/* One connection. */
struct client {
    uv_tcp_t tcp;                         /* the connection */
    uv_connect_t connecting;              /* while it is made */
    uint64_t sent_at;                     /* when the request was written */
    uint32_t stream;                      /* the request's, an odd number */
    bool has_data;                        /* DATA has come for it */
    uint8_t part[HEAD_BYTES + MAX_FRAME]; /* a frame that is not whole yet */
    size_t part_len;                      /* bytes of it */
};

/* Bytes on their way out. */
struct out {
    uint8_t data[3 * MAX_VALUE]; /* the bytes */
    size_t len;                  /* how many */
};

static uv_loop_t *loop;
static struct client clients[MAX_CLIENTS];
static char read_memory[READ_BYTES];
static char value[MAX_VALUE]; /* what is written */
static size_t value_bytes;    /* its length */
static bool is_put;           /* SET, not GET */
static long wanted;           /* requests in all */
static long sent;             /* so far */
static long answered;         /* so far */
static long errors;           /* so far */
static uint32_t *took_us;     /* by answer */

static void check(int outcome, const char *what)
{
    if (outcome < 0) {
        fprintf(stderr, "h2: cannot %s: %s\n", what, uv_strerror(outcome));
        exit(1);
    }
}

/* ---- Bytes --------------------------------------------------------------- */

static void put(struct out *out, const void *data, size_t len)
{
    memcpy(out->data + out->len, data, len);
    out->len += len;
}

static void put_number(struct out *out, uint32_t number, int bytes)
{
    while (bytes-- > 0)
        out->data[out->len++] = (uint8_t)(number >> (8 * bytes));
}

static void put_head(struct out *out, size_t len, int type, int flags,
                     uint32_t stream)
{
    put_number(out, (uint32_t)len, 3);
    put_number(out, (uint32_t)type, 1);
    put_number(out, (uint32_t)flags, 1);
    put_number(out, stream, 4);
}

/* HPACK's literal that nobody remembers; its length fits into seven bits. */
static void put_text(struct out *out, const char *text)
{
    put_number(out, (uint32_t)strlen(text), 1);
    put(out, text, strlen(text));
}

static void put_headers(struct out *out, uint32_t stream)
{
    struct out block = {.len = 0};

    put(&block, "\x83\x86\x04", 3); /* POST, http, and the path that follows */
    put_text(&block,
             is_put ? "/etcdserverpb.KV/Put" : "/etcdserverpb.KV/Range");
    put(&block, "\x01", 1);
    put_text(&block, "localhost");
    put(&block, "\x0f\x10", 2); /* the content type */
    put_text(&block, "application/grpc");
    put(&block, "\x00", 1);
    put_text(&block, "te");
    put_text(&block, "trailers");
    put_head(out, block.len, HEADERS, END_HEADERS, stream);
    put(out, block.data, block.len);
}

/* A field of protobuf that holds bytes. */
static void put_field(struct out *out, int number, const char *data, size_t len)
{
    size_t left = len;

    put_number(out, (uint32_t)(number << 3 | 2), 1);
    for (; left > 127; left >>= 7) /* the length, seven bits at a time */
        put_number(out, (uint32_t)(left & 127) | 128, 1);
    put_number(out, (uint32_t)left, 1);
    put(out, data, len);
}

static void put_message(struct out *out, uint32_t stream)
{
    static uint64_t random = 88172645463325252u;
    struct out message = {.len = 0};
    char key[24];

    random ^= random << 13; /* xorshift64, by George Marsaglia */
    random ^= random >> 7;
    random ^= random << 17;
    int len = snprintf(key, sizeof key, "key:%08d", (int)(random % KEYS));
    put_field(&message, 1, key, (size_t)len);
    if (is_put)
        put_field(&message, 2, value, value_bytes);
    put_head(out, message.len + 5, DATA, END_STREAM, stream);
    put_number(out, 0, 1); /* not compressed */
    put_number(out, (uint32_t)message.len, 4);
    put(out, message.data, message.len);
}

/* ---- Requests and answers ------------------------------------------------ */

static void send_out(struct client *client, const struct out *out)
{
    uv_buf_t buf = uv_buf_init((char *)out->data, (unsigned)out->len);

    if (uv_try_write((uv_stream_t *)&client->tcp, &buf, 1) == (int)out->len)
        return;
    fprintf(stderr, "h2: a request did not fit into the socket's buffer\n");
    exit(1);
}

static void send_request(struct client *client)
{
    struct out out = {.len = 0};

    if (sent == wanted)
        return;
    sent++;
    client->stream += 2;
    client->has_data = false;
    client->sent_at = uv_hrtime();
    put_headers(&out, client->stream);
    put_message(&out, client->stream);
    send_out(client, &out);
}

static void count_answer(struct client *client, bool is_good)
{
    took_us[answered++] = (uint32_t)((uv_hrtime() - client->sent_at) / 1000);
    if (!is_good && errors++ == 0)
        fprintf(stderr, "h2: etcd refuses a request\n");
    if (answered == wanted)
        uv_stop(loop);
    send_request(client);
}

/* A whole frame has come; its content lies behind its head. */
static void take_frame(struct client *client, const uint8_t *frame, size_t len)
{
    int type = frame[3], flags = frame[4];
    struct out out = {.len = 0};

    if (type == DATA && len > 0) {
        client->has_data = true;
    } else if (type == HEADERS && (flags & END_STREAM)) {
        count_answer(client, client->has_data);
    } else if (type == RST_STREAM) {
        count_answer(client, false);
    } else if (type == SETTINGS && !(flags & ACK)) {
        put_head(&out, 0, SETTINGS, ACK, 0);
        send_out(client, &out);
    } else if (type == PING && !(flags & ACK)) {
        put_head(&out, len, PING, ACK, 0);
        put(&out, frame + HEAD_BYTES, len);
        send_out(client, &out);
    } else if (type == GOAWAY) {
        fprintf(stderr, "h2: etcd ends the connection\n");
        exit(1);
    }
}

static void on_read(uv_stream_t *stream, ssize_t len, const uv_buf_t *buf)
{
    struct client *client = stream->data;

    check((int)len, "read");
    for (ssize_t at = 0; at < len; at++) {
        client->part[client->part_len++] = (uint8_t)buf->base[at];
        if (client->part_len < HEAD_BYTES)
            continue;
        const uint8_t *part = client->part;
        size_t content = (size_t)part[0] << 16 | (size_t)part[1] << 8 | part[2];
        if (content > MAX_FRAME) {
            fprintf(stderr, "h2: a frame of %zu bytes\n", content);
            exit(1);
        }
        if (client->part_len == HEAD_BYTES + content) {
            client->part_len = 0;
            take_frame(client, part, content);
        }
    }
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    (void)handle;
    (void)suggested;
    *buf = uv_buf_init(read_memory, READ_BYTES);
}

static void on_connected(uv_connect_t *connecting, int status)
{
    struct client *client = connecting->data;
    struct out out = {.len = 0};

    check(status, "connect");
    uv_tcp_nodelay(&client->tcp, 1);
    check(uv_read_start((uv_stream_t *)&client->tcp, on_alloc, on_read),
          "read");
    put(&out, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 24);
    put_head(&out, 0, SETTINGS, 0, 0);
    put_head(&out, 4, WINDOW_UPDATE, 0, 0);
    put_number(&out, WINDOW, 4);
    send_out(client, &out);
    client->stream = (uint32_t)-1; /* the first is 1 */
    send_request(client);
}

/* ---- The run ------------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;

    return x < y ? -1 : x > y;
}

static void connect_all(long count, int port)
{
    struct sockaddr_in address;

    uv_ip4_addr("127.0.0.1", port, &address);
    for (long i = 0; i < count; i++) {
        struct client *client = &clients[i];
        uv_tcp_init(loop, &client->tcp);
        client->tcp.data = client->connecting.data = client;
        check(uv_tcp_connect(&client->connecting, &client->tcp,
                             (const struct sockaddr *)&address, on_connected),
              "connect");
    }
}

int main(int argc, char **argv)
{
    if (argc != 6 || (strcmp(argv[5], "SET") && strcmp(argv[5], "GET"))) {
        fprintf(stderr,
                "usage: h2 PORT CLIENTS REQUESTS VALUE_BYTES SET|GET\n");
        return 2;
    }
    long count = strtol(argv[2], NULL, 10);
    wanted = strtol(argv[3], NULL, 10);
    value_bytes = strtoul(argv[4], NULL, 10);
    is_put = strcmp(argv[5], "SET") == 0;
    if (count < 1 || count > MAX_CLIENTS || wanted < 1 ||
        value_bytes > MAX_VALUE) {
        fprintf(stderr, "h2: a number is out of range\n");
        return 2;
    }
    memset(value, 'v', sizeof value);
    took_us = calloc((size_t)wanted, sizeof *took_us);
    loop = uv_default_loop();
    uint64_t started = uv_hrtime();
    connect_all(count, atoi(argv[1]));
    uv_run(loop, UV_RUN_DEFAULT);
    uint64_t total_us = (uv_hrtime() - started) / 1000;
    qsort(took_us, (size_t)wanted, sizeof *took_us, compare);
    printf("%ld %llu %u %u %ld\n", wanted, (unsigned long long)total_us,
           took_us[wanted / 2], took_us[wanted * 99 / 100], errors);
    return 0;
}
