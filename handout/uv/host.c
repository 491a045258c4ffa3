/*
 * host.c - start, the door's functions, signals, drain.
 */
#define _GNU_SOURCE

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "folder.h"
#include "outcome.h"
#include "trace.h"
#include "uv_host.h"
#include "watch.h"

#define MAX_CONFIG_BYTES      (1u << 20)   /* of the configuration file */
#define MAX_DESCRIPTION_BYTES (256u << 10) /* of what SIGUSR1 shows */

/* ---- Upcalls ----------------------------------------------------------- */

void host_enter(struct host *host)
{
    assert(!(host->upcalls & 1));
    host->upcalls++;
}

/* The node wants to end: everything is closed, then the loop runs out. */
static void end(struct host *host)
{
    host->ending = true;
    clock_stop(host);
    host_disk_stop(&host->disk);
    peers_stop(host);
    clients_stop(host);
    conns_close(host);
}

/* Before anything leaves that they are behind. */
static void write_acts(struct host *host)
{
    char sentence[MAX_SENTENCE];
    int code = acts_flush(&host->acts);
    if (code == 0)
        return;
    snprintf(sentence, sizeof sentence,
             "its acts cannot be written to the data folder: %s",
             strerror(code));
    host_fatal(host, sentence);
}

void host_leave(struct host *host)
{
    host->upcalls++;
    write_acts(host);
    conns_flush(host);
    clock_arm(host);
    trace_flush();
    if (host->stopped && !host->ending)
        end(host);
}

/* ---- The door: see host.h ---------------------------------------------- */

static uint64_t now_us(struct host *host)
{
    return clock_now_us(&host->clock);
}

static int64_t wall_us(struct host *host)
{
    return clock_wall_us(&host->clock);
}

