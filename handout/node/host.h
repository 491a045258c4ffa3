/*
 * host.h - the door between a node and its host.
 *
 * A node (the runtime in this folder and the lab code above it) never calls the
 * operating system. All that it does to the world goes through `struct
 * host_ops`; all that the world does to it comes through `struct node_ops`.
 * Two hosts stand behind the door: handout/uv (real sockets, files and clocks)
 * and the grader's simulator. The same code runs behind both.
 *
 * The one rule: a node runs only inside an upcall, and every upcall returns
 * soon. One thread; upcalls never nest: a host never makes an upcall from
 * inside a call that the node made.
 *
 *        lab code                   rpc.c, election.c, ...
 *        ----------------------------------------------
 *        runtime (handout/node)     coroutines, events, clients, stores
 *        ------- host.h: the door ---------------------
 *        host                       libuv  or  simulator
 *
 * Time is in microseconds. Bytes given to either side are borrowed for the
 * duration of the call only; whoever wants to keep them copies them.
 */
#ifndef CONCLAVE_HOST_H
#define CONCLAVE_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Rises with every change of this file that both sides must know. */
#define HOST_DOOR_VERSION 3

#define MAX_NODES              16          /* nodes in a cluster */
#define NO_NODE                (-1)        /* node ids are 0 or more */
#define MAX_STREAM_QUEUE_BYTES (16u << 20) /* unsent bytes of one stream */
#define MAX_CLIENT_QUEUE_BYTES (16u << 20) /* unsent bytes of one client */
#define MAX_DISK_PATH_BYTES    64          /* a file's name, with its NUL */

struct host; /* the host's own state; a node only hands it back */

/* Which of a node's two ports a client came by, and so what it speaks. */
enum client_port {
    PORT_RESP, /* RESP2: resp.h */
    PORT_TEXT, /* plain text: text.h */
};

/* What a disk operation does. Names are flat: no '/' in them. */
enum disk_kind {
    DISK_APPEND,   /* data at the end of path; creates the file */
    DISK_WRITE,    /* data at offset of path; creates the file */
    DISK_READ,     /* up to len bytes at offset; short at the end of file */
    DISK_SIZE,     /* the length of path in bytes */
    DISK_SYNC,     /* make path's bytes durable */
    DISK_TRUNCATE, /* cut path to offset bytes */
    DISK_RENAME,   /* path becomes to, replacing it */
    DISK_REMOVE,   /* take path away */
    DISK_LIST,     /* the names that exist, each ended by a NUL byte */
    DISK_SYNC_DIR, /* make creations, renames and removals durable */
};

/*
 * One disk operation. All but the two syncs take effect at once for later
 * reads, and are lost by a crash until a sync issued after them completed.
 * Operations of one node complete in the order they were issued, except that a
 * sync may still run while later operations complete. After a failed sync, the
 * bytes that it covered are gone, even when the next sync succeeds.
 */
struct disk_op {
    enum disk_kind kind; /* what to do */
    uint64_t token;      /* the node's name for it, given back in disk_done */
    const char *path; /* the file's name; unused by the folder's operations */
    const char *to;   /* DISK_RENAME: the new name */
    uint64_t offset;  /* DISK_WRITE, DISK_READ, DISK_TRUNCATE */
    const void *data; /* DISK_APPEND, DISK_WRITE: what to write */
    size_t len;       /* bytes of data, or to read at most */
};

/* What a host offers its node. No function here makes an upcall. */
struct host_ops {
    /* Microseconds on a clock that never jumps; its start means nothing. */
    uint64_t (*now_us)(struct host *host);

    /* Microseconds since 1970 on a clock that may jump either way. */
    int64_t (*wall_us)(struct host *host);

    /* 64 random bits. */
    uint64_t (*random)(struct host *host);

    /*
     * Asks for a stream to a peer. Returns its id at once (never 0, never used
     * twice). The host keeps dialling, with backoff, until it says stream_up
     * or the node closes the stream.
     */
    uint64_t (*stream_open)(struct host *host, int peer);

    /*
     * Queues bytes on a stream that is up. What one upcall writes leaves when
     * the upcall returns, in as few packets as possible. Returns 0, NO_STREAM,
     * or TOO_LARGE when MAX_STREAM_QUEUE_BYTES would be passed (then nothing
     * is queued).
     */
    int (*stream_write)(struct host *host, uint64_t stream, const void *data,
                        size_t len);

