/*
 * main.c - the proxy's options, its start and its end. See proxy.h.
 */
#define _GNU_SOURCE /* for uv.h */

#include <inttypes.h>
#include <netdb.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proxy.h"
#include "relay.h"

#define USAGE_STATUS      2   /* bad options */
#define FAILED_STATUS     1   /* it could not start */
#define MAX_ADDRESS_BYTES 80  /* "host:port", with its NUL */
#define MAX_PATH_BYTES    100 /* of the control socket; the system's limit */

static const char usage[] =
    "usage: proxy --control PATH --seed N --cluster C "
    "--node ID=LISTEN,TARGET ...\n"
    "\n"
    "Relays the streams between the nodes of a cluster, and spoils them on\n"
    "command. Peers dial node ID at LISTEN; the node itself listens at "
    "TARGET.\n"
    "PATH is the socket for commands, N the seed of all chance, C the\n"
    "cluster's number. The header of grader/proxy/control.h lists the\n"
    "commands.\n";

__attribute__((format(printf, 2, 3))) static _Noreturn void die(
    int status, const char *format, ...)
{
    va_list args;

    fputs("proxy: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputs("\n", stderr);
    exit(status);
}

uint64_t proxy_now_us(const struct proxy *proxy)
{
    return (uv_hrtime() - proxy->zero_ns) / 1000;
}

int proxy_place(const struct proxy *proxy, int id)
{
    for (int i = 0; i < proxy->count; i++) {
        if (proxy->nodes[i].id == id)
            return i;
    }
    return -1;
}

void proxy_judge(struct proxy *proxy)
{
    struct violation violation;

    while (check_found(&proxy->check, &violation))
        record_violation(proxy, &violation);
}

void proxy_close(struct proxy *proxy)
{
    if (proxy->is_closing)
        return;
    proxy->is_closing = true;
    relay_reset(proxy, -1, -1);
    while (proxy->streams != NULL)
        stream_close(proxy->streams, true); /* those without a preface */
    for (int i = 0; i < proxy->count; i++)
        uv_close((uv_handle_t *)&proxy->nodes[i].listener, NULL);
    control_close(proxy);
    for (int i = 0; i < 2; i++)
        uv_close((uv_handle_t *)&proxy->signals[i], NULL);
}

/* ---- options --------------------------------------------------------------*/

/* "host:port" or "[host]:port", which it takes apart. */
static void read_address(const char *option, char *text,
                         struct sockaddr_storage *address)
{
    char *colon = strrchr(text, ':');
    char *host = text;
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_NUMERICSERV};
    struct addrinfo *found;
    int error;

    if (colon == NULL || colon[1] == '\0')
        die(USAGE_STATUS,
            "--node %s: an address is host:port, as in "
            "127.0.0.1:7001",
            option);
    *colon = '\0';
    if (host[0] == '[' && colon[-1] == ']') {
        host++;
        colon[-1] = '\0';
    }
    error = getaddrinfo(host, colon + 1, &hints, &found);
    if (error != 0)
        die(USAGE_STATUS, "--node %s: no such address: %s", option,
            gai_strerror(error));
    memcpy(address, found->ai_addr, found->ai_addrlen);
    freeaddrinfo(found);
}

/* ID=LISTEN,TARGET */
static void read_node(struct proxy *proxy, const char *option)
{
    char listen[MAX_ADDRESS_BYTES];
    char target[MAX_ADDRESS_BYTES];
    char extra;
    int id;

    if (sscanf(option, "%d=%79[^,],%79[^,]%c", &id, listen, target, &extra) !=
            3 ||
        id < 0)
        die(USAGE_STATUS,
            "--node %s: a node is ID=LISTEN,TARGET, as in "
            "1=127.0.0.1:7101,127.0.0.1:7001",
            option);
    if (proxy_place(proxy, id) >= 0)
        die(USAGE_STATUS, "--node %s: node %d is there twice", option, id);
    if (proxy->count == PROXY_MAX_NODES)
        die(USAGE_STATUS, "--node %s: a cluster has at most %d nodes", option,
            PROXY_MAX_NODES);
    proxy->nodes[proxy->count].id = id;
    proxy->nodes[proxy->count].proxy = proxy;
    read_address(option, listen, &proxy->nodes[proxy->count].listen);
    read_address(option, target, &proxy->nodes[proxy->count].target);
    proxy->count++;
}

