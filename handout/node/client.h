/*
 * client.h - clients' connections and the commands that they may give.
 *
 * A command runs in a coroutine, so it may wait; the replies of one connection
 * leave in the order of its requests all the same.
 *
 *     static void await_echo(struct client_request *request)
 *     {
 *         resp_bulk(request->reply, request->argv[1]);
 *     }
 *     ...
 *     client_command("ECHO", 2, 2, await_echo);
 *
 * Such commands run side by side, each in a coroutine of its own: what they do
 * may happen in any order. Where the order counts, or where one has much to do
 * at once, it may ask for batches instead: those of a connection run one after
 * the other, and what comes meanwhile makes the next one.
 */
#ifndef CONCLAVE_CLIENT_H
#define CONCLAVE_CLIENT_H

#include "host.h"
#include "list.h"
#include "resp.h"
#include "wire.h"

#define MAX_COMMANDS        64   /* commands of a port */
#define MAX_CLIENT_PIPELINE 1024 /* unanswered requests of a connection */
#define MAX_CLIENT_BATCH    1024 /* requests given to a command at once */

struct client;

/* One request on its way. It owns its words: they live until it is done. */
struct client_request {
    int argc;              /* words, the command's name included */
    struct bytes *argv;    /* the words */
    struct buf *reply;     /* what the command appends its answer to */
    bool is_silent;        /* the text port's noreply */
    struct client *client; /* the runtime's */
};

/*
 * Adds a command (letters of any case). It takes min_argc to max_argc words,
 * its name included; max_argc 0: no upper bound. fn runs in a coroutine and
 * must write exactly one reply.
 */
void client_command(const char *name, int min_argc, int max_argc,
                    void (*fn)(struct client_request *request));

/*
 * The same for a command that takes several requests at once: those of one
 * connection that came together, one behind the other, each a command with this
 * fn, are given to one call in one coroutine. Their replies go into one buffer:
 * fn must write one for each request, in the order of the requests. Nothing that
 * the connection sent behind them is begun before fn has returned.
 */
void client_batch_command(const char *name, int min_argc, int max_argc,
                          void (*fn)(struct client_request *requests[],
                                     int count));

/*
 * The same for a command of the plain text port: text.h says which there are
 * and how many words each has. A silent request is not answered, whatever
 * becomes of it.
 */
void client_text_command(const char *name,
                         void (*fn)(struct client_request *requests[],
                                    int count));

/*
 * Tells where in a command its keys stand, for libraries that ask: the first of
 * them, and the last (words are counted from the name, which is 0; -1: the last
 * word). The command has been added before.
 */
void client_keys(const char *name, int first, int last);

/* The runtime's: upcalls, the commands that every node knows, the drain. */
void client_on_bytes(uint64_t client, enum client_port port, const void *data,
                     size_t len);
void client_on_closed(uint64_t client);
void client_start(void);

/* Refuses new requests and waits for the rest. */
void await_client_drain(void);

#endif