uint64_t host_random(struct host *host)
{
    /* splitmix64, by Sebastiano Vigna (public domain) */
    uint64_t z = host->random_state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static void set_alarm(struct host *host, uint64_t at_us)
{
    host->clock.alarm_us = at_us; /* clock_arm sees to it */
}

static void issue_disk(struct host *host, const struct disk_op *op)
{
    host_disk_issue(&host->disk, op);
}

static void on_disk_done(void *arg, uint64_t token, int outcome,
                         const void *data, size_t len, uint64_t size)
{
    struct host *host = arg;
    host_enter(host);
    host->node->disk_done(token, outcome, data, len, size);
    host_leave(host);
}

static void apply(struct host *host, uint64_t index, uint64_t term,
                  const void *data, size_t len)
{
    acts_add(&host->acts, ACT_APPLY, index, term, data, len);
}

static void snapshot(struct host *host, uint64_t index, uint64_t term,
                     const void *data, size_t len)
{
    acts_add(&host->acts, ACT_SNAPSHOT, index, term, data, len);
}

static void restore(struct host *host, uint64_t index, uint64_t term,
                    const void *data, size_t len)
{
    acts_add(&host->acts, ACT_RESTORE, index, term, data, len);
}

static void trace(struct host *host, const char *topic, uint64_t term,
                  const char *text)
{
    (void)host;
    trace_line(topic, term, text);
}

static void stopped(struct host *host)
{
    host->stopped = true; /* host_leave sees to it */
}

void host_fatal(struct host *host, const char *sentence)
{
    trace_flush();
    fprintf(stderr, "node %d: %s\n", host->self->id, sentence);
    _exit(EXIT_FATAL);
}

static const struct host_ops host_ops = {
    .now_us = now_us,
    .wall_us = wall_us,
    .random = host_random,
    .stream_open = peers_open,
    .stream_write = peers_write,
    .stream_close = peers_close,
    .alarm = set_alarm,
    .disk = issue_disk,
    .client_write = clients_write,
    .client_close = clients_close,
    .apply = apply,
    .snapshot = snapshot,
    .restore = restore,
    .trace = trace,
    .stopped = stopped,
    .fatal = host_fatal,
};

/* ---- Signals ----------------------------------------------------------- */

/* The first time: drain. The second time somebody means it. */
static void on_end_signal(uv_signal_t *handle, int number)
{
    struct host *host = handle->data;
    if (host->draining) {
        trace_flush();
        signal(number, SIG_DFL);
        raise(number);
        return;
    }
    host->draining = true;
    host_enter(host);
    host->node->shut_down();
    host_leave(host);
}

static void on_describe_signal(uv_signal_t *handle, int number)
{
    (void)number;
    struct host *host = handle->data;
    char *text = malloc(MAX_DESCRIPTION_BYTES);
    if (!text)
        abort(); /* out of memory */
    text[0] = '\0';
    host->node->describe(text, MAX_DESCRIPTION_BYTES);
    trace_flush();
    fputs(text, stderr);
    free(text);
}

static void on_jump_signal(uv_signal_t *handle, int number)
{
    (void)number;
    struct host *host = handle->data;
    int64_t offset_ms;
    if (folder_take_wall_offset(host->folder_fd, &offset_ms) == 0)
        clock_set_wall(host, offset_ms * 1000);
}

/* Handles a signal in the loop, without keeping the loop alive. */
static void listen_to(struct host *host, uv_signal_t *handle, int number,
                      uv_signal_cb on_signal)
{
    uv_signal_init(host->loop, handle);
    handle->data = host;
    uv_signal_start(handle, on_signal, number);
    uv_unref((uv_handle_t *)handle);
}

static void start_signals(struct host *host)
{
    signal(SIGPIPE, SIG_IGN); /* a write says so itself */
    signal(SIGXFSZ, SIG_IGN); /* a write says so itself */
    listen_to(host, &host->sigterm, SIGTERM, on_end_signal);
    listen_to(host, &host->sigint, SIGINT, on_end_signal);
    listen_to(host, &host->sigusr1, SIGUSR1, on_describe_signal);
    listen_to(host, &host->sigusr2, SIGUSR2, on_jump_signal);
}

/* ---- Start ------------------------------------------------------------- */

/* Every client is a file descriptor; take as many as we may. */
static void raise_file_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    rlim_t wanted = MAX_OPEN_FILES < limit.rlim_max ? MAX_OPEN_FILES
                                                    : limit.rlim_max;
    if (limit.rlim_cur < wanted) {
        limit.rlim_cur = wanted;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

/* The whole file, NUL-ended, or NULL with a sentence in error. */
static char *read_config(const char *path, char *error, size_t error_bytes)
{
    FILE *file = fopen(path, "re");
    if (!file) {
        snprintf(error, error_bytes, "configuration %s: %s", path,
                 strerror(errno));
        return NULL;
    }
    char *text = malloc(MAX_CONFIG_BYTES + 1);
    if (!text)
        abort(); /* out of memory */
    size_t len = fread(text, 1, MAX_CONFIG_BYTES + 1, file);
    bool is_bad = ferror(file) || len > MAX_CONFIG_BYTES ||
                  memchr(text, '\0', len) != NULL;
    fclose(file);
    if (is_bad) {
        snprintf(error, error_bytes,
                 "configuration %s is no text of at most %u bytes", path,
                 MAX_CONFIG_BYTES);
        free(text);
        return NULL;
    }
    text[len] = '\0';
    return text;
}

/* Reads the configuration and finds this node in it. 0, or -1 and why. */
static int understand(struct host *host, const struct host_options *options,
                      const char *text, char *error, size_t error_bytes)
{
    char why[MAX_CONFIG_ERROR];
    if (config_parse(text, &host->config, why) != OK) {
        snprintf(error, error_bytes, "configuration %s: %s", options->config,
                 why);
        return -1;
    }
    host->self = config_find(&host->config, options->id);
    if (!host->self) {
        snprintf(error, error_bytes, "configuration %s has no node %d",
                 options->config, options->id);
        return -1;
    }
    return 0;
}

/* Everything up to the first upcall. 0, or -1 with a sentence in error. */
static int start(struct host *host, const struct host_options *options,
                 const char *text, char *error, size_t error_bytes)
{
    host->loop = uv_default_loop();
    raise_file_limit();
    if (uv_random(NULL, NULL, &host->random_state, sizeof host->random_state, 0,
                  NULL) != 0)
        host->random_state = uv_hrtime(); /* a kernel without randomness */
    trace_start(options->id, options->log_zero_us ? options->log_zero_us
                                                  : uv_hrtime() / 1000);
    if (understand(host, options, text, error, error_bytes) != 0)
        return -1;
    int folder_fd = folder_open(options->data, error, error_bytes);
    if (folder_fd < 0)
        return -1;
    host->folder_fd = folder_fd;
    if (folder_count_start(folder_fd, options->incarnation, &host->incarnation,
                           error, error_bytes) != 0 ||
        host_disk_open(&host->disk, host->loop, folder_fd, on_disk_done, host,
                       error, error_bytes) != 0)
        return -1;
    if (options->has_acts &&
        acts_open(&host->acts, folder_fd, host->incarnation, error,
                  error_bytes) != 0)
        return -1;
    conns_start(host);
    clock_start(host, options->clock_rate, options->wall_offset_ms * 1000);
    if (peers_start(host, error, error_bytes) != 0 ||
        clients_start(host, error, error_bytes) != 0)
        return -1;
    start_signals(host);
    watch_start(host->node, &host->upcalls);
    return 0;
}

int host_run(const struct node_ops *node, const struct host_options *options)
{
    static struct host host; /* large, and a process has one */
    char error[MAX_SENTENCE];
    host.node = node;
    assert(node->version == HOST_DOOR_VERSION);
    char *text = read_config(options->config, error, sizeof error);
    if (!text || start(&host, options, text, error, sizeof error) != 0) {
        trace_flush();
        fprintf(stderr, "node %d: %s\n", options->id, error);
        free(text);
        return EXIT_START;
    }
    struct node_args args = {
        .id = options->id, .incarnation = host.incarnation, .config = text};
    host_enter(&host);
    node->start(&host_ops, &host, &args);
    host_leave(&host);
    free(text);
    puts("ready");
    fflush(stdout);
    uv_run(host.loop, UV_RUN_DEFAULT);
    trace_flush();
    return 0;
}
