/*
 * calls.h - requests that were seen, for when their replies are.
 *
 * A reply names its request by the stream it travels on and the call's id. The
 * table remembers the latest CALLS_MAX requests of one kind; each has a token
 * that finds it again while it is remembered.
 */
#ifndef CONCLAVE_CALLS_H
#define CONCLAVE_CALLS_H

#include <stdbool.h>
#include <stdint.h>

#define CALLS_MAX 8192 /* requests remembered; a power of two */

/* One request. */
struct call {
    uint64_t token;          /* its number in the table, from 1; 0: free */
    uint64_t stream;         /* on which it travelled */
    uint64_t id;             /* the caller's name for it */
    uint64_t frame;          /* number of its frame */
    uint64_t term;           /* the sender's, as it says */
    uint64_t last_log_index; /* RequestVote: of the candidate's log */
    uint64_t last_log_term;  /* RequestVote: of the candidate's log */
    uint64_t delivered_us;   /* when it was first handed over; 0: not yet */
    uint32_t next;           /* in its hash chain: slot + 1; 0: last */
    uint8_t caller;          /* who asks: the node's place */
    uint8_t callee;          /* who is asked: the node's place */
    bool is_unclear;         /* its id names another request as well */
};

struct calls {
    struct call slots[CALLS_MAX]; /* by token */
    uint32_t chains[CALLS_MAX];   /* by hash: slot + 1; 0: empty */
    uint64_t count;               /* requests put in so far */
};

/*
 * Puts in a request, forgetting the oldest when there is no room. The caller
 * fills in what it says.
 */
struct call *calls_add(struct calls *calls, uint64_t stream, uint64_t id);

/* The request that the next calls_add will forget, or NULL: there is room. */
const struct call *calls_leaving(const struct calls *calls);

/* The latest request with this id on this stream, or NULL. */
struct call *calls_find(struct calls *calls, uint64_t stream, uint64_t id);

/* The request with this token, or NULL: forgotten. */
struct call *calls_at(struct calls *calls, uint64_t token);

#endif
