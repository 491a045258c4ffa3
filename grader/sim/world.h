/*
 * world.h - a cluster in virtual time: nodes, their network, disks and clients.
 *
 * Nothing happens but events, one after another, in the order of (virtual time,
 * place, sequence of that place). A place is where a node of the configuration
 * runs, or a seat that the test plays itself. Everything random is drawn from
 * one seed, a stream of draws for each purpose, so that the same seed and the
 * same orders give the same world.
 *
 *     struct world *world = world_new(&setup);
 *     world_start(world, 1, &(struct world_start){0}) ...
 *     while (world_step(world, until_us))
 *         ;
 *     world_free(world);
 *
 * What happens is told to a watcher. What a node does at its door goes into the
 * trace hash: two runs with the same hash did the same.
 */
#ifndef CONCLAVE_SIM_WORLD_H
#define CONCLAVE_SIM_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../handout/node/host.h"
#include "../check/check.h"
#include "../net/frame.h"
#include "../net/link.h"
#include "disk.h"
#include "loader.h"

#define WORLD_MAX_HOW    1024   /* bytes of a sentence about a node's end */
#define WORLD_BUSY_LIMIT 100000 /* upcalls within one virtual millisecond */
#define WORLD_ANYONE     (-1)   /* in place of a node's id: all of them */

struct world;

/* How a node's life ended. */
enum world_end {
    END_KILLED,  /* by the test, or at a crash point */
    END_STOPPED, /* it was told to stop, and has drained */
    END_FATAL,   /* it gave up, with a sentence */
    END_WRONG,   /* it ended itself, or was ended for what it did */
    END_CRASHED, /* its own process died (loader.h: is_isolated) */
};

/* Who is told what. Every function may be NULL. */
struct world_watch {
    void *arg; /* given to each */

    /* Frame `number` was sent; handed over (copy 1: a duplicate); lost. */
    void (*sent)(void *arg, const struct seen_frame *seen);
    void (*delivered)(void *arg, uint64_t number, int copy);
    void (*lost)(void *arg, uint64_t number, const char *why);

    /* A stream came ("up") or went ("down", "reset"). */
    void (*stream)(void *arg, uint64_t stream, int from, int to,
                   const char *what, uint64_t incarnation);

    /* Bytes that do not decode were sent. */
    void (*garbage)(void *arg, uint64_t stream, int from, int to, size_t len);

    void (*violation)(void *arg, const struct violation *violation);

    /* A node has ended, and how, in words. */
    void (*ended)(void *arg, int id, enum world_end end, const char *how);

    /* A node gave bytes to a client; it closed the client (NULL). */
    void (*client)(void *arg, uint64_t client, const void *data, size_t len);

    /* At a seat: a stream is up, has bytes, is gone. */
    void (*seat_up)(void *arg, int seat, uint64_t stream, int peer,
                    bool is_dialled);
    void (*seat_bytes)(void *arg, int seat, uint64_t stream, const void *data,
                       size_t len);
    void (*seat_down)(void *arg, int seat, uint64_t stream);

    /* An entry took effect; a snapshot was taken, or replaced the state. */
    void (*applied)(void *arg, int id, uint64_t index, uint64_t term,
                    const void *data, size_t len);
    void (*snapshot)(void *arg, int id, uint64_t index, uint64_t term,
                     const void *data, size_t len);
    void (*restored)(void *arg, int id, uint64_t index, uint64_t term,
                     const void *data, size_t len);
    void (*log)(void *arg, int id, const char *topic, uint64_t term,
                const char *text);

    /* A node did something at its door: what goes into the hash. */
    void (*act)(void *arg, int id, const char *what, uint64_t a, uint64_t b,
                const void *data, size_t len);

    /* A thing that is allowed, but that the node should not do: rand(). */
    void (*advice)(void *arg, int id, const char *text);
};

/* What a world is made from. All is borrowed for as long as it lives. */
struct world_setup {
    uint64_t seed;                   /* of everything random */
    const char *config;              /* the cluster's configuration */
    const struct code *code;         /* what nodes are copies of */
    const struct world_watch *watch; /* who is told */
};

