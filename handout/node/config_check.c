/*
 * config_check.c - see config_check.h.
 */
#include "config_check.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "outcome.h"

/* Writes the sentence; returns BAD_BYTES. */
static int refuse(char *error, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static int refuse(char *error, const char *format, ...)
{
    int used = snprintf(error, MAX_CONFIG_ERROR, "configuration: ");
    va_list args;

    va_start(args, format);
    vsnprintf(error + used, MAX_CONFIG_ERROR - (size_t)used, format, args);
    va_end(args);
    return BAD_BYTES;
}

/* The times against each other: Raft section 5.6, broadcast time must be well
 * under the election timeout. */
static int check_times(const struct config *config, char *error)
{
    unsigned heartbeat_ms = config->heartbeat_ms;
    unsigned min_ms = config->election_min_ms;
    unsigned max_ms = config->election_max_ms;
    unsigned rpc_ms = config->rpc_timeout_ms;

    if (heartbeat_ms > min_ms / 2)
        return refuse(error,
                      "heartbeat_ms is %u, over half of election_min_ms, %u; "
                      "lower it to %u or raise election_min_ms to %u",
                      heartbeat_ms, min_ms, min_ms / 2, 2 * heartbeat_ms);
    if (min_ms >= max_ms)
        return refuse(error,
                      "election_min_ms is %u, not under election_max_ms, %u; "
                      "raise election_max_ms to %u or more",
                      min_ms, max_ms, 2 * min_ms);
    if (rpc_ms >= heartbeat_ms)
        return refuse(error,
                      "rpc_timeout_ms is %u, not under heartbeat_ms, %u; lower "
                      "it to %u or raise heartbeat_ms",
                      rpc_ms, heartbeat_ms, heartbeat_ms * 4 / 5);
    return OK;
}

/* Addresses that must differ; the same node's listen and dial need not. */
static int check_pair(const struct config_node *a, const struct config_node *b,
                      char *error)
{
    const struct {
        const char *name; /* its key */
        const char *a;    /* a's address, or "" */
        const char *b;    /* b's address */
    } keys[] = {
        {"listen", a->listen, b->listen},
        {"dial", a->dial, b->dial},
        {"client", a->client, b->client},
        {"text", a->text, b->text},
    };
    const size_t count = sizeof keys / sizeof keys[0];

    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < count; j++) {
            bool is_own = a == b && (i >= j || (i == 0 && j == 1));
            if (!is_own && keys[i].a[0] && strcmp(keys[i].a, keys[j].b) == 0)
                return refuse(error,
                              "%s= of node %d and %s= of node %d are both %s; "
                              "give each its own port",
                              keys[i].name, a->id, keys[j].name, b->id,
                              keys[i].a);
        }
    }
    return OK;
}

static int check_nodes(const struct config *config, char *error)
{
    if (config->node_count == 0)
        return refuse(error, "there is no node; add lines that read 'node 1 "
                             "listen=host:port client=host:port'");
    for (int i = 0; i < config->node_count; i++) {
        for (int j = i; j < config->node_count; j++) {
            int outcome = check_pair(&config->nodes[i], &config->nodes[j],
                                     error);
            if (outcome != OK)
                return outcome;
        }
    }
    return OK;
}

int config_check(const struct config *config, char error[MAX_CONFIG_ERROR])
{
    int outcome = check_times(config, error);

    return outcome == OK ? check_nodes(config, error) : outcome;
}
