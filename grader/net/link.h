/*
 * link.h - a directed link between two nodes: its faults and its decisions.
 *
 * The link FROM->TO governs every byte from one node to another, on whichever
 * streams they travel. It owns no queue and no clock; asked about a frame, it
 * answers with the frame's fate:
 *
 *     fate = link_fate(&link, &order, now_us);
 *     if (fate.lost != NULL)    it never arrives, and that is why
 *     else                      it arrives at fate.at_us,
 *         if (fate.has_copy)    and once more at fate.copy_at_us
 *
 * Order. The frames of one direction of one stream arrive in the order in which
 * they were sent, whatever their delays, as over TCP: a late one holds back
 * what follows. The exceptions are what `dup` and `reorder` are for: a copy,
 * and a frame that `reorder` holds back, may be overtaken, and while `reorder`
 * is set so may one delayed by `tail`.
 *
 * Chance. Each link draws from random streams of its own, one for each kind of
 * fault, and the n-th frame of a link always takes the n-th draws, whatever
 * is set. So traffic on one link never changes the fate of another's frames,
 * and turning one fault on leaves the others' choices as they were.
 */
#ifndef CONCLAVE_LINK_H
#define CONCLAVE_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rng.h"

#define LINK_MAX_FAULT_MS    600000     /* longest delay that may be set */
#define LINK_MAX_CHUNK_BYTES (1u << 20) /* largest piece that may be set */
#define LINK_COPY_SPREAD_MS  10         /* least range of a copy's delay */
#define LINK_MAX_PIECES      256        /* see link_piece */
#define LINK_MAX_ERROR       160        /* a sentence, with its NUL */

/* What is wrong with a link; {0} is a perfect one. */
struct link_faults {
    double loss;         /* probability that a frame is lost */
    double dup;          /* probability that it arrives twice */
    double tail;         /* probability of a long delay on top */
    double reorder;      /* probability that it is held back */
    uint32_t delay_ms;   /* delay of every frame */
    uint32_t jitter_ms;  /* up to so much more */
    uint32_t tail_ms;    /* up to so much for those of tail */
    uint32_t reorder_ms; /* up to so much for those of reorder */
    uint32_t chunk;      /* bytes leave in pieces of 1 to so many; 0: whole */
    bool is_cut;         /* nothing gets through */
    bool is_clogged;     /* everything waits */
};

/* What random streams are for, one each. */
enum link_use {
    LINK_LOSS,
    LINK_DUP,
    LINK_JITTER,
    LINK_TAIL,
    LINK_REORDER,
    LINK_COPY,
    LINK_RAW,
    LINK_CHUNK,
    LINK_USES /* how many there are */
};

/* A directed link. */
struct link {
    struct link_faults faults;    /* may be set at any time */
    struct rng chance[LINK_USES]; /* a random stream for each use */
};

/* One direction of one stream, for keeping order; {0} is a fresh one. */
struct link_order {
    uint64_t floor_us;  /* nothing in order arrives before */
    uint64_t latest_us; /* when the last of all arrives */
};

/* What becomes of a frame. */
struct link_fate {
    const char *lost;    /* NULL, or why it is lost: "loss" or "cut" */
    uint64_t at_us;      /* when it arrives */
    bool has_copy;       /* it arrives twice */
    uint64_t copy_at_us; /* when the copy arrives */
};

/* A perfect link, its random streams drawn from the seed. */
void link_init(struct link *link, uint64_t seed, int from, int to);

/* Decides about the next frame, sent now on the stream that order is of. */
struct link_fate link_fate(struct link *link, struct link_order *order,
                           uint64_t now_us);

/*
 * When bytes that do not decode, or the end of a stream, arrive: delayed like
 * a frame, after all that went before. They cannot be lost: they wait while
 * the link is cut or clogged.
 */
uint64_t link_raw_at(struct link *link, struct link_order *order,
                     uint64_t now_us);

/*
 * How many of the next left_bytes leave in one piece: all of them without
 * `chunk`, else 1 to chunk at random; where much is left, at most about
 * 1/LINK_MAX_PIECES of it, so that a long frame takes no minutes.
 */
size_t link_piece(struct link *link, size_t left_bytes);

/*
 * Reads one setting, "key=value", into faults:
 *
 *     loss=P dup=P delay_ms=N jitter_ms=N tail=P,MS reorder=P,MS cut=0|1
 *     clog=0|1 chunk=N
 *
 * False and a sentence in error if it is none; faults are then unchanged.
 */
bool link_set(struct link_faults *faults, const char *word,
              char error[LINK_MAX_ERROR]);

#endif
