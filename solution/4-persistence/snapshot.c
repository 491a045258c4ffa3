/*
 * snapshot.c - Lab 4, part B: when a snapshot is taken, and what a node begins
 * with.
 *
 * A log that only grows fills every disk, and replaying it takes for ever. So
 * now and then the state machine is written down as it is, and what the log
 * holds up to there is dropped (section 7).
 *
 *     log     [ 1 2 3 4 5 6 7 ] 8 9        the machine has applied 7
 *                   |
 *                   v  snapshot of 7: temp file, sync, rename, sync of the
 *                      folder; only now it is there whatever happens
 *     log       base 7          8 9
 *
 *     the invariant: at every moment a crash would find a snapshot and a log
 *     that holds what follows it. The snapshot may be newer than the log's
 *     base, or than the whole log: then opening cuts the log. It is never
 *     older than the base.
 *
 * So SNAPSHOT_FILE changes first and the base after it, and nobody changes
 * either but in his turn (snapshot_file.h): a snapshot that this node takes and
 * one that comes from a leader never mix, and neither replaces a newer one.
 *
 * The stage in files: snapshot_file.c the file; snapshot_send.c and
 * snapshot_receive.c its way to another node.
 */
#include "snapshot.h"

#include "co.h"
#include "disk.h"
#include "machine.h"
#include "node.h"
#include "snapshot_file.h"
#include "snapshot_receive.h"
#include "store.h"

#define SLOWEST_WATCH 16 /* heartbeat intervals between two attempts, at most */

/* ---- Taking -------------------------------------------------------------- */

// BEGIN SOLUTION:
/* Takes one, in our turn. */
static int await_take(void)
{
    struct snapshot_id id = {0};
    struct buf state = {0};

    int outcome = await_machine_snapshot(&id.index, &id.term, &state);
    if (outcome == OK)
        outcome = await_snapshot_file_write(TAKEN_FILE, &id, buf_span(&state));
    buf_free(&state);
    if (outcome == OK)
        outcome = await_snapshot_file_publish(TAKEN_FILE, id);
    if (outcome != OK) {
        /* It only takes room. If it cannot be removed now, the next attempt
         * or the next start will. */
        await_disk_remove(TAKEN_FILE);
        LOG("snapshot", "not taken: %s", outcome_name(outcome));
        return outcome;
    }
    store_compact(id.index, id.term);
    LOG("snapshot", "taken of %llu entries, %llu bytes",
        (unsigned long long)id.index, (unsigned long long)id.size_bytes);
    return OK;
}
// END SOLUTION

int await_snapshot_take(void)
{
    // BEGIN SOLUTION:
    // | /* Your code here. */
    // | return RPC_NO_METHOD;
    int outcome = await_snapshot_turn();

    if (outcome != OK)
        return outcome;
    /* Whoever had the turn before us may have done our work. */
    if (machine_index() > snapshot_file_current().index)
        outcome = await_take();
    /* The cut, too, is on disk before we say so, and files can go. If that
     * fails, opening will make it again. */
    if (outcome == OK)
        outcome = await_store_sync();
    snapshot_give_back_turn();
    return outcome;
    // END SOLUTION
}

/* Whether the log has become longer than it should, and a snapshot would help.
 * What has not been applied cannot be cut away. */
static bool is_log_long(void)
{
    // BEGIN SOLUTION:
    // | /* Your code here. */
    // | return false;
    uint32_t limit = node_config()->snapshot_log_bytes;

    return limit > 0 && store_log_bytes() > limit &&
           machine_index() > snapshot_file_current().index;
    // END SOLUTION
}

/*
 * Keeps the log short: looks whenever something has been applied, which is when
 * there is more to cut. When a snapshot could not be taken, or has not made the
 * log short enough (its end is not applied yet), the next attempt waits twice
 * as long, up to a bound: a full disk is not worked at in a hot loop, and
 * between two attempts the log grows by no more than that time's load.
 */
static void watch_log(void *arg)
{
    // BEGIN SOLUTION:
    // | /* Your code here. */
    // | (void)arg;
    // | (void)is_log_long;
    uint32_t wait = 1; /* in heartbeat intervals */
    int outcome = OK;
    (void)arg;

    while (outcome == OK) {
        if (!is_log_long()) {
            wait = 1;
            outcome = await_machine_beyond(machine_index());
        } else if (await_snapshot_take() != OK || is_log_long()) {
            outcome = await_sleep(wait * node_config()->heartbeat_ms);
            if (wait < SLOWEST_WATCH)
                wait *= 2;
        }
    }
    // END SOLUTION
}

/* ---- Opening ------------------------------------------------------------- */

// BEGIN SOLUTION:
/* Removes what a crash has left half done. */
static int await_remove_leftovers(void)
{
    int outcome = await_disk_remove(TAKEN_FILE);

    if (outcome == OK || outcome == DISK_NOT_FOUND)
        outcome = await_disk_remove(RECEIVED_FILE);
    return outcome == DISK_NOT_FOUND ? OK : outcome;
}

/* Puts the node into the state that the snapshot describes. */
static int await_restore(struct snapshot_id id, struct bytes state)
{
    int outcome = await_machine_restore(id.index, id.term, state);

    if (outcome == BAD_BYTES)
        node_fatal("%s is whole, but the state machine cannot read the state "
                   "at offset %d: was it written by another version?",
                   SNAPSHOT_FILE, SNAPSHOT_HEADER_BYTES);
    if (outcome != OK)
        return outcome;
    /* The log may still hold what the snapshot covers: the crash came before
     * the cut was durable. To apply that again would be to apply it twice. */
    store_compact(id.index, id.term);
    replication_restored(id.index);
    LOG("snapshot", "starts from %llu, the log reaches to %llu",
        (unsigned long long)id.index, (unsigned long long)store_last_index());
    return OK;
}
// END SOLUTION

int await_snapshot_open(void)
{
    // BEGIN SOLUTION:
    // | /* Your code here. */
    // | snapshot_file_start((struct snapshot_id){0});
    // | return OK;
    struct snapshot_id id = {0};
    struct buf state = {0};
    struct damage damage = {0};

    int outcome = await_remove_leftovers();
    if (outcome == OK)
        outcome = await_snapshot_file_read(SNAPSHOT_FILE, &id, &state, &damage);
    if (outcome == BAD_BYTES)
        node_fatal("%s is damaged at offset %llu: %s. Bring the file back from "
                   "a copy of it, or replace this node by a new one",
                   SNAPSHOT_FILE, (unsigned long long)damage.offset,
                   damage.text);
    if (outcome == DISK_NOT_FOUND)
        outcome = OK;
    if (outcome == OK && id.index < store_base_index())
        node_fatal("%s reaches to entry %llu, but the log begins after entry "
                   "%llu: what lies between is lost. Bring the snapshot back "
                   "from a copy of it, or replace this node by a new one",
                   SNAPSHOT_FILE, (unsigned long long)id.index,
                   (unsigned long long)store_base_index());
    snapshot_file_start(id);
    if (outcome == OK && id.index > 0)
        outcome = await_restore(id, buf_span(&state));
    buf_free(&state);
    return outcome;
    // END SOLUTION
}

void snapshot_start(void)
{
    snapshot_receive_start();
    if (node_config()->snapshot_log_bytes > 0)
        co_spawn("log's length", watch_log, NULL);
}
