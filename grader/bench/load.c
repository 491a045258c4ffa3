/*
 * load.c - a load of RESP commands, and how fast they are answered.
 *
 *     load PORT CLIENTS PIPELINE REQUESTS VALUE_BYTES WORD ...
 *
 * Each of CLIENTS connections to 127.0.0.1 keeps PIPELINE requests unanswered,
 * written together, until REQUESTS are answered in all. A WORD that is @ stands
 * for a value of VALUE_BYTES, one that is # for a key, one of KEYS drawn anew
 * each time. Prints one line: requests, microseconds in all, median and 99th
 * percentile of a request's time in microseconds, and how many were answered by
 * an error (and, on stderr, the first of these).
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#define KEYS          100000
#define MAX_CLIENTS   1024
#define MAX_VALUE     (32 << 10) /* bytes of one */
#define READ_BYTES    (256 << 10)
#define MAX_REPLY     4096 /* bytes of a part of a reply that is looked at */
#define MAX_KEY_BYTES 24

/* One connection. */
struct client {
    uv_tcp_t tcp;            /* the connection */
    uv_connect_t connecting; /* while it is made */
    uint64_t sent_at;        /* when its last batch was written */
    long open;               /* requests unanswered */
    char line[MAX_REPLY];    /* a reply line that is not whole yet */
    size_t line_len;         /* bytes of it */
    long skip;               /* bytes of a bulk string still to come */
    long parts;              /* replies that an array still has to come */
};

static uv_loop_t *loop;
static struct client clients[MAX_CLIENTS];
static char read_memory[READ_BYTES];
static char *value;         /* what @ stands for */
static long value_bytes;    /* its length */
static size_t request_room; /* bytes that a request takes at most */
static char **words;        /* of the command */
static int word_count;      /* how many */
static long pipeline;       /* requests of a batch */
static long wanted;         /* requests in all */
static long sent;           /* so far */
static long answered;       /* so far */
static long errors;         /* so far */
static uint64_t started;    /* nanoseconds */
static uint32_t *took_us;   /* by answer */

static void check(int outcome, const char *what)
{
    if (outcome < 0) {
        fprintf(stderr, "load: cannot %s: %s\n", what, uv_strerror(outcome));
        exit(1);
    }
}

/* Writes one word as a bulk string; returns its end. */
static char *put_word(char *out, const char *word, long len)
{
    out += sprintf(out, "$%ld\r\n", len);
    memcpy(out, word, (size_t)len);
    memcpy(out + len, "\r\n", 2);
    return out + len + 2;
}

static char *put_request(char *out)
{
    static uint64_t random = 88172645463325252u;
    char key[MAX_KEY_BYTES];

    out += sprintf(out, "*%d\r\n", word_count);
    for (int i = 0; i < word_count; i++) {
        if (strcmp(words[i], "@") == 0) {
            out = put_word(out, value, value_bytes);
        } else if (strcmp(words[i], "#") == 0) {
            random ^= random << 13; /* xorshift64, by George Marsaglia */
            random ^= random >> 7;
            random ^= random << 17;
            int len = snprintf(key, sizeof key, "key:%08d",
                               (int)(random % KEYS));
            out = put_word(out, key, len);
        } else {
            out = put_word(out, words[i], (long)strlen(words[i]));
        }
    }
    return out;
}

/* Writes the next batch of a client. */
static void send_batch(struct client *client)
{
    long count = wanted - sent < pipeline ? wanted - sent : pipeline;

    if (count == 0)
        return;
    char *batch = malloc((size_t)count * request_room);
    char *end = batch;
    for (long i = 0; i < count; i++)
        end = put_request(end);
    sent += count;
    client->open = count;
    client->sent_at = uv_hrtime();

    uv_buf_t buf = uv_buf_init(batch, (unsigned)(end - batch));
    if (uv_try_write((uv_stream_t *)&client->tcp, &buf, 1) == end - batch) {
        free(batch);
        return;
    }
    fprintf(stderr, "load: a batch did not fit into the socket's buffer\n");
    exit(1);
}

