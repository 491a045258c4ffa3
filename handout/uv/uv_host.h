/*
 * uv_host.h - the real host: one node in one process, on libuv.
 *
 * Behind the door (host.h) there is one loop and one thread. Every callback of
 * libuv that concerns the node does its own bookkeeping first and then makes
 * one upcall, between host_enter and host_leave; what the node asked for
 * meanwhile was only noted down, and is carried out by host_leave:
 *
 *     libuv --callback--> peers.c, clients.c, clock.c, disk.c
 *                              |  host_enter(host);
 *                              |  host->node->stream_bytes(id, data, len);
 *                              |      ... stream_write, alarm, disk ...
 *                              |  host_leave(host);   sends, sets the alarm
 *
 *     main.c       the command line
 *     host.c       start, the door's functions, signals, drain
 *     conn.c       a TCP connection with a queue; peers and clients both
 *     peers.c      streams between nodes,
 *     dial.c         those that this node dials, with backoff
 *     greet.c        those that its peers dial
 *     preface.c    what a dialler says first
 *     ids.h        numbers of streams and clients
 *     clients.c    connections of clients
 *     disk.c       files whose unsynced work stays in this process,
 *     disk_file.c    one of them, and its changes that are not durable yet
 *     disk_names.c   their names, and steps that are not durable yet
 *     acts.c       what the state machine did, for a grader
 *     folder.c     the data folder: made, locked, its starts counted
 *     clock.c      time and the alarm
 *     trace.c      lines on stderr
 *     watch.c      endless loops and crashes: who, and where
 *
 * The invariant: no upcall is made while another one runs.
 */
#ifndef CONCLAVE_UV_HOST_H
#define CONCLAVE_UV_HOST_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "acts.h"
#include "clients.h"
#include "clock.h"
#include "config.h"
#include "conn.h"
#include "disk.h"
#include "host.h"
#include "peers.h"

#define EXIT_START     1     /* it could not start: configuration, ports */
#define EXIT_ENDLESS   70    /* the watchdog ended it */
#define EXIT_FATAL     71    /* the node said that it cannot go on */
#define MAX_SENTENCE   512   /* bytes of an error's sentence, with its NUL */
#define MAX_OPEN_FILES 16384 /* file descriptors it asks for, if allowed */

/* What the command line says. */
struct host_options {
    const char *config;     /* path of the configuration */
    const char *data;       /* path of the data folder */
    int id;                 /* which of the configuration's nodes this is */
    uint64_t incarnation;   /* given, or 0: count the starts */
    int64_t wall_offset_ms; /* added to the wall clock */
    bool has_acts;          /* write down what the state machine does */
    double clock_rate;      /* how fast the node's clock runs; 1.0: right */
    uint64_t log_zero_us;   /* CLOCK_MONOTONIC where log times begin; 0: now */
};

/* The whole process. */
struct host {
    uv_loop_t *loop;                /* the one loop */
    const struct node_ops *node;    /* the node behind the door */
    struct config config;           /* the cluster */
    const struct config_node *self; /* this node's line of it */
    uint64_t incarnation;           /* which start of this node it is */
    volatile unsigned long upcalls; /* begun and ended ones; odd: inside */
    uint64_t random_state;          /* of host_random */
    struct conns conns;             /* every TCP connection */
    struct peers peers;             /* streams */
    struct clients clients;         /* clients */
    struct host_disk disk;          /* files */
    struct acts acts;               /* of the state machine, written down */
    struct clock clock;             /* time and the alarm */
    uv_signal_t sigterm;            /* drain, then end */
    uv_signal_t sigint;             /* the same, from a keyboard */
    uv_signal_t sigusr1;            /* describe every coroutine */
    uv_signal_t sigusr2;            /* the wall clock jumps */
    int folder_fd;                  /* the data folder */
    bool draining;                  /* shut_down has been called */
    bool stopped;                   /* the node wants to end */
    bool ending;                    /* host_leave has seen it */
};

/* Runs a node to its end. Returns the exit code of the process. */
int host_run(const struct node_ops *node, const struct host_options *options);

/* Around every upcall: see above. After host_leave the node may have ended
 * (host->stopped), and may have closed any stream or client. */
void host_enter(struct host *host);
void host_leave(struct host *host);

/* Prints a sentence and ends the process with EXIT_FATAL. */
_Noreturn void host_fatal(struct host *host, const char *sentence);

/* 64 random bits. */
uint64_t host_random(struct host *host);

#endif
