/*
 * client_batch.h - requests of one connection that came together.
 *
 * A batch is one piece of memory: a copy of the bytes that came, the requests
 * whose words point into it, and the runs that these are executed in.
 *
 *     bytes      PING | GET a | GET b | GET c | SING | ECHO d
 *     requests   0      1       2       3       4      5
 *     runs       0      1 (a batch command)     2      3
 *                                               refused: done from the start
 */
#ifndef CONCLAVE_CLIENT_BATCH_H
#define CONCLAVE_CLIENT_BATCH_H

#include <stdbool.h>

#include "client.h"
#include "client_table.h"

struct client_batch;

/* Requests that one call executes; or one that is refused. */
struct client_run {
    const struct client_command *command; /* what executes them; NULL: none */
    struct client_request **requests;     /* in order */
    int count;                            /* how many */
    struct buf reply;                     /* to all of them */
    bool is_begun;                        /* its coroutine has been spawned */
    bool is_done;                         /* the reply may leave */
    struct client_batch *batch;           /* where it lies */
    struct list link;                     /* among the client's runs */
};

/* Requests that came together. */
struct client_batch {
    struct client *client;   /* whose */
    enum client_port port;   /* by which they came */
    size_t input_bytes;      /* what they came as */
    bool is_last;            /* nothing may follow: QUIT, or no request */
    int kept_runs;           /* those not yet freed */
    int run_count;           /* all of them */
    struct client_run *runs; /* in order */
};

/* How much may be read. */
struct client_room {
    int requests; /* at most; 1 or more */
    size_t bytes; /* no request is read after so many */
};

/*
 * Reads what whole requests stand at the front of in, as far as the room goes.
 * NULL if there is none. *used becomes the number of bytes taken. With
 * is_draining all requests are refused.
 */
struct client_batch *client_batch_read(struct client *client,
                                       enum client_port port, struct bytes in,
                                       struct client_room room,
                                       bool is_draining, size_t *used);

/* A batch that is nothing but an error, the last of its client. */
struct client_batch *client_batch_refusal(struct client *client,
                                          enum client_port port,
                                          const char *error);

/* Executes a run; may suspend. */
void await_client_run(struct client_run *run);

/* Lets go of a run; the last of a batch takes the batch with it. */
void client_run_free(struct client_run *run);

#endif
