/*
 * control.h - the control socket: clients that command and watch.
 *
 * A client sends lines of words; each is answered by one line, `ok` or
 * `error SENTENCE`:
 *
 *     link FROM TO key=value ...   faults of links; FROM and TO an id or *
 *                                  (keys: see net/link.h)
 *     partition 1,2 3,4,5          cuts every link between different sets,
 *                                  uncuts those inside; a node in no set is
 *                                  alone
 *     heal                         makes all links perfect
 *     reset FROM TO                resets the streams that FROM dialled to TO
 *     mark TEXT                    puts a line into the record
 *     watch                        streams the record to this client
 *     note NODE start INCARNATION  before a process of the node is started
 *     note NODE kill               after it is gone
 *     note NODE log T1,T2,...      terms of the entries in its first log
 *     note * raft HEARTBEAT_MS ELECTION_MIN_MS ELECTION_MAX_MS RATE
 *                                  switches the checker on; RATE is that of the
 *                                  fastest clock in the cluster
 *     note NODE TEXT               anything else is for readers of the record
 *
 * The proxy ends when its last client has gone, or when none comes within
 * CONTROL_FIRST_CLIENT_MS, so that nothing is left running.
 */
#ifndef CONCLAVE_CONTROL_H
#define CONCLAVE_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

#include "text.h"

#define CONTROL_MAX_CLIENTS     8     /* at once */
#define CONTROL_MAX_LINE        8192  /* bytes of a command, with its end */
#define CONTROL_FIRST_CLIENT_MS 60000 /* how long the proxy waits for one */

struct proxy;

/* A client. */
struct control_client {
    uv_pipe_t pipe;              /* its connection */
    uv_write_t write;            /* the write under way */
    struct proxy *proxy;         /* whose client it is */
    struct control_client *next; /* in the control's list */
    struct text out;             /* lines to send */
    struct text sending;         /* those of the write under way */
    char line[CONTROL_MAX_LINE]; /* a command being received */
    size_t line_len;             /* bytes of it so far */
    bool is_too_long;            /* its line does not fit: skip the rest */
    bool is_reading;             /* commands are being read */
};

struct control {
    uv_pipe_t listener;             /* the control socket */
    uv_prepare_t flush;             /* sends what was written, once a turn */
    uv_timer_t nobody;              /* rings if no client comes */
    struct control_client *clients; /* all of them */
    struct control_client *watcher; /* who watches the record, or NULL */
    int count;                      /* clients */
};

/* Binds the socket. 0, or libuv's error. */
int control_start(struct proxy *proxy);

/* Closes everything. */
void control_close(struct proxy *proxy);

/* Whether the watcher is so far behind that the nodes have to wait. */
bool control_is_behind(const struct proxy *proxy);

/*
 * Obeys one command (command.c): NULL, or a sentence that says why not, valid
 * until the next. The line is taken apart.
 */
const char *command_obey(struct control_client *client, char *line);

#endif
