/*
 * host_stream_play.h - plays the peer and the clients of a node, with plain
 * blocking sockets.
 *
 * start_node starts a process with the small node of host_stream_node.h as
 * node 1; this process is node 2. Checks that fail print `FAIL NAME, WHAT:
 * expected ..., saw ...`. Times are only ever checked from below: a slow
 * machine fails nothing.
 */
#ifndef CONCLAVE_HOST_STREAM_PLAY_H
#define CONCLAVE_HOST_STREAM_PLAY_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>

#include "../../handout/uv/preface.h"
#include "../../handout/uv/uv_host.h"
#include "host_stream_node.h"

#define LIMIT_S      20  /* no answer takes longer */
#define CLUSTER      7   /* the cluster's number */
#define MAX_PATH_LEN 128 /* of a file's path */

static const char *test;              /* which one runs */
static bool has_failed;               /* some check of it */
static char folder[MAX_PATH_LEN / 2]; /* of everything */
static int ports[3];                  /* listen, client, and the peer's */
static int peer_listener;             /* where the node dials peer 2 */
static pid_t process;                 /* the node's */
static FILE *lines;                   /* what it tells */

static inline void check(const char *what, const char *expected,
                         const char *saw)
{
    if (strcmp(expected, saw) == 0)
        return;
    printf("FAIL %s, %s: expected %s, saw %s\n", test, what, expected, saw);
    has_failed = true;
}

static inline void check_number(const char *what, long expected, long saw)
{
    char texts[2][32];
    snprintf(texts[0], sizeof texts[0], "%ld", expected);
    snprintf(texts[1], sizeof texts[1], "%ld", saw);
    check(what, texts[0], texts[1]);
}

/* The node's next line is this one. */
static inline void hear(const char *expected)
{
    char line[MAX_LINE_BYTES] = "the end\n";
    if (!fgets(line, sizeof line, lines))
        snprintf(line, sizeof line, "nothing more\n");
    line[strcspn(line, "\n")] = '\0';
    check("what the node tells", expected, line);
}

static inline struct sockaddr_in local(int port)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static inline int socket_with_limit(void)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct timeval limit = {.tv_sec = LIMIT_S};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    return fd;
}

/* Takes a port that is free. */
static inline int listen_anywhere(int *port)
{
    struct sockaddr_in at = local(0);
    socklen_t len = sizeof at;
    int fd = socket_with_limit();
    if (bind(fd, (struct sockaddr *)&at, sizeof at) != 0 ||
        listen(fd, 16) != 0 ||
        getsockname(fd, (struct sockaddr *)&at, &len) != 0) {
        perror("a port");
        exit(1);
    }
    *port = ntohs(at.sin_port);
    return fd;
}

static inline int dial(int port)
{
    struct sockaddr_in to = local(port);
    int fd = socket_with_limit();
    if (connect(fd, (struct sockaddr *)&to, sizeof to) != 0)
        check("dialling", "a connection", "none");
    return fd;
}

static inline int accept_dial(void)
{
    int fd = accept(peer_listener, NULL, NULL);
    struct timeval limit = {.tv_sec = LIMIT_S};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    if (fd < 0)
        check("being dialled", "a connection", "none");
    return fd;
}

static inline void reset(int fd)
{
    struct linger at_once = {.l_onoff = 1};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(fd);
}

/* Reads until len bytes or the end have come; how many came. */
static inline size_t receive(int fd, void *data, size_t len)
{
    size_t done = 0;
    while (done < len) {
        ssize_t n = recv(fd, (char *)data + done, len - done, 0);
        if (n <= 0)
            break;
        done += (size_t)n;
    }
    return done;
}

static inline void expect_bytes(int fd, const char *expected)
{
    char text[MAX_LINE_BYTES];
    text[receive(fd, text, strlen(expected))] = '\0';
    check("bytes", expected, text);
}

static inline void expect_end(int fd)
{
    char byte;
    check_number("bytes before the end", 0, (long)receive(fd, &byte, 1));
}

