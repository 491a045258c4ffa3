/*
 * raft_msg.h - Raft's messages (Figures 2 and 13) and their bytes.
 *
 * The layout of each is in docs/protocol.md. An encoder appends to a buffer; a
 * decoder returns OK or BAD_BYTES. Spans in a decoded message are borrowed
 * from the bytes it was decoded from.
 */
#ifndef CONCLAVE_RAFT_MSG_H
#define CONCLAVE_RAFT_MSG_H

#include <stdbool.h>
#include <stdint.h>

#include "store.h"
#include "wire.h"

#define MAX_APPEND_ENTRIES 1024 /* entries in one AppendEntries */

/* Method numbers. */
enum raft_method {
    METHOD_REQUEST_VOTE = 1,
    METHOD_APPEND_ENTRIES = 2,
    METHOD_INSTALL_SNAPSHOT = 3,
};

struct request_vote {
    uint64_t term;           /* candidate's term */
    int candidate;           /* candidate requesting vote */
    uint64_t last_log_index; /* index of candidate's last log entry */
    uint64_t last_log_term;  /* term of candidate's last log entry */
};

struct vote_reply {
    uint64_t term; /* current term, for candidate to update itself */
    bool granted;  /* true means candidate received vote */
};

struct append_entries {
    uint64_t term;           /* leader's term */
    int leader;              /* so followers can redirect clients */
    uint64_t prev_log_index; /* entry immediately preceding the new ones */
    uint64_t prev_log_term;  /* its term */
    uint64_t leader_commit;  /* leader's commit index */
    uint32_t count;          /* entries that follow; 0 for a heartbeat */
    struct wire_in entries;  /* encoded entries: see next_entry */
};

struct append_reply {
    uint64_t term;           /* current term, for leader to update itself */
    bool success;            /* follower's log matched at prev_log_index */
    uint64_t match_index;    /* on success: last entry known to match */
    uint64_t conflict_index; /* else: where the leader should look next */
    uint64_t conflict_term;  /* else: term of the conflicting entry, or 0 */
};

struct install_snapshot {
    uint64_t term;                /* leader's term */
    int leader;                   /* so followers can redirect clients */
    uint64_t last_included_index; /* the snapshot replaces all up to it */
    uint64_t last_included_term;  /* its term */
    uint64_t offset;              /* where this chunk goes */
    bool done;                    /* this is the last chunk */
    struct bytes data;            /* the chunk */
};

struct snapshot_reply {
    uint64_t term;        /* current term, for leader to update itself */
    uint64_t next_offset; /* what the follower wants next */
};

void put_request_vote(struct buf *out, const struct request_vote *m);
int get_request_vote(struct bytes in, struct request_vote *m);

void put_vote_reply(struct buf *out, const struct vote_reply *m);
int get_vote_reply(struct bytes in, struct vote_reply *m);

/* The head of an AppendEntries; count entries follow by put_entry. */
void put_append_entries(struct buf *out, const struct append_entries *m);
void put_entry(struct buf *out, const struct log_entry *entry);

/* Checks the whole message, entries included; then next_entry cannot fail. */
int get_append_entries(struct bytes in, struct append_entries *m);
struct log_entry next_entry(struct append_entries *m);

void put_append_reply(struct buf *out, const struct append_reply *m);
int get_append_reply(struct bytes in, struct append_reply *m);

void put_install_snapshot(struct buf *out, const struct install_snapshot *m);
int get_install_snapshot(struct bytes in, struct install_snapshot *m);

void put_snapshot_reply(struct buf *out, const struct snapshot_reply *m);
int get_snapshot_reply(struct bytes in, struct snapshot_reply *m);

#endif
