/*
 * once.c - Lab 1, part B: what has been done is not done again.
 *
 * One record a client: its latest sequence, and what came of it. Records are
 * found by client and aged by last use; a record is thrown away only when its
 * client has been silent for once_keep_ms, because one that is still asking
 * would be served twice. A full table therefore refuses new clients rather
 * than forget an old one.
 *
 * The invariant: while a record says is_running, exactly one coroutine runs
 * its handler, and everybody else with that client's number waits.
 */
#include <stdlib.h>

#include "cancel.h"
#include "co.h"
#include "event.h"
#include "list.h"
#include "retry.h"

// BEGIN SOLUTION:
#define BUCKETS 256 /* of the hash table */

/* What is known of a client. */
struct record {
    struct list in_bucket; /* among those with the same hash */
    uint64_t client;       /* whose it is */
    uint64_t sequence;     /* of its latest request */
    bool is_running;       /* that request is being executed */
    struct cond ended;     /* broadcast when it has been */
    int outcome;           /* what came of it */
    struct buf reply;      /* and its reply */
    int users;             /* coroutines that hold this record */
    uint64_t used_us;      /* when its client was last heard of */
    struct list by_age;    /* among all, longest unused first */
};

static struct list buckets[BUCKETS];
static struct list ages = {&ages, &ages};
static size_t record_count;

static struct list *bucket_of(uint64_t client)
{
    return &buckets[(client * 0x9E3779B97F4A7C15u >> 32) % BUCKETS];
}

static struct record *record_find(uint64_t client)
{
    struct list *bucket = bucket_of(client);

    list_each(at, bucket) {
        struct record *record = list_entry(at, struct record, in_bucket);

        if (record->client == client)
            return record;
    }
    return NULL;
}

static void record_used(struct record *record)
{
    record->used_us = node_now_us();
    list_remove(&record->by_age);
    list_add(&ages, &record->by_age);
}

static void record_free(struct record *record)
{
    list_remove(&record->in_bucket);
    list_remove(&record->by_age);
    buf_free(&record->reply);
    free(record);
    record_count--;
}

/* Forgets a client that has been silent long enough; false: there is none. */
static bool make_room(void)
{
    uint64_t keep_us = (uint64_t)node_config()->once_keep_ms * 1000;
    uint64_t now_us = node_now_us();

    list_each(at, &ages) {
        struct record *record = list_entry(at, struct record, by_age);

        if (now_us - record->used_us < keep_us)
            return false;
        if (record->users == 0) {
            record_free(record);
            return true;
        }
    }
    return false;
}

/* The client's record, made if need be; NULL when there is no room. */
static struct record *record_get(uint64_t client)
{
    struct record *record = record_find(client);

    if (record)
        return record;
    if (record_count >= node_config()->once_max && !make_room())
        return NULL;

    record = calloc(1, sizeof *record);
    if (!record)
        node_fatal("out of memory: no room for one more client");
    record->client = client;
    cond_init(&record->ended, "an earlier request of the same client");
    list_init(&record->by_age);
    list_add(bucket_of(client), &record->in_bucket);
    record_count++;
    return record;
}

/* Runs the handler, whatever becomes of the one who asked. */
static void await_execution(struct record *record, struct rpc_chain rest,
                            const struct rpc_request *request)
{
    struct cancel *former = co_use(NULL);

    record->sequence = request->sequence;
    record->is_running = true;
    buf_clear(&record->reply);
    record->outcome = await_next_server(rest, request, &record->reply);
    record->is_running = false;
    co_use(former);
    cond_broadcast(&record->ended);
}

static int await_answer_once(struct record *record, struct rpc_chain rest,
                             const struct rpc_request *request,
                             struct buf *reply)
{
    while (record->is_running) {
        int outcome = await_cond(&record->ended);

        if (outcome != OK)
            return outcome;
    }
    if (request->sequence < record->sequence) {
        put_bytes(reply, bytes_text("this sequence is over: a later one has "
                                    "been asked for"));
        return RPC_REFUSED;
    }
    if (request->sequence > record->sequence)
        await_execution(record, rest, request);
    put_bytes(reply, buf_span(&record->reply));
    return record->outcome;
}

static int await_once(void *arg, struct rpc_chain rest,
                      const struct rpc_request *request, struct buf *reply)
{
    (void)arg;
    if (request->sequence == 0)
        return await_next_server(rest, request, reply);

    struct record *record = record_get(request->client);
    if (!record) {
        put_bytes(reply, bytes_text("no room to remember one more client"));
        return RPC_REFUSED;
    }
    record->users++;
    record_used(record);
    int outcome = await_answer_once(record, rest, request, reply);
    record_used(record);
    record->users--;
    return outcome;
}

// END SOLUTION
void once_start(void)
{
    // BEGIN SOLUTION:
    // | /* Your code here. */
    for (int i = 0; i < BUCKETS; i++)
        list_init(&buckets[i]);
    rpc_intercept_server(await_once, NULL);
    // END SOLUTION
}

size_t once_count(void)
{
    // BEGIN SOLUTION:
    // | /* Your code here. */
    // | return 0;
    return record_count;
    // END SOLUTION
}
