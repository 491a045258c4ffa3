/*
 * config.h - the cluster's one configuration file, the same for every node.
 *
 *     # a comment
 *     cluster 7
 *     heartbeat_ms 50
 *     election_min_ms 150
 *     election_max_ms 300
 *     rpc_timeout_ms 40
 *     node 1 listen=127.0.0.1:7001 dial=127.0.0.1:7101 client=127.0.0.1:7201
 *     node 2 ...
 *
 * listen is where a node accepts its peers, dial is where its peers reach it
 * (listen's address unless given: a proxy may stand between), client is where
 * clients do, text (optional) where those do who speak plain text (text.h). log
 * (optional, "log=1,1,3") gives the terms of entries that the kit's memory store
 * holds when the node starts for the first time. Hidden in a simulator, the
 * addresses may be any that differ.
 */
#ifndef CONCLAVE_CONFIG_H
#define CONCLAVE_CONFIG_H

#include <stddef.h>
#include <stdint.h>

#include "host.h"

#define MAX_ADDRESS_BYTES  64  /* "host:port" with its NUL */
#define MAX_SEEDED_ENTRIES 64  /* terms in log= */
#define MAX_CONFIG_ERROR   256 /* the sentence, with its NUL */

/* One node's line. */
struct config_node {
    int id;                           /* 0 or more, unique */
    char listen[MAX_ADDRESS_BYTES];   /* where it accepts peers */
    char dial[MAX_ADDRESS_BYTES];     /* where its peers dial it */
    char client[MAX_ADDRESS_BYTES];   /* where clients dial it */
    char text[MAX_ADDRESS_BYTES];     /* where those of plain text do, or "" */
    uint64_t log[MAX_SEEDED_ENTRIES]; /* terms of its first entries */
    size_t log_count;                 /* how many */
};

/* The whole file. Every number has a default but the nodes. */
struct config {
    uint64_t cluster;             /* the cluster's number */
    uint32_t heartbeat_ms;        /* leader to follower: 50 */
    uint32_t election_min_ms;     /* shortest election timeout: 150 */
    uint32_t election_max_ms;     /* longest: 300 */
    uint32_t rpc_timeout_ms;      /* one attempt of a Raft call: 40 */
    uint32_t clock_drift_percent; /* how fast or slow a node's clock may run,
                                     for leases: 10 */
    uint32_t store_sync_ms;       /* latency of the memory store's sync: 2 */
    uint32_t apply_ms; /* latency of the kit's ledger machine's apply: 0 */
    uint32_t append_max_bytes;     /* of entries in one AppendEntries, unless a
                                  single one is larger: 262144 */
    uint32_t append_window;        /* AppendEntries under way to a peer: 8 */
    uint32_t proposals_max;        /* proposals waiting at once: 8192 */
    uint32_t sessions_max;         /* lab 5: sessions remembered: 10000 */
    uint32_t segment_bytes;        /* of one file of the log: 1048576 */
    uint32_t snapshot_log_bytes;   /* a longer log is compacted; 0: never:
                                      16777216 */
    uint32_t snapshot_chunk_bytes; /* of one InstallSnapshot: 65536 */
    uint32_t keepalive_ms;         /* silence until a PING: 1000 */
    uint32_t serve_max;            /* requests served at once: 256 */
    uint32_t serve_rate;           /* requests a second; 0: no limit: 0 */
    uint32_t once_max;     /* clients remembered for at-most-once: 1024 */
    uint32_t once_keep_ms; /* how long a silent one is kept: 60000 */
    uint32_t drain_ms;     /* longest drain: 2000 */
    int node_count;        /* nodes below */
    struct config_node nodes[MAX_NODES]; /* in the order of their ids */
};

/*
 * Reads a configuration. OK, or BAD_BYTES with a sentence in error: the line,
 * what is wrong, what to change. Checked: numbers and ranges; heartbeat at most
 * half the shortest election timeout; shortest under longest; rpc_timeout under
 * heartbeat; ids and addresses unique; at least one node.
 */
int config_parse(const char *text, struct config *config,
                 char error[MAX_CONFIG_ERROR]);

/* The line of a node, or NULL. */
const struct config_node *config_find(const struct config *config, int id);

#endif
