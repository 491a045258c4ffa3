/*
 * host_stream_test.c - the real host keeps what host.h says of streams,
 * clients, the alarm and the end.
 */
#define _GNU_SOURCE

#include <time.h>

#include "host_stream_play.h"

/* The node is there and has dialled us. */
static int begin(void)
{
    uint8_t bytes[PREFACE_BYTES];
    struct preface preface = {0};
    start_node();
    hear("start 1 1");
    int fd = accept_dial();
    receive(fd, bytes, sizeof bytes);
    check_number("preface", OK,
                 get_preface(bytes_of(bytes, sizeof bytes), &preface));
    check_number("its cluster", CLUSTER, (long)preface.cluster);
    check_number("its from", 1, preface.from);
    check_number("its to", 2, preface.to);
    check_number("its incarnation", 1, (long)preface.incarnation);
    hear("up 1 2 dialled");
    expect_bytes(fd, "hello");
    return fd;
}

static void end(void)
{
    kill(process, SIGTERM);
    hear("shut down");
    check_number("exit code", 0, end_node());
}

/* Bytes flow both ways on a stream that the node dialled; its end is told. */
static void dialled_streams(void)
{
    int fd = begin();
    send_text(fd, "e");
    hear("bytes 1 1");
    expect_bytes(fd, "e");
    close(fd);
    hear("down 1");
    end();
}

/* A preface may come in pieces, and with the first bytes. */
static void accepted_streams(void)
{
    int out = begin();
    struct buf preface = preface_to(2, 1, CLUSTER);
    put_bytes(&preface, bytes_text("12345"));
    int fd = dial(ports[0]);
    for (size_t i = 0; i < preface.len - 5; i++) {
        size_t len = i == preface.len - 6 ? 6 : 1;
        send(fd, preface.data + i, len, MSG_NOSIGNAL);
        usleep(100);
    }
    buf_free(&preface);
    hear("up 2 2 accepted");
    hear("bytes 2 5");
    send_text(fd, "e");
    hear("bytes 2 1");
    expect_bytes(fd, "e");
    shutdown(fd, SHUT_WR);
    hear("down 2");
    expect_end(fd);
    close(fd);
    close(out);
    hear("down 1");
    end();
}

/* Whoever does not say the right preface is turned away, unheard. */
static void wrong_prefaces(void)
{
    int out = begin();
    static const struct {
        uint32_t from, to; /* in the preface */
        uint64_t cluster;  /* in the preface */
        char first;        /* its first byte */
    } wrong[] = {{2, 1, CLUSTER, 'X'},
                 {2, 1, 8, 'C'},
                 {2, 3, CLUSTER, 'C'},
                 {1, 1, CLUSTER, 'C'},
                 {9, 1, CLUSTER, 'C'}};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct buf preface = preface_to(wrong[i].from, wrong[i].to,
                                        wrong[i].cluster);
        preface.data[0] = (uint8_t)wrong[i].first;
        int fd = dial(ports[0]);
        send(fd, preface.data, preface.len, MSG_NOSIGNAL);
        send_text(fd, "e");
        expect_end(fd);
        close(fd);
        buf_free(&preface);
    }
    int fd = dial_as_peer("e");
    hear("up 2 2 accepted");
    hear("bytes 2 1");
    close(fd);
    hear("down 2");
    check_errors("does not begin with CNCLAVE1");
    check_errors("refused a stream for cluster 8: this is cluster 7");
    check_errors("refused a stream for node 3: this is node 1");
    check_errors("refused a stream of node 9: it is not configured");
    end();
    close(out);
}

/* Connections that say nothing do not pile up. */
static void silent_connections(void)
{
    int out = begin();
    int fds[MAX_GREETINGS + 1];
    for (int i = 0; i <= MAX_GREETINGS; i++)
        fds[i] = dial(ports[0]);
    expect_end(fds[0]);
    struct buf preface = preface_to(2, 1, CLUSTER);
    send(fds[MAX_GREETINGS], preface.data, preface.len, MSG_NOSIGNAL);
    buf_free(&preface);
    hear("up 2 2 accepted");
    end();
    for (int i = 0; i <= MAX_GREETINGS; i++)
        close(fds[i]);
    close(out);
}

