/*
 * election.h - the invariants of elections, judged from frames alone.
 *
 * The checker is told, in one order of events, what the network saw: frames
 * read from their senders, frames handed to their receivers, and notes about
 * the nodes' lives. After each event it may have found rules broken:
 *
 *     token = election_sent(check, &seen);        // a frame was read
 *     while (election_found(check, &violation))
 *         report(&violation);
 *     ...
 *     election_delivered(check, token, now_us);   // just before it is written
 *
 * It keeps no clock and does no I/O: the proxy and the simulator share it.
 *
 * What it relies on. The frames that one node sends on different streams are
 * read in no particular order, and late by any amount: a process or the proxy
 * may stall for seconds. Three things do hold:
 *
 *   H1  What a node sends because of a frame is read after that frame was
 *       reported delivered. (Reported before it is written; only then can the
 *       node act on it, only then can its act be read.)
 *   H2  A delivery's time is not after the moment at which the node has the
 *       frame, and a sent frame's time not before the moment of its sending.
 *   H3  A request's incarnation is that of the process which sent it: requests
 *       travel on streams that their sender dialled, and the preface tells.
 *       Every start is noted before the process runs.
 *
 * Frames may be lost, copied, overtaken and delayed past restarts; no rule
 * reads anything into a frame's absence or its place among other frames beyond
 * H1. Why each rule never blames a correct node:
 *
 *   election-safety (Figure 3). A leader of term T sends AppendEntries or
 *       InstallSnapshot of T; nobody else does. Two senders of T are two
 *       leaders of T, in whatever order and however late they are read.
 *   vote-once (Figure 2, RequestVote rule 2; section 5.2). A granting reply of
 *       term T is a vote in T, and asking for votes in T is a vote for
 *       oneself. A vote stands for ever: it is durable before the frame that
 *       shows it leaves. So two votes of one node in T for different nodes are
 *       wrong, restarts between them or not. For whom a reply votes is what
 *       its request says; a stream and call id that stand for two requests
 *       show nothing and are not judged.
 *   vote-quorum (section 5.2). A leader of T holds the votes of a majority: its
 *       own and granting replies to its own requests of T. By H1 each of these
 *       replies was reported delivered before a frame of the leader is read.
 *       Replies that could only belong to other terms are not counted; where
 *       the checker has forgotten requests of T, or cannot tell them apart, T
 *       is not judged.
 *   term-kept (Figure 2, persistent state). A term that a node has sent in a
 *       request, or in a granting reply, is durable, so a later process of the
 *       node never sends a request of a lower one. By H3 requests are put to
 *       processes without regard to when they are read. A reply's process is
 *       not known; but one read before a start was noted is an earlier
 *       process's (H3 again), and only such are used.
 *   log-check (section 5.4.1). As long as no entry has been sent, logs hold at
 *       least what they held at first (a leader may have appended); so a
 *       candidate whose log is older than the voter's first must be refused.
 *       Judged until the first frame that carries entries or a snapshot, and
 *       only for nodes whose first log was noted.
 *   grant-term (Figure 2, RequestVote). A granted vote is one in the request's
 *       term; a granting reply of any other term would be counted for the
 *       wrong election.
 *   sender. RequestVote names its sender as candidate, AppendEntries and
 *       InstallSnapshot as leader, and requests travel on a stream that their
 *       sender dialled (docs/protocol.md).
 *   decodes. Raft's requests, and its replies of outcome 0, are as
 *       docs/protocol.md says.
 *   silence (section 5.2). A node that has accepted an AppendEntries of term A
 *       waits for at least the shortest election timeout before it asks for
 *       votes in a term above A. Suppose it accepted at time r (a successful
 *       reply of term A shows that it did) and asked at c in a term V > A. If
 *       c < r, its term at r was at least V > A and it would have refused; so
 *       c > r, and c - r is at least the timeout on its own clock. By H2 the
 *       delivery's time is at most r, and the reading of the request at least
 *       c. A copied frame counts as delivered the first time. The bound is the
 *       timeout over the rate of the fastest clock, less 1 ms for rounding.
 *       Judged only if both belong to the process that was noted last, and
 *       not for calls with a sequence: their replies may be remembered ones.
 *
 * Judged are only nodes whose start has been noted, and only once the Raft
 * settings have: a seat that the test plays itself may do what it likes, and
 * its frames still count as what others have heard.
 */
#ifndef CONCLAVE_ELECTION_CHECK_H
#define CONCLAVE_ELECTION_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../net/frame.h"
#include "terms.h"

#define VIOLATION_MAX_TEXT 256 /* a sentence, with its NUL */

/* A rule that was broken. */
struct violation {
    uint64_t time_us;                  /* of the event that showed it */
    int node;                          /* the id of the node that broke it */
    const char *rule;                  /* its name, as above */
    char expected[VIOLATION_MAX_TEXT]; /* a sentence */
    char observed[VIOLATION_MAX_TEXT]; /* a sentence */
};

/* A frame that was read from its sender. */
struct seen_frame {
    uint64_t number;           /* the frame's, for sentences */
    uint64_t time_us;          /* when it was read */
    int from;                  /* id of the node that sent it */
    int to;                    /* id of the node that it is for */
    uint64_t stream;           /* its stream, never used twice */
    int dialler;               /* id of the node that dialled the stream */
    uint64_t incarnation;      /* of the dialler, from the preface */
    const struct frame *frame; /* what was read */
};

struct election;

/* A checker for a cluster of these ids, 1 to CHECK_MAX_NODES of them. */
struct election *election_new(const int *ids, int count);
void election_free(struct election *check);

/*
 * Notes about the cluster. An id that is none of the cluster's is ignored.
 *
 * election_settings switches judging on: the shortest election timeout, and
 * the rate of the fastest clock (below 1 counts as 1).
 * election_started: a process of the node is about to run.
 * election_ended: it is no more.
 * election_log: the node's log at its first start, from its last entry.
 */
void election_settings(struct election *check, uint32_t election_min_ms,
                       double fastest_rate);
void election_started(struct election *check, int id, uint64_t incarnation,
                      uint64_t now_us);
void election_ended(struct election *check, int id, uint64_t now_us);
void election_log(struct election *check, int id, uint64_t last_index,
                  uint64_t last_term);

/*
 * A frame was read. Returns a token to hand back when the frame is delivered,
 * or 0 if the checker need not be told.
 */
uint64_t election_sent(struct election *check, const struct seen_frame *seen);

/* The frame with this token is about to be handed over (each copy of it). */
void election_delivered(struct election *check, uint64_t token,
                        uint64_t now_us);

/* Takes out a violation that was found. Ask after every event. */
bool election_found(struct election *check, struct violation *violation);

#endif