static uint64_t read_number(const char *option, const char *text)
{
    uint64_t number;
    char extra;

    if (*text == '-' || sscanf(text, "%" SCNu64 "%c", &number, &extra) != 1)
        die(USAGE_STATUS, "%s %s: not a whole number", option, text);
    return number;
}

static void read_options(struct proxy *proxy, int argc, char **argv)
{
    uint64_t seed = 0;

    for (int i = 1; i < argc; i += 2) {
        const char *option = argv[i];
        const char *value = argv[i + 1]; /* NULL behind the last */

        if (strcmp(option, "--help") == 0) {
            fputs(usage, stdout);
            exit(0);
        }
        if (value == NULL)
            die(USAGE_STATUS, "%s needs a value\n%s", option, usage);
        if (strcmp(option, "--control") == 0)
            proxy->path = value;
        else if (strcmp(option, "--seed") == 0)
            seed = read_number(option, value);
        else if (strcmp(option, "--cluster") == 0)
            proxy->cluster = read_number(option, value);
        else if (strcmp(option, "--node") == 0)
            read_node(proxy, value);
        else
            die(USAGE_STATUS, "%s is no option\n%s", option, usage);
    }
    if (proxy->path == NULL || proxy->count == 0)
        die(USAGE_STATUS, "--control and at least one --node are needed\n%s",
            usage);
    if (strlen(proxy->path) > MAX_PATH_BYTES)
        die(USAGE_STATUS, "--control %s: a socket's path has at most %d bytes",
            proxy->path, MAX_PATH_BYTES);
    for (int a = 0; a < proxy->count; a++) {
        for (int b = 0; b < proxy->count; b++)
            link_init(&proxy->links[a][b], seed, proxy->nodes[a].id,
                      proxy->nodes[b].id);
    }
}

/* ---- life -----------------------------------------------------------------*/

static void on_signal(uv_signal_t *signal, int number)
{
    (void)number;
    proxy_close(signal->data);
}

static void start(struct proxy *proxy)
{
    const int numbers[] = {SIGTERM, SIGINT};
    int ids[PROXY_MAX_NODES];
    int error;

    signal(SIGPIPE, SIG_IGN);
    for (int i = 0; i < 2; i++) {
        uv_signal_init(proxy->loop, &proxy->signals[i]);
        proxy->signals[i].data = proxy;
        uv_signal_start(&proxy->signals[i], on_signal, numbers[i]);
    }
    for (int i = 0; i < proxy->count; i++) {
        ids[i] = proxy->nodes[i].id;
        error = relay_listen(&proxy->nodes[i]);
        if (error < 0)
            die(FAILED_STATUS,
                "cannot listen for node %d: %s; give it "
                "another LISTEN address",
                ids[i], uv_strerror(error));
    }
    proxy->check = check_new(ids, proxy->count);
    error = control_start(proxy);
    if (error < 0)
        die(FAILED_STATUS, "cannot listen at --control %s: %s", proxy->path,
            uv_strerror(error));
    puts("ready");
    fflush(stdout);
}

int main(int argc, char **argv)
{
    static struct proxy proxy;

    proxy.loop = uv_default_loop();
    proxy.zero_ns = uv_hrtime();
    read_options(&proxy, argc, argv);
    start(&proxy);
    uv_run(proxy.loop, UV_RUN_DEFAULT);
    uv_loop_close(proxy.loop);
    check_free(&proxy.check);
    record_free(&proxy.record);
    return 0;
}
