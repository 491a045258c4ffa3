/*
 * node.h - what lab code asks of the node it runs in.
 *
 * A process may hold many nodes (the simulator loads one copy of this code for
 * each), so everything here belongs to "this node". The functions pass through
 * the door (host.h); none suspends.
 */
#ifndef CONCLAVE_NODE_H
#define CONCLAVE_NODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config.h"
#include "host.h"
#include "log.h"
#include "outcome.h"
#include "wire.h"

/* This node's id, how often it has been started, and the cluster's setup. */
int node_id(void);
uint64_t node_incarnation(void);
const struct config *node_config(void);

/*
 * Time in microseconds since a start that means nothing; it never jumps. The
 * wall clock counts from 1970 and may jump: never measure with it.
 */
uint64_t node_now_us(void);
int64_t node_wall_us(void);

/* 64 random bits; a random integer from low to high, both included. */
uint64_t node_random(void);
uint64_t node_random_between(uint64_t low, uint64_t high);

/* Streams to peers: see host.h. Their bytes arrive at rpc_stream_bytes. */
uint64_t stream_open(int peer);
int stream_write(uint64_t stream, struct bytes bytes);
void stream_close(uint64_t stream);

/* The acts of the state machine, for machine.c alone: entry index of term takes
 * effect. */
void node_apply(uint64_t index, uint64_t term, struct bytes data);

/* A snapshot of the state after that entry was taken; or put in its place. */
void node_snapshot(uint64_t index, uint64_t term, struct bytes state);
void node_restore(uint64_t index, uint64_t term, struct bytes state);

/*
 * Ends the node with one sentence: what is wrong, where, what to do. For what
 * cannot be gone on with; bytes from outside are refused, not fatal.
 */
_Noreturn void node_fatal(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

/* What a node has asked of its host so far; INFO shows it. */
struct node_counts {
    uint64_t stream_writes; /* frames to peers, heartbeats among them */
    uint64_t stream_bytes;  /* bytes of these */
    uint64_t disk_writes;   /* appends and writes */
    uint64_t disk_syncs;    /* of files and of the folder */
};
struct node_counts node_counts(void);

/* For the runtime: the rest of the door, and when the current upcall began. */
void node_trace(const char *topic, uint64_t term, const char *text);
void node_disk(const struct disk_op *op);
int node_client_write(uint64_t client, struct bytes bytes);
void node_client_close(uint64_t client);
uint64_t node_upcall_us(void);

#endif
