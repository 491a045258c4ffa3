/*
 * message.h - what frames carry: requests, replies and Raft's messages.
 *
 * Decoders written from docs/protocol.md alone, for the checker. Each returns
 * whether the bytes are exactly such a message: none missing, none left over,
 * booleans 0 or 1. Spans are borrowed from the bytes given.
 */
#ifndef CONCLAVE_MESSAGE_H
#define CONCLAVE_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Raft's method numbers. */
enum message_method {
    METHOD_VOTE = 1,     /* RequestVote */
    METHOD_APPEND = 2,   /* AppendEntries */
    METHOD_SNAPSHOT = 3, /* InstallSnapshot */
};

/* The head of every REQUEST's payload. */
struct message_request {
    uint32_t budget_ms;  /* the time that the caller will still wait */
    uint64_t client;     /* who asks, for at-most-once */
    uint64_t sequence;   /* its how-manieth request; 0: no care */
    const uint8_t *body; /* the method's own bytes */
    size_t body_len;     /* how many */
};

/* The head of every REPLY's payload. */
struct message_reply {
    int32_t outcome;     /* 0, or a negative outcome */
    const uint8_t *body; /* the method's own bytes, or the error's text */
    size_t body_len;     /* how many */
};

struct vote_request {
    uint64_t term;           /* candidate's term */
    uint32_t candidate;      /* who asks for the vote */
    uint64_t last_log_index; /* of the candidate's last entry */
    uint64_t last_log_term;  /* its term */
};

struct vote_answer {
    uint64_t term; /* the voter's term */
    bool granted;  /* the candidate has the vote */
};

struct append_request {
    uint64_t term;           /* leader's term */
    uint32_t leader;         /* who leads */
    uint64_t prev_log_index; /* entry before the new ones */
    uint64_t prev_log_term;  /* its term */
    uint64_t leader_commit;  /* leader's commit index */
    uint32_t count;          /* entries that follow */
};

struct append_answer {
    uint64_t term;           /* the follower's term */
    bool success;            /* its log matched */
    uint64_t match_index;    /* on success: last entry known to match */
    uint64_t conflict_index; /* else: where to look next */
    uint64_t conflict_term;  /* else: term of the entry there, or 0 */
};

struct snapshot_request {
    uint64_t term;                /* leader's term */
    uint32_t leader;              /* who leads */
    uint64_t last_included_index; /* the snapshot replaces all up to it */
    uint64_t last_included_term;  /* its term */
    uint64_t offset;              /* where the chunk goes */
    bool done;                    /* the last chunk */
    uint32_t length;              /* bytes of the chunk */
};

struct snapshot_answer {
    uint64_t term;        /* the follower's term */
    uint64_t next_offset; /* what it wants next */
};

bool message_request(const uint8_t *data, size_t len,
                     struct message_request *message);
bool message_reply(const uint8_t *data, size_t len,
                   struct message_reply *message);

bool message_vote_request(const uint8_t *body, size_t len,
                          struct vote_request *m);
bool message_vote_answer(const uint8_t *body, size_t len,
                         struct vote_answer *m);
bool message_append_request(const uint8_t *body, size_t len,
                            struct append_request *m);
bool message_append_answer(const uint8_t *body, size_t len,
                           struct append_answer *m);
bool message_snapshot_request(const uint8_t *body, size_t len,
                              struct snapshot_request *m);
bool message_snapshot_answer(const uint8_t *body, size_t len,
                             struct snapshot_answer *m);

/* "RequestVote", "AppendEntries", "InstallSnapshot", or NULL: not Raft's. */
const char *message_method_name(uint16_t method);

#endif
