/*
 * memstore.c - the kit's memory store: what labs 1 to 3 have for a disk.
 *
 * Term, vote and log live in memory. A write takes all of them as they are when
 * it begins, waits store_sync_ms, as a slow disk would, and puts them into one
 * of two files: the older one, so that a crash in mid-write leaves the newer
 * one whole. There is one write at a time; a sync that comes while it lasts
 * waits for the next one, with all others that did. Opening takes the newest
 * file that is intact.
 *
 *     0          8         16         24        28       32
 *     +----------+----------+----------+---------+--------+-------------+
 *     | checksum | changes  | term     | vote    | count  | count times |
 *     | u64      | u64      | u64      | u32 + 1 | u32    | entry       |
 *     +----------+----------+----------+---------+--------+-------------+
 *                                      entry: term u64, length u32, bytes
 *
 * changes rises with every change ever made, so the higher one is the newer
 * file. The checksum (64-bit FNV-1a) covers the entries and then the rest of
 * the head; a file may be longer than that, from the days when the log was.
 * Entries that the file holds already from two writes ago are not written again.
 *
 * The invariant: what an await_store_sync that returned OK has covered is found
 * by every later await_store_open. What none has covered dies with the node.
 *
 * Two files of everything are naive on purpose. Doing better is lab 4.
 */
#include "store.h"

#include <stdlib.h>

#include "co.h"
#include "disk.h"
#include "event.h"
#include "node.h"

#define HEAD_BYTES 32                  /* of a file, before the first entry */
#define FNV_START  0xcbf29ce484222325u /* the checksum of nothing */

/* An entry that owns its bytes. */
struct held_entry {
    uint64_t term;   /* of the leader that made it */
    struct buf data; /* the command */
    uint64_t end;    /* where it ends in a file */
    uint64_t sum;    /* checksum of all entries up to it */
};

/* All that the store knows. */
static struct {
    uint64_t term;              /* Figure 2's currentTerm */
    int voted_for;              /* Figure 2's votedFor, or NO_NODE */
    struct held_entry *entries; /* entries[0] has index 1 */
    size_t count;               /* entries in use */
    size_t room;                /* entries allocated */
    uint64_t changes;           /* ever made, restarts included */
    uint64_t durable;           /* the first so many of them are on disk */
    int newest;                 /* which file holds those: 0 or 1 */
    bool is_listed[2];          /* the file's name itself is durable */
    size_t same[2];             /* entries that the file holds as we do */
    bool is_writing;            /* one sync at a time writes */
    struct cond written;        /* broadcast when it is done */
} store;

static const char *const files[2] = {"memstore.0", "memstore.1"};

/* FNV-1a: spreads every bit over the sum; finds torn writes, not attackers. */
static uint64_t add_to_sum(uint64_t sum, struct bytes bytes)
{
    for (size_t i = 0; i < bytes.len; i++)
        sum = (sum ^ bytes.data[i]) * 0x100000001b3u;
    return sum;
}

/* Where the first count entries end in a file; their checksum. */
static uint64_t end_of(size_t count)
{
    return count > 0 ? store.entries[count - 1].end : HEAD_BYTES;
}

static uint64_t sum_of(size_t count)
{
    return count > 0 ? store.entries[count - 1].sum : FNV_START;
}

/* An entry's bytes in a file. */
static void put_held(struct buf *out, const struct held_entry *entry)
{
    put_u64(out, entry->term);
    put_u32(out, (uint32_t)entry->data.len);
    put_bytes(out, buf_span(&entry->data));
}

/* Takes an entry into memory. */
static void hold_entry(uint64_t term, struct bytes data)
{
    struct held_entry entry = {.term = term};
    struct buf image = {0};

    if (store.count == store.room) {
        store.room = store.room ? 2 * store.room : 16;
        store.entries = realloc(store.entries,
                                store.room * sizeof store.entries[0]);
        if (!store.entries)
            node_fatal("out of memory for %zu log entries", store.room);
    }
    put_bytes(&entry.data, data);
    put_held(&image, &entry);
    entry.end = end_of(store.count) + image.len;
    entry.sum = add_to_sum(sum_of(store.count), buf_span(&image));
    buf_free(&image);
    store.entries[store.count++] = entry;
}

/* Lets go of all entries after the first count. */
static void drop_entries_after(size_t count)
{
    while (store.count > count)
        buf_free(&store.entries[--store.count].data);
    for (int i = 0; i < 2; i++)
        if (store.same[i] > count)
            store.same[i] = count;
}

/* A file's head, for the state as it is now. */
static void put_head(struct buf *out)
{
    struct buf rest = {0};

    put_u64(&rest, store.changes);
    put_u64(&rest, store.term);
    put_u32(&rest, (uint32_t)(store.voted_for + 1));
    put_u32(&rest, (uint32_t)store.count);
    put_u64(out, add_to_sum(sum_of(store.count), buf_span(&rest)));
    put_bytes(out, buf_span(&rest));
    buf_free(&rest);
}

