/*
 * check.h - all invariants of Raft that frames, acts and syncs show.
 *
 * One checker for the proxy and the simulated world, made of two: elections
 * (election.h) and logs (logs.h). Both are told the same; what holds of time
 * and order stands in election.h. The proxy tells of frames and of the nodes'
 * lives; the simulated world also of acts and syncs, which only it sees in
 * their true order.
 */
#ifndef CONCLAVE_CHECK_H
#define CONCLAVE_CHECK_H

#include "election.h"
#include "logs.h"

struct check {
    struct election *election; /* who leads */
    struct logs *logs;         /* what is in the logs */
};

/* A checker for a cluster of these ids, 1 to CHECK_MAX_NODES of them. */
struct check check_new(const int *ids, int count);
void check_free(struct check *check);

/* Notes about the cluster, as in election.h. */
void check_settings(const struct check *check, uint32_t election_min_ms,
                    double fastest_rate);
void check_started(const struct check *check, int id, uint64_t incarnation,
                   uint64_t now_us);
void check_ended(const struct check *check, int id, uint64_t now_us);
/* The last entry of the log it is given, after logs_given of each (logs.h). */
void check_log(const struct check *check, int id, uint64_t last_index,
               uint64_t last_term);

/* A frame was read; it is handed over (each copy of it). As in election.h. */
uint64_t check_sent(const struct check *check, const struct seen_frame *seen);
void check_delivered(const struct check *check, uint64_t token,
                     uint64_t now_us);

/* Takes out a violation that was found. Ask after every event. */
bool check_found(const struct check *check, struct violation *violation);

#endif
