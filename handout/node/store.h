/*
 * store.h - what a node must not forget: term, vote and log entries.
 *
 * Changes take effect in memory at once and are durable when an
 * await_store_sync that began after them has returned OK. Figure 2: they must
 * be durable before anything that shows them leaves the node: an answer, and a
 * candidate's request too.
 *
 * Up to lab 3 the kit's memory store stands behind this header
 * (handout/standin/memstore.c): it survives restarts, and its sync takes
 * store_sync_ms, so that answering too early is already wrong. Lab 4 replaces
 * it by the student's write-ahead log.
 */
#ifndef CONCLAVE_STORE_H
#define CONCLAVE_STORE_H

#include <stdint.h>

#include "wire.h"

/* One entry of the log. Indexes start at 1. */
struct log_entry {
    uint64_t term;     /* of the leader that made it */
    struct bytes data; /* the command; borrowed from the store */
};

/* Brings back what was durable. Before anything else; OK or a DISK_ outcome. */
int await_store_open(void);

/* Figure 2's currentTerm (0 at first) and votedFor (NO_NODE: nobody). */
uint64_t store_term(void);
int store_voted_for(void);
void store_set_vote(uint64_t term, int voted_for);

/*
 * The log: the entries after the base. The base is 0 until a snapshot covers
 * the front of the log; then it is the last entry that the snapshot covers,
 * whose term is still known. The term of index 0, and of any other index not
 * held, is 0; store_last_index is the base's when nothing follows it.
 */
uint64_t store_base_index(void);
uint64_t store_last_index(void);
uint64_t store_term_at(uint64_t index);
struct log_entry store_entry(uint64_t index);

/* About how many bytes of disk the log takes: what compaction watches. */
uint64_t store_log_bytes(void);

/* Adds an entry at store_last_index() + 1; drops all entries after an index,
 * which is not below the base. */
void store_append(uint64_t term, struct bytes data);
void store_truncate_after(uint64_t index);

/*
 * A durable snapshot now covers all up to index, whose entry has this term:
 * the base moves there. Entries after it stay if the log holds that entry with
 * that term; else all of them go (Figure 13, InstallSnapshot rules 6 and 7).
 * An index at or below the base changes nothing.
 */
void store_compact(uint64_t index, uint64_t term);

/*
 * Waits until every change made before the call is durable. OK at once if
 * there is none; DISK_ERROR or DISK_FULL if it could not be made durable.
 */
int await_store_sync(void);

#endif
