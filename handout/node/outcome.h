/*
 * outcome.h - the small integers that functions return.
 *
 * 0 is success, a negative number is one of the names below. What a protocol
 * means by its answer ("I am not the leader", "your term is old") is never an
 * outcome: it is a field of the reply.
 */
#ifndef CONCLAVE_OUTCOME_H
#define CONCLAVE_OUTCOME_H

enum outcome {
    OK = 0,                    /* it worked */
    RPC_TIMEOUT = -1,          /* the deadline passed first */
    RPC_UNREACHABLE = -2,      /* no stream to the peer, or it broke */
    RPC_CANCELLED = -3,        /* the caller's cancel token fired */
    RPC_NO_METHOD = -4,        /* the peer knows no such method */
    RPC_REFUSED = -5,          /* the peer is overloaded or draining */
    RPC_FAILED = -6,           /* the peer's handler failed */
    TIMED_OUT = RPC_TIMEOUT,   /* a wait ended by its deadline */
    CANCELLED = RPC_CANCELLED, /* a wait ended by its cancel token */
    BAD_BYTES = -20,           /* bytes that do not decode */
    TOO_LARGE = -21,           /* over a named limit */
    NO_STREAM = -22,           /* a stream that is not up */
    DISK_NOT_FOUND = -40,      /* no such file */
    DISK_FULL = -41,           /* no space left */
    DISK_ERROR = -42,          /* the disk failed; unsynced bytes are gone */
    DISK_BAD_RANGE = -43,      /* a read or truncate past the end of the file */
};

/*
 * The name of an outcome ("RPC_TIMEOUT"), for logs and replies; a literal. A
 * number without a name gives "unknown outcome".
 */
const char *outcome_name(int outcome);

#endif