/* How a node starts; {0} is the usual way. */
struct world_start {
    uint64_t incarnation;   /* 0: one more than the last */
    double rate;            /* of its monotonic clock; 0: as before */
    int64_t wall_offset_us; /* added to its wall clock */
};

/* What can be counted down to a crash. */
enum world_point {
    POINT_SEND,   /* a frame was sent */
    POINT_WRITE,  /* a write or an append was issued */
    POINT_SYNC,   /* a sync was issued (and does not end) */
    POINT_SYNCED, /* a sync has ended, and the node is not told */
    POINT_APPLY,  /* an entry was given to the state machine */
    POINT_COUNT,  /* how many there are */
};

/* What a world has gone through. */
struct world_counts {
    uint64_t events;  /* events that happened */
    uint64_t upcalls; /* upcalls into nodes */
    uint64_t frames;  /* frames sent */
    uint64_t hash;    /* the trace hash */
};

/* A world in which nothing runs yet, or NULL and a sentence in error. */
struct world *world_new(const struct world_setup *setup,
                        char error[LOADER_MAX_ERROR]);
void world_free(struct world *world);

/* Frees what worlds keep for the next one. */
void world_drop_cache(void);

/*
 * Lets the next event happen if it is due by until_us. False: there is none,
 * and it is until_us now (or, with UINT64_MAX, as late as it was).
 */
bool world_step(struct world *world, uint64_t until_us);

/* When the next event is due; UINT64_MAX: nothing will happen any more. */
uint64_t world_next_us(const struct world *world);
uint64_t world_now_us(const struct world *world);
struct world_counts world_counts(const struct world *world);

/* The ids of all places, in order; how many there are. */
int world_ids(const struct world *world, const int **ids);
bool world_has(const struct world *world, int id);
bool world_is_up(const struct world *world, int id);

/* Who was last seen to lead (sent AppendEntries of the highest term), or
 * NO_NODE, and in what term. */
int world_leader(const struct world *world, uint64_t *term);

/*
 * A leader that a majority of the cluster has acknowledged since the last
 * call of world_forget_leaders, or NO_NODE.
 */
int world_acknowledged(const struct world *world);
void world_forget_leaders(struct world *world);

/* ---- Orders ------------------------------------------------------------ */

/* Starts a node that is down. False: it would not, see the watcher. */
bool world_start(struct world *world, int id, const struct world_start *start);
void world_kill(struct world *world, int id);
void world_shut_down(struct world *world, int id);
void world_pause(struct world *world, int id);
void world_resume(struct world *world, int id);

/* The place becomes one that the test plays. */
void world_sit(struct world *world, int id);

/* The node dies at the count-th such point from now on; 0: it does not. */
void world_crash_at(struct world *world, int id, enum world_point point,
                    uint32_t count);

/* Clocks: a rate from now on; a jump of the wall clock; late alarms. */
void world_set_rate(struct world *world, int id, double rate);
void world_jump_wall(struct world *world, int id, int64_t by_us);
void world_set_jitter(struct world *world, int id, uint32_t jitter_us);

struct disk *world_disk(struct world *world, int id);

/* The faults of a link, to be read; setting them releases what waited. */
const struct link_faults *world_link(const struct world *world, int from,
                                     int to);
void world_set_link(struct world *world, int from, int to,
                    const struct link_faults *faults);

/* Resets the streams that `from` dialled to `to`, WORLD_ANYONE allowed. */
void world_reset(struct world *world, int from, int to);

/* The checker, for its settings and logs. */
const struct check *world_check(const struct world *world);

/* A client of a node: its number. Bytes to it; the client goes. */
uint64_t world_client(struct world *world, int id, enum client_port port);
void world_client_send(struct world *world, uint64_t client, const void *data,
                       size_t len);
void world_client_close(struct world *world, uint64_t client);

/* At a seat, as at a node's door: see host.h. */
uint64_t world_seat_dial(struct world *world, int seat, int peer);
int world_seat_send(struct world *world, int seat, uint64_t stream,
                    const void *data, size_t len);
void world_seat_close(struct world *world, int seat, uint64_t stream);

/* What every coroutine of a node waits for, NUL-ended; "" if it is down. */
void world_describe(struct world *world, int id, char *text, size_t size_bytes);

#endif
