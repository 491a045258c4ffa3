/*
 * client_cluster.c - what libraries ask that know clusters: who serves which
 * keys, and where in a command its keys stand.
 *
 * To them this cluster is one whose leader serves every key and whose followers
 * are replicas; a -MOVED tells them of the next leader.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "app.h"
#include "client_commands.h"
#include "client_table.h"
#include "node.h"

#define LAST_SLOT 16383 /* Redis spreads keys over so many, and one */

/* A node as an entry of CLUSTER SLOTS: host, port, a name for it. */
static void put_node(struct buf *out, const struct config_node *node)
{
    const char *colon = strrchr(node->client, ':');
    size_t host_len = colon ? (size_t)(colon - node->client) : 0;
    int64_t port = 0;
    char name[41]; /* names have 40 letters */

    if (colon)
        (void)resp_to_int(bytes_text(colon + 1), &port);
    snprintf(name, sizeof name, "%040d", node->id);
    resp_array(out, 3);
    resp_bulk(out, bytes_of(node->client, host_len));
    resp_int(out, port);
    resp_text(out, name);
}

/* One range, all slots: the leader, then the others. */
static void put_slots(struct buf *out, int leader)
{
    const struct config *config = node_config();

    resp_array(out, 1);
    resp_array(out, 2 + config->node_count);
    resp_int(out, 0);
    resp_int(out, LAST_SLOT);
    for (int turn = 0; turn < 2; turn++)
        for (int i = 0; i < config->node_count; i++)
            if ((config->nodes[i].id == leader) == (turn == 0))
                put_node(out, &config->nodes[i]);
}

/* CLUSTER SLOTS | INFO */
static void cluster(struct client_request *request)
{
    struct bytes what = request->argv[1];
    struct buf *out = request->reply;
    int leader = app_status().leader;

    if (resp_is(what, "SLOTS")) {
        if (leader == NO_NODE)
            resp_error(out, "CLUSTERDOWN no leader is known; try again");
        else
            put_slots(out, leader);
    } else if (resp_is(what, "INFO")) {
        resp_text(out, leader == NO_NODE ? "cluster_state:fail\r\n"
                                         : "cluster_state:ok\r\n");
    } else {
        resp_error(out, "ERR only CLUSTER SLOTS and CLUSTER INFO are known "
                        "here");
    }
}

/* A command as COMMAND lists it. */
static void put_command(struct buf *out, const struct client_command *command)
{
    bool is_exact = command->min_argc == command->max_argc;
    char name[32] = "";

    for (size_t i = 0; command->name[i] && i < sizeof name - 1; i++)
        name[i] = (char)tolower((unsigned char)command->name[i]);
    resp_array(out, 6);
    resp_text(out, name);
    resp_int(out, is_exact ? command->min_argc : -command->min_argc);
    resp_array(out, 0); /* flags */
    resp_int(out, command->first_key);
    resp_int(out, command->last_key);
    resp_int(out, command->first_key > 0);
}

/* COMMAND [COUNT | DOCS | ...] */
static void command(struct client_request *request)
{
    struct buf *out = request->reply;

    if (request->argc > 1) {
        if (resp_is(request->argv[1], "COUNT"))
            resp_int(out, client_table_count(PORT_RESP));
        else
            resp_array(out, 0);
        return;
    }
    resp_array(out, client_table_count(PORT_RESP));
    for (const struct client_command *at = NULL;
         (at = client_table_next(PORT_RESP, at)) != NULL;)
        put_command(out, at);
}

void client_cluster_start(void)
{
    client_command("CLUSTER", 2, 0, cluster);
    client_command("COMMAND", 1, 0, command);
}