/* Counts the bytes up to the end. */
static inline size_t drain(int fd)
{
    static char data[1 << 16];
    size_t count = 0;
    for (ssize_t n; (n = recv(fd, data, sizeof data, 0)) > 0;)
        count += (size_t)n;
    return count;
}

static inline struct buf preface_to(uint32_t from, uint32_t to,
                                    uint64_t cluster)
{
    struct buf out = {0};
    put_preface(&out, &(struct preface){cluster, from, to, 1});
    return out;
}

/* Dials the node as a peer would. */
static inline int dial_as_peer(const char *first)
{
    struct buf out = preface_to(2, 1, CLUSTER);
    put_bytes(&out, bytes_text(first));
    int fd = dial(ports[0]);
    check_number("bytes sent", (long)out.len,
                 send(fd, out.data, out.len, MSG_NOSIGNAL));
    buf_free(&out);
    return fd;
}

static inline void send_text(int fd, const char *text)
{
    send(fd, text, strlen(text), MSG_NOSIGNAL);
}

/* The path of a file in the test's folder; valid until the next call. */
static inline const char *path_of(const char *name)
{
    static char path[MAX_PATH_LEN];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

/* Removes the test's folder and all in it. */
static inline void remove_folder(void)
{
    char command[MAX_PATH_LEN];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    if (system(command) != 0)
        printf("(%s is left behind)\n", folder);
}

/* In the child: never returns. */
static inline void run_node(int tell_fd)
{
    char config[MAX_PATH_LEN];
    char data[MAX_PATH_LEN];
    snprintf(config, sizeof config, "%s", path_of("config"));
    snprintf(data, sizeof data, "%s", path_of("data"));
    told = tell_fd;
    if (!freopen("/dev/null", "w", stdout) ||
        !freopen(path_of("errors"), "w", stderr))
        exit(2);
    struct host_options options = {
        .config = config, .data = data, .id = 1, .clock_rate = 1.0};
    exit(host_run(&node, &options));
}

static inline void write_config(void)
{
    FILE *file = fopen(path_of("config"), "w");
    if (!file)
        exit(2);
    fprintf(file,
            "cluster %d\n"
            "node 1 listen=127.0.0.1:%d dial=127.0.0.1:%d client=127.0.0.1:%d\n"
            "node 2 listen=127.0.0.1:1 dial=127.0.0.1:%d client=127.0.0.1:2\n",
            CLUSTER, ports[0], ports[0], ports[1], ports[2]);
    fclose(file);
}

static inline void try_to_start_node(void)
{
    int pipe_fds[2];
    close(listen_anywhere(&ports[0]));
    close(listen_anywhere(&ports[1]));
    peer_listener = listen_anywhere(&ports[2]);
    write_config();
    fflush(stdout);
    if (pipe(pipe_fds) != 0)
        exit(2);
    process = fork();
    if (process == 0) {
        close(pipe_fds[0]);
        close(peer_listener);
        run_node(pipe_fds[1]);
    }
    close(pipe_fds[1]);
    lines = fdopen(pipe_fds[0], "r");
}

/* Waits for the node's end: its exit code, or 1000 and its signal. */
static inline int end_node(void)
{
    int status;
    waitpid(process, &status, 0);
    close(peer_listener);
    fclose(lines);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

/* What the node wrote to stderr; valid until the next call. */
static inline const char *read_errors(void)
{
    static char text[1 << 16];
    FILE *file = fopen(path_of("errors"), "r");
    size_t len = file ? fread(text, 1, sizeof text - 1, file) : 0;
    text[len] = '\0';
    if (file)
        fclose(file);
    return text;
}

/* What the node wrote to stderr has this sentence in it. */
static inline void check_errors(const char *sentence)
{
    const char *text = read_errors();
    if (!strstr(text, sentence))
        check("stderr", sentence, text);
}

/*
 * Starts the node in the test's folder. Between our finding a port and the
 * node's taking it, somebody else may: then once more.
 */
static inline void start_node(void)
{
    for (;;) {
        try_to_start_node();
        int first = fgetc(lines);
        if (first != EOF)
            ungetc(first, lines);
        if (first != EOF || !strstr(read_errors(), "cannot listen for"))
            return;
        end_node();
    }
}

#endif