/* A slow reader gets everything; a queue has its limit. */
static void large_writes(void)
{
    int out = begin();
    int fd = dial_as_peer("t");
    hear("up 2 2 accepted");
    hear("bytes 2 1");
    hear("wrote 0");
    hear("wrote 0");
    hear("wrote -21"); /* TOO_LARGE */
    send_text(fd, "e");
    hear("bytes 2 1");
    shutdown(fd, SHUT_WR); /* the node sends the rest all the same */
    hear("down 2");
    check_number("bytes in all", 2 * BIG_BYTES + 1, (long)drain(fd));
    close(fd);
    fd = dial_as_peer("c");
    hear("up 3 2 accepted");
    hear("bytes 3 1");
    hear("wrote 0");
    send_text(fd, "more that nobody reads");
    check_number("bytes before a close", BIG_BYTES, (long)drain(fd));
    close(fd);
    end(); /* no stream_down came before */
    close(out);
}

/* A peer that accepts and resets at once is not dialled in a hot loop. */
static void backoff(void)
{
    struct timespec start, now;
    char text[PREFACE_BYTES + 5];
    char line[MAX_LINE_BYTES];
    int fd = begin();
    send_text(fd, "a");
    hear("bytes 1 1");
    clock_gettime(CLOCK_MONOTONIC, &start);
    reset(fd);
    hear("down 1");
    for (int i = 2; i <= 7; i++) {
        fd = accept_dial();
        check_number("first bytes", (long)sizeof text,
                     (long)receive(fd, text, sizeof text));
        snprintf(line, sizeof line, "up %d 2 dialled", i);
        hear(line);
        reset(fd);
        snprintf(line, sizeof line, "down %d", i);
        hear(line);
    }
    clock_gettime(CLOCK_MONOTONIC, &now);
    long passed_ms = (long)(now.tv_sec - start.tv_sec) * 1000 +
                     (now.tv_nsec - start.tv_nsec) / 1000000;
    /* At least half of 10 + 20 + 40 + 80 + 160, but for rounding. */
    check_number("whether there were pauses", 1, passed_ms >= 145);
    check_errors("cannot be reached: the stream broke at once");
    end();
}

/* The alarm rings, and never early. */
static void alarms(void)
{
    int fd = begin();
    for (int i = 0; i < 20; i++) {
        send_text(fd, "w");
        hear("bytes 1 1");
        hear("rang");
    }
    end();
    close(fd);
}

/* Clients have numbers; a silent one is never heard of. */
static void clients(void)
{
    int out = begin();
    close(dial(ports[1]));
    int fd = dial(ports[1]);
    send_text(fd, "hi");
    hear("client 1 2");
    expect_bytes(fd, "hi");
    close(fd);
    hear("gone 1");
    fd = dial(ports[1]);
    send_text(fd, "quit");
    hear("client 2 4");
    expect_bytes(fd, "quit");
    expect_end(fd);
    close(fd);
    end();
    close(out);
}

/* A crash says what it was and who ran, and the signal stays the signal. */
static void crashes(void)
{
    int fd = begin();
    send_text(fd, "x");
    hear("bytes 1 1");
    check_number("how it ended", 1000 + SIGABRT, end_node());
    check_errors("crashed: SIGABRT in coroutine 'tester'");
    close(fd);
}

/* A folder is one node's at a time, and knows how often it was started. */
static void second_starts(void)
{
    close(begin());
    hear("down 1");
    pid_t first = process;
    FILE *first_lines = lines;
    close(peer_listener);
    start_node();
    check_number("exit code of a second node", EXIT_START, end_node());
    check_errors("is in use by another node that still runs");
    kill(first, SIGKILL);
    waitpid(first, NULL, 0);
    fclose(first_lines);
    start_node();
    hear("start 1 2");
    kill(process, SIGKILL);
    check_number("how it ended", 1000 + SIGKILL, end_node());
}

static const struct {
    const char *name;  /* what it proves */
    void (*run)(void); /* the test */
} tests[] = {
    {"streams that the node dials", dialled_streams},
    {"streams that peers dial", accepted_streams},
    {"wrong prefaces are refused", wrong_prefaces},
    {"silent connections are limited", silent_connections},
    {"large writes arrive, too large ones are refused", large_writes},
    {"failed dials wait longer and longer", backoff},
    {"the alarm never rings early", alarms},
    {"clients come and go", clients},
    {"crashes are reported", crashes},
    {"a data folder has one user and counts starts", second_starts},
};

int main(void)
{
    int failed = 0;
    for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++) {
        test = tests[i].name;
        has_failed = false;
        snprintf(folder, sizeof folder, "%s", P_tmpdir "/host-stream-XXXXXX");
        if (!mkdtemp(folder)) {
            printf("FAIL set-up: expected a folder, saw none\n");
            return 1;
        }
        tests[i].run();
        if (!has_failed)
            printf("ok %s\n", test);
        failed += has_failed;
        remove_folder();
    }
    return failed > 0;
}