    /* Closes a stream; queued bytes are still sent. No stream_down follows. */
    void (*stream_close)(struct host *host, uint64_t stream);

    /* Sets the one alarm to ring at a time of now_us; UINT64_MAX: never. */
    void (*alarm)(struct host *host, uint64_t at_us);

    /* Issues a disk operation; its disk_done comes in a later upcall. */
    void (*disk)(struct host *host, const struct disk_op *op);

    /* Queues bytes to a client. Returns 0, NO_STREAM or TOO_LARGE. */
    int (*client_write)(struct host *host, uint64_t client, const void *data,
                        size_t len);

    /* Closes a client once what is queued for it has been sent. */
    void (*client_close)(struct host *host, uint64_t client);

    /*
     * A log entry takes effect on this node's state machine. The host records
     * it: this is an act, not a report (labs 3 and later).
     */
    void (*apply)(struct host *host, uint64_t index, uint64_t term,
                  const void *data, size_t len);

    /*
     * A snapshot of this node's state machine was taken after entry index of
     * term; or its state was replaced by one. Acts, too (labs 4 and later).
     */
    void (*snapshot)(struct host *host, uint64_t index, uint64_t term,
                     const void *data, size_t len);
    void (*restore)(struct host *host, uint64_t index, uint64_t term,
                    const void *data, size_t len);

    /* One line of the trace: see log.h. Never part of a verdict. */
    void (*trace)(struct host *host, const char *topic, uint64_t term,
                  const char *text);

    /* After shut_down: the node has drained and wants to end. */
    void (*stopped)(struct host *host);

    /*
     * The node cannot go on (a damaged log, an impossible configuration): the
     * host prints the sentence and ends the node. Does not return.
     */
    void (*fatal)(struct host *host, const char *sentence);
};

/* Why and how a node is started. */
struct node_args {
    int id;               /* this node, one of the configuration's */
    uint64_t incarnation; /* rises with every start of this node */
    const char *config;   /* the configuration file's text, NUL-ended */
};

/* What a node offers its host. The host calls start first, once. */
struct node_ops {
    unsigned version; /* HOST_DOOR_VERSION */

    void (*start)(const struct host_ops *ops, struct host *host,
                  const struct node_args *args);

    /*
     * A stream is up: one that this node opened (dialled), or one that a peer
     * dialled. Bytes flow both ways on either. Its preface has been dealt with.
     */
    void (*stream_up)(uint64_t stream, int peer, bool dialled);

    /* Bytes arrived; they may be cut anywhere. */
    void (*stream_bytes)(uint64_t stream, const void *data, size_t len);

    /*
     * A stream that was up is gone; said once, and not for streams that the
     * node closed. Nothing more comes on it. A dialled stream is not dialled
     * again: the node opens a new one when it wants one.
     */
    void (*stream_down)(uint64_t stream);

    /* The alarm rang. */
    void (*alarm_rang)(void);

    /*
     * A disk operation ended: 0 or a DISK_ outcome. data holds what was read
     * or listed; size is the length for DISK_SIZE and DISK_APPEND (the file's
     * new length).
     */
    void (*disk_done)(uint64_t token, int outcome, const void *data, size_t len,
                      uint64_t size);

    /* Bytes of a client; the first call for an id is its arrival. It keeps the
     * port that it came by. */
    void (*client_bytes)(uint64_t client, enum client_port port,
                         const void *data, size_t len);

    /* A client is gone. */
    void (*client_closed)(uint64_t client);

    /* Drain: finish what is under way, take nothing new, then say stopped. */
    void (*shut_down)(void);

    /*
     * Writes what every coroutine waits for, and since when, one line each,
     * NUL-ended, into text; for the reports of a stuck node.
     */
    void (*describe)(char *text, size_t size_bytes);

    /* The name of the coroutine that runs now, or "" (signal-safe). */
    const char *(*running)(void);
};

/* The one symbol that a node exports. */
#pragma GCC visibility push(default)
const struct node_ops *conclave_node(void);
#pragma GCC visibility pop

#endif
