/*
 * client_table.h - the commands that clients may give, a table for each port.
 */
#ifndef CONCLAVE_CLIENT_TABLE_H
#define CONCLAVE_CLIENT_TABLE_H

#include <stdbool.h>

#include "client.h"

/* A command. One of the two functions is there. */
struct client_command {
    enum client_port port;                     /* where it may be given */
    const char *name;                          /* as registered */
    int min_argc;                              /* words, the name included */
    int max_argc;                              /* 0: no upper bound */
    void (*fn)(struct client_request *);       /* executes one request */
    void (*batch_fn)(struct client_request **, /* executes several */
                     int count);
    int first_key; /* which word is its first key; 0: it has none */
    int last_key;  /* and its last; -1: the last word */
};

/* Adds a copy of a command; its name is borrowed for ever. */
void client_table_add(const struct client_command *command);

/* The port's command of that name, in letters of any case, or NULL. */
const struct client_command *client_table_find(enum client_port port,
                                               struct bytes name);

/* The same, to be changed. */
struct client_command *client_table_get(enum client_port port,
                                        struct bytes name);

/* All of a port's, one after the other; NULL before the first, and after the
 * last. */
const struct client_command *client_table_next(
    enum client_port port, const struct client_command *before);

/* How many a port has. */
int client_table_count(enum client_port port);

#endif
