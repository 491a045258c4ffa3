/*
 * cell.h - what a world shares with a node that runs in a process of its own.
 *
 * The process is forked from the world's (apart.c) and loads its copy of the
 * node there (tenant.c). Both share one piece of memory, and take turns at it:
 *
 *     world                          node's process
 *       an upcall   --TURN_NODE-->     runs it; calls of the host are noted
 *       obeys them  <--TURN_WORLD--    CELL_DONE: it is over
 *
 * Time stands still within an upcall and chance is drawn from a stream of the
 * node's own, so both are at hand there. Whether a stream or a client takes
 * bytes is known there, too, nearly always; where it is not, the node's process
 * says CELL_ASK, and goes on with the answer to its latest call.
 *
 *     to_world: | struct cell_call | len bytes, padded to 8 | cell_call | ...
 *
 * The world trusts nothing that it reads here; it looks once, and checks.
 */
#ifndef CONCLAVE_SIM_CELL_H
#define CONCLAVE_SIM_CELL_H

#include <stdatomic.h>

#include "inside.h"

#define CELL_AREA_BYTES (32u << 20)   /* for one side's bytes */
#define CELL_MAX_HOW    WORLD_MAX_HOW /* bytes of a sentence */

enum cell_turn { TURN_WORLD, TURN_NODE };

/* What the node's process says. */
enum cell_said {
    CELL_DONE,    /* the upcall is over */
    CELL_ASK,     /* it is not: obey so far, and answer the latest call */
    CELL_CRASHED, /* the node crashed, or loops for ever: see how */
    CELL_REFUSED, /* the node's code could not be loaded: see how */
};

/* What an upcall finds; besides those of inside.h, it may be a question. */
struct cell_upcall {
    struct upcall upcall;   /* its bytes are in to_node */
    bool is_description;    /* no upcall: what do coroutines wait for? */
    uint64_t now_us;        /* virtual time */
    uint64_t clock_us;      /* on the node's clock */
    int64_t wall_offset_us; /* of its wall clock */
    uint64_t upcalls;       /* into it, this one included */
    uint64_t incarnation;   /* of the node */
    uint64_t streams;       /* that have a number */
    uint64_t queued_bytes;  /* under way on all that it sends on */
    struct rng chance;      /* START: its random() */
    struct rng libc_chance; /* START: its rand() */
};

enum cell_kind {
    CALL_OPEN,         /* a: peer */
    CALL_WRITE,        /* a: stream; bytes */
    CALL_CLOSE,        /* a: stream */
    CALL_ALARM,        /* a: when */
    CALL_DISK,         /* a: token, b: offset, c: length; PATH NUL TO NUL and
                          what to write */
    CALL_CLIENT_WRITE, /* a: client; bytes */
    CALL_CLIENT_CLOSE, /* a: client */
    CALL_APPLY,        /* a: index, b: term; bytes */
    CALL_SNAPSHOT,     /* a: index, b: term; bytes */
    CALL_RESTORE,      /* a: index, b: term; bytes */
    CALL_TRACE,        /* a: term; TOPIC NUL TEXT NUL */
    CALL_STOPPED,      /* nothing */
    CALL_FATAL,        /* SENTENCE NUL */
    CALL_ADVICE,       /* TEXT NUL */
    CALL_DOOM,         /* it ended itself; HOW NUL */
};

struct cell_call {
    uint32_t kind; /* enum cell_kind */
    uint32_t disk; /* DISK: enum disk_kind */
    uint64_t a;    /* by kind */
    uint64_t b;    /* by kind */
    uint64_t c;    /* by kind */
    uint64_t len;  /* bytes that follow */
};

struct cell {
    _Atomic uint32_t turn;     /* enum cell_turn */
    uint32_t said;             /* enum cell_said */
    int64_t answer;            /* to CELL_ASK */
    uint64_t used;             /* bytes of to_world */
    char how[CELL_MAX_HOW];    /* a sentence, or several lines */
    struct cell_upcall upcall; /* what the node is to do */
    _Alignas(64) char to_node[CELL_AREA_BYTES];  /* its bytes */
    _Alignas(64) char to_world[CELL_AREA_BYTES]; /* calls */
};

/* Bytes that a call takes. */
static inline size_t cell_call_bytes(size_t len)
{
    return sizeof(struct cell_call) + ((len + 7) & ~(size_t)7);
}

/* Gives the turn to the other side, and wakes it. */
void cell_give(struct cell *cell, enum cell_turn to);

/* Waits until the turn has come, at most so long. False: it has not. */
bool cell_await(struct cell *cell, enum cell_turn turn, int at_most_ms);

/* ---- apart_calls.c: the world's process ---------------------------------- */

/* Obeys all calls that were noted, and answers the latest. */
void apart_obey(struct host *place, struct cell *cell);

/* ---- tenant.c: the node's process --------------------------------------- */

/* Loads the node and answers upcalls until it is killed. */
_Noreturn void tenant_run(struct host *place, struct cell *cell);

#endif