/* Reads a file into memory if it is intact and newer than what is there. */
static bool get_image(struct bytes bytes)
{
    struct wire_in in = wire_in(bytes);
    uint64_t checksum = get_u64(&in);
    struct bytes rest = bytes_of(in.at, HEAD_BYTES - 8);
    uint64_t changes = get_u64(&in);
    uint64_t term = get_u64(&in);
    int voted_for = (int)get_u32(&in) - 1;
    uint32_t count = get_u32(&in);
    struct wire_in entries = in;

    for (uint32_t i = 0; i < count && !in.bad; i++) {
        get_u64(&in);
        get_bytes(&in, get_u32(&in));
    }
    if (in.bad || changes <= store.changes)
        return false;
    uint64_t sum = add_to_sum(
        FNV_START, bytes_of(entries.at, (size_t)(in.at - entries.at)));
    if (add_to_sum(sum, rest) != checksum)
        return false;

    drop_entries_after(0);
    for (uint32_t i = 0; i < count; i++) {
        uint64_t entry_term = get_u64(&entries);
        hold_entry(entry_term, get_bytes(&entries, get_u32(&entries)));
    }
    store.term = term;
    store.voted_for = voted_for;
    store.changes = changes;
    return true;
}

/* The log that the configuration gives a node for its first start. */
static void seed_log(void)
{
    const struct config_node *self = config_find(node_config(), node_id());

    for (size_t i = 0; i < self->log_count; i++) {
        hold_entry(self->log[i], (struct bytes){0});
        if (self->log[i] > store.term)
            store.term = self->log[i];
    }
}

int await_store_open(void)
{
    cond_init(&store.written, "memory store's write");
    store.voted_for = NO_NODE;
    for (int i = 0; i < 2; i++) {
        struct buf file = {0};
        uint64_t size = 0;

        int outcome = await_disk_size(files[i], &size);
        if (outcome == OK)
            outcome = await_disk_read(files[i], 0, (size_t)size, &file);
        if (outcome == OK && get_image(buf_span(&file))) {
            store.newest = i;
            store.is_listed[i] = true;
            store.same[0] = store.same[1] = 0;
        }
        buf_free(&file);
        if (outcome != OK && outcome != DISK_NOT_FOUND)
            return outcome;
    }
    if (store.changes == 0)
        seed_log();
    store.durable = store.changes;
    return OK;
}

uint64_t store_term(void)
{
    return store.term;
}

int store_voted_for(void)
{
    return store.voted_for;
}

void store_set_vote(uint64_t term, int voted_for)
{
    if (term == store.term && voted_for == store.voted_for)
        return;
    store.term = term;
    store.voted_for = voted_for;
    store.changes++;
}

/* The memory store keeps the whole log: nothing compacts it before lab 4. */
uint64_t store_base_index(void)
{
    return 0;
}

void store_compact(uint64_t index, uint64_t term)
{
    (void)index;
    (void)term;
    node_fatal("the memory store keeps the whole log: it is not compacted");
}

uint64_t store_log_bytes(void)
{
    return 0;
}

uint64_t store_last_index(void)
{
    return store.count;
}

uint64_t store_term_at(uint64_t index)
{
    if (index == 0 || index > store.count)
        return 0;
    return store.entries[index - 1].term;
}

struct log_entry store_entry(uint64_t index)
{
    if (index == 0 || index > store.count)
        return (struct log_entry){0};

    const struct held_entry *held = &store.entries[index - 1];
    return (struct log_entry){held->term, buf_span(&held->data)};
}

void store_append(uint64_t term, struct bytes data)
{
    hold_entry(term, data);
    store.changes++;
}

void store_truncate_after(uint64_t index)
{
    if (index >= store.count)
        return;
    drop_entries_after((size_t)index);
    store.changes++;
}

/* Brings the older of the two files up to date and makes it the newest. from is
 * where its entries begin to differ. */
static int await_write(struct bytes head, uint64_t from, struct bytes entries)
{
    int older = 1 - store.newest;

    int outcome = await_disk_write(files[older], 0, head);
    if (outcome == OK && entries.len > 0)
        outcome = await_disk_write(files[older], from, entries);
    if (outcome == OK)
        outcome = await_disk_sync(files[older]);
    if (outcome == OK && !store.is_listed[older])
        outcome = await_disk_sync_dir();
    if (outcome != OK) {
        store.same[older] = 0; /* who knows what it holds */
        return outcome;
    }
    store.is_listed[older] = true;
    store.newest = older;
    return OK;
}

/*
 * Makes durable what there is now. Those who come while it lasts wait for the
 * next one, and share that. Once begun it is seen through: others may rely on
 * it, and a write under way cannot be called back.
 */
static int await_write_all(void)
{
    uint64_t changes = store.changes;
    size_t *same = &store.same[1 - store.newest];
    uint64_t from = end_of(*same);
    struct buf head = {0};
    struct buf entries = {0};

    put_head(&head);
    for (size_t i = *same; i < store.count; i++)
        put_held(&entries, &store.entries[i]);
    *same = store.count; /* what changes from here on makes it less */

    struct cancel *former = co_use(NULL);
    store.is_writing = true;
    await_sleep(node_config()->store_sync_ms);
    int outcome = await_write(buf_span(&head), from, buf_span(&entries));
    store.is_writing = false;
    co_use(former);
    if (outcome == OK)
        store.durable = changes;
    cond_broadcast(&store.written);
    buf_free(&head);
    buf_free(&entries);
    return outcome;
}

int await_store_sync(void)
{
    uint64_t changes = store.changes;
    int outcome = OK;

    while (outcome == OK && store.durable < changes)
        outcome = store.is_writing ? await_cond(&store.written)
                                   : await_write_all();
    return outcome;
}