/* A whole reply has come. */
static void count_answer(struct client *client)
{
    took_us[answered++] = (uint32_t)((uv_hrtime() - client->sent_at) / 1000);
    if (answered == wanted)
        uv_stop(loop);
    if (--client->open == 0)
        send_batch(client);
}

/* A line of a reply has come. */
static void take_line(struct client *client)
{
    const char *line = client->line;
    long number = strtol(line + 1, NULL, 10);

    if (line[0] == '-' && errors++ == 0)
        fprintf(stderr, "load: %s\n", line);
    if (line[0] == '*')
        client->parts += number; /* and the array itself counts as one */
    if (line[0] == '$' && number >= 0)
        client->skip = number + 2;
    else if (line[0] != '*' || number <= 0) {
        if (client->parts > 0)
            client->parts--;
        if (client->parts == 0)
            count_answer(client);
    }
}

/* The bytes of a bulk string have all come. */
static void take_bulk(struct client *client)
{
    if (client->parts > 0)
        client->parts--;
    if (client->parts == 0)
        count_answer(client);
}

static void on_read(uv_stream_t *stream, ssize_t len, const uv_buf_t *buf)
{
    struct client *client = stream->data;

    check((int)len, "read");
    for (ssize_t at = 0; at < len;) {
        if (client->skip > 0) {
            long part = len - at < client->skip ? (long)(len - at)
                                                : client->skip;
            client->skip -= part;
            at += part;
            if (client->skip == 0)
                take_bulk(client);
        } else if (buf->base[at] == '\n') {
            client->line[client->line_len] = '\0';
            client->line_len = 0;
            at++;
            take_line(client);
        } else {
            if (buf->base[at] != '\r' && client->line_len < MAX_REPLY - 1)
                client->line[client->line_len++] = buf->base[at];
            at++;
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

    check(status, "connect");
    uv_tcp_nodelay(&client->tcp, 1);
    check(uv_read_start((uv_stream_t *)&client->tcp, on_alloc, on_read),
          "read");
    send_batch(client);
}

static int compare(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;

    return x < y ? -1 : x > y;
}

int main(int argc, char **argv)
{
    if (argc < 7) {
        fprintf(stderr, "usage: load PORT CLIENTS PIPELINE REQUESTS "
                        "VALUE_BYTES WORD ...\n");
        return 2;
    }
    long client_count = strtol(argv[2], NULL, 10);
    struct sockaddr_in address;

    pipeline = strtol(argv[3], NULL, 10);
    wanted = strtol(argv[4], NULL, 10);
    value_bytes = strtol(argv[5], NULL, 10);
    words = argv + 6;
    word_count = argc - 6;
    if (client_count < 1 || client_count > MAX_CLIENTS || pipeline < 1 ||
        wanted < 1 || value_bytes < 0 || value_bytes > MAX_VALUE) {
        fprintf(stderr, "load: a number is out of range\n");
        return 2;
    }
    request_room = 32;
    for (int i = 0; i < word_count; i++)
        request_room += strlen(words[i]) + (size_t)value_bytes + 64;
    value = malloc((size_t)value_bytes + 1);
    memset(value, 'v', (size_t)value_bytes + 1);
    took_us = calloc((size_t)wanted, sizeof *took_us);
    loop = uv_default_loop();
    uv_ip4_addr("127.0.0.1", atoi(argv[1]), &address);
    started = uv_hrtime();
    for (long i = 0; i < client_count; i++) {
        struct client *client = &clients[i];
        uv_tcp_init(loop, &client->tcp);
        client->tcp.data = client->connecting.data = client;
        check(uv_tcp_connect(&client->connecting, &client->tcp,
                             (const struct sockaddr *)&address, on_connected),
              "connect");
    }
    uv_run(loop, UV_RUN_DEFAULT);
    uint64_t total_us = (uv_hrtime() - started) / 1000;
    qsort(took_us, (size_t)wanted, sizeof *took_us, compare);
    printf("%ld %llu %u %u %ld\n", wanted, (unsigned long long)total_us,
           took_us[wanted / 2], took_us[wanted * 99 / 100], errors);
    return 0;
}
