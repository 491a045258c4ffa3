/*
 * kv.h - Lab 5: a key-value store over the log.
 *
 *     RESP, text port --> front (the kit's) --kv_command--> await_kv
 *                                                            |      |
 *                                             a write: the log    a read:
 *                                             await_propose    await_leadership
 *                                                            |      |
 *                         every node: kv_machine.await_apply v      v
 *                                                         the state: state.c
 *                                                         sessions: session.c
 *
 * Time is in the log: a write carries the wall clock of the leader that
 * proposed it, and the state's own time is the latest that it has seen. A key
 * is gone once its expiry is not after the state's time. Nobody's clock is
 * asked when an entry is applied, so all replicas agree.
 */
#ifndef CONCLAVE_KV_H
#define CONCLAVE_KV_H

#include <stdint.h>

#include "lease.h"
#include "machine.h"
#include "replication.h"
#include "wire.h"

#define KV_MAX_KEYS        1024         /* in one command */
#define KV_MAX_KEY_BYTES   1024         /* of one key */
#define KV_MAX_VALUE_BYTES (512u << 10) /* of one value */

/* What a command does. The numbers are part of the log's format. */
enum kv_op {
    KV_GET = 1,    /* key: its value and version */
    KV_MGET = 2,   /* keys: their values */
    KV_EXISTS = 3, /* keys: how many there are */
    KV_TTL = 4,    /* key: milliseconds until it expires */
    KV_DBSIZE = 5, /* how many keys there are */

    KV_SET = 16,    /* key, value, expires_in_ms */
    KV_DEL = 17,    /* keys: how many there were */
    KV_INCRBY = 18, /* key, amount: the sum */
    KV_APPEND = 19, /* key, value: the new length */
    KV_CAS = 20,    /* key, value, version, expires_in_ms: the new version */

    KV_OPEN = 32, /* a new session: its number */
    KV_TICK = 33, /* nothing but the time */
};

/* Reads change nothing and need no entry. */
#define KV_IS_READ(op) ((op) < KV_SET)

/* One command. The spans are borrowed. */
struct kv_command {
    enum kv_op op;            /* what to do */
    uint64_t session;         /* whose; 0: nobody's */
    uint64_t sequence;        /* the session's how-manieth */
    uint64_t expires_in_ms;   /* KV_SET, KV_CAS; 0: never */
    uint64_t version;         /* KV_CAS: the key's, or 0: there is none */
    int64_t amount;           /* KV_INCRBY */
    struct bytes value;       /* KV_SET, KV_APPEND, KV_CAS */
    uint32_t key_count;       /* keys in use */
    const struct bytes *keys; /* the keys */
};

/* What a command is answered. The numbers are part of the snapshot's format. */
enum kv_kind {
    KV_DONE = 0,          /* it is done; version: of what was written */
    KV_NOTHING = 1,       /* there is no such key */
    KV_NUMBER = 2,        /* number; version: of what was written, if it was */
    KV_VALUE = 3,         /* value, version, number: its expiry, or 0 */
    KV_VALUES = 4,        /* count of them follow, each as an answer */
    KV_WRONG_VERSION = 5, /* KV_CAS: the key has this version instead */
    KV_NOT_A_NUMBER = 6,  /* KV_INCRBY of a value that is none, or overflow */
    KV_TOO_LONG = 7,      /* KV_APPEND would pass KV_MAX_VALUE_BYTES */
    KV_NO_SESSION = 8,    /* the session was never opened, or is forgotten */
    KV_OLD_SEQUENCE = 9,  /* the session has gone on since: answer forgotten */
};

/* One answer. The value is borrowed. */
struct kv_answer {
    enum kv_kind kind;  /* which of them */
    int64_t number;     /* see above */
    uint64_t version;   /* see above */
    struct bytes value; /* see above */
    uint32_t count;     /* KV_VALUES */
};

/*
 * The bytes of both: see docs/protocol.md. An entry is a head and count
 * commands; stamp_ms is the proposer's wall clock, in milliseconds since 1970.
 * A getter of a bad one makes the input's error sticky; what a command's keys
 * point to holds until the next one is got.
 */
void put_kv_head(struct buf *out, uint64_t stamp_ms, uint32_t count);
void put_kv_command(struct buf *out, const struct kv_command *command);
uint32_t get_kv_head(struct wire_in *in, uint64_t *stamp_ms);
struct kv_command get_kv_command(struct wire_in *in);
void put_kv_answer(struct buf *out, const struct kv_answer *answer);

/* Reads the next answer; after a KV_VALUES, so many more. A bad one makes the
 * input's error sticky. */
struct kv_answer get_kv_answer(struct wire_in *in);

/* ---- What you write ------------------------------------------------------ */

/*
 * Executes commands in their order, as one, and appends an answer for each: as
 * one entry of the log, or, if all of them read, without an entry (section 8).
 * What a client has pipelined comes together, and so costs one round. All of
 * them take effect at one moment, or none does. PROPOSED_OK; or why there are
 * no answers: PROPOSED_LOST means that they may yet take effect. Reads have no
 * effect: they are never lost, only not this node's to answer. While
 * lease_holds() (lease.h; an elective, until then always false) they need not
 * ask await_leadership.
 */
enum proposed await_kv(const struct kv_command commands[], uint32_t count,
                       struct buf *answers);

/* The state machine (state.c), registered before the stages start. */
extern const struct machine kv_machine;

/* Brings the state to its beginning: empty. Called once, first. */
void kv_start(void);

#endif
