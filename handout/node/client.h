/*
 * client.h - clients' connections and the commands that they may give.
 *
 * Each command runs in a coroutine of its own, so it may wait; the replies of
 * one connection leave in the order of its requests all the same.
 *
 *     static void await_echo(struct client_request *request)
 *     {
 *         resp_bulk(&request->reply, request->argv[1]);
 *     }
 *     ...
 *     client_command("ECHO", 2, 2, await_echo);
 */
#ifndef CONCLAVE_CLIENT_H
#define CONCLAVE_CLIENT_H

#include "list.h"
#include "resp.h"
#include "wire.h"

#define MAX_COMMANDS        64   /* commands in the table */
#define MAX_CLIENT_PIPELINE 1024 /* unanswered requests of a connection */

struct client;

/* One request on its way. It owns its words: they live until it is done. */
struct client_request {
    int argc;              /* words, the command's name included */
    struct bytes *argv;    /* the words */
    struct buf reply;      /* what the command writes its answer to */
    struct client *client; /* the runtime's */
    struct list link;      /* the runtime's */
    bool done;             /* the runtime's */
    struct buf words;      /* the runtime's: memory of argv */
};

/*
 * Adds a command (letters of any case). It takes min_argc to max_argc words,
 * its name included; max_argc 0: no upper bound. fn runs in a coroutine and
 * must write exactly one reply.
 */
void client_command(const char *name, int min_argc, int max_argc,
                    void (*fn)(struct client_request *request));

/* The runtime's: upcalls, the commands that every node knows, the drain. */
void client_on_bytes(uint64_t client, const void *data, size_t len);
void client_on_closed(uint64_t client);
void client_start(void);

/* Refuses new requests ("ERR ... shutting down") and waits for the rest. */
void await_client_drain(void);

#endif
