/*
 * client_commands.h - between client.c and the commands that every node knows.
 */
#ifndef CONCLAVE_CLIENT_COMMANDS_H
#define CONCLAVE_CLIENT_COMMANDS_H

#include "client.h"

/* Registers them: client_commands.c, client_cluster.c. */
void client_commands_start(void);
void client_cluster_start(void);

/* A connection's number, and the name that the client gave it. */
uint64_t client_id(const struct client *client);
struct buf *client_name(struct client *client);

#endif
