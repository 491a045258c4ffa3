/*
 * mirror.c - see mirror.h. Given, but for the base, which part B needs.
 *
 * Entries stand in an array of which the front is unused: what compaction lets
 * go of is only skipped, and the rest moves down once that is half of it. So an
 * entry costs the same whether the log is long or short. Their bytes never
 * move.
 *
 *     slots   [ . . . . | e e e e e e | . . ]
 *                       ^ skipped     ^ skipped + count
 */
#include "mirror.h"

#include <stdlib.h>
#include <string.h>

#include "node.h"

/* An entry that owns its bytes. */
struct slot {
    uint64_t term; /* of the leader that made it */
    uint8_t *data; /* the command; NULL if it is empty */
    size_t len;    /* bytes of it */
};

static struct {
    bool has_summary;    /* something has been taken */
    uint64_t term;       /* see struct summary */
    int voted_for;       /* the same */
    uint64_t base_index; /* the same */
    uint64_t base_term;  /* the same */
    uint64_t floor;      /* index of the entry before the first one held */
    struct slot *slots;  /* the first held is slots[skipped] */
    size_t skipped;      /* unused slots at the front */
    size_t count;        /* entries held */
    size_t room;         /* slots allocated */
    uint64_t bytes;      /* of the records of all entries held */
} mirror = {.voted_for = NO_NODE};

static uint64_t last_index(void)
{
    return mirror.floor + mirror.count;
}

static void free_slot(struct slot *slot)
{
    mirror.bytes -= entry_record_bytes(slot->len);
    free(slot->data);
}

/* Lets go of the entries after an index. */
static void drop_after(uint64_t index)
{
    while (mirror.count > 0 && last_index() > index) {
        mirror.count--;
        free_slot(&mirror.slots[mirror.skipped + mirror.count]);
    }
    if (index < mirror.floor)
        mirror.floor = index;
}

/* Lets go of the entries up to an index. */
static void drop_until(uint64_t index)
{
    while (mirror.count > 0 && mirror.floor < index) {
        free_slot(&mirror.slots[mirror.skipped]);
        mirror.skipped++;
        mirror.count--;
        mirror.floor++;
    }
    if (mirror.skipped <= mirror.room / 2)
        return;
    memmove(mirror.slots, mirror.slots + mirror.skipped,
            mirror.count * sizeof mirror.slots[0]);
    mirror.skipped = 0;
}

static void hold(uint64_t term, struct bytes data)
{
    struct slot slot = {.term = term, .len = data.len};

    if (mirror.skipped + mirror.count == mirror.room) {
        mirror.room = mirror.room ? 2 * mirror.room : 64;
        mirror.slots = realloc(mirror.slots,
                               mirror.room * sizeof mirror.slots[0]);
        if (!mirror.slots)
            node_fatal("out of memory for %zu log entries", mirror.room);
    }
    if (data.len > 0) {
        slot.data = malloc(data.len);
        if (!slot.data)
            node_fatal("out of memory for a log entry of %zu bytes", data.len);
        memcpy(slot.data, data.data, data.len);
    }
    mirror.slots[mirror.skipped + mirror.count] = slot;
    mirror.count++;
    mirror.bytes += entry_record_bytes(data.len);
}

static bool is_same(const struct summary *a, const struct summary *b)
{
    return a->term == b->term && a->voted_for == b->voted_for &&
           a->base_index == b->base_index && a->base_term == b->base_term &&
           a->last_index == b->last_index;
}

static int take_summary(const struct summary *summary)
{
    struct summary mine = mirror_summary();

    if (mirror.has_summary)
        return is_same(summary, &mine) ? OK : BAD_BYTES;
    if (summary->base_index > summary->last_index)
        return BAD_BYTES;
    mirror.term = summary->term;
    mirror.voted_for = summary->voted_for;
    mirror.base_index = summary->base_index;
    mirror.base_term = summary->base_term;
    mirror.floor = summary->last_index;
    return OK;
}

/* A snapshot covers the log up to an entry. */
static int take_base(const struct record *record)
{
    // BEGIN SOLUTION:
    // | /* Your code here. */
    // | (void)record;
    // | (void)drop_until;
    // | return BAD_BYTES;
    if (record->index <= mirror.base_index)
        return BAD_BYTES;
    if (record->kind == RECORD_BASE && record->index > last_index())
        return BAD_BYTES;
    if (record->kind == RECORD_RESET) {
        drop_after(mirror.base_index);
        mirror.floor = record->index;
    }
    drop_until(record->index);
    mirror.base_index = record->index;
    mirror.base_term = record->term;
    return OK;
    // END SOLUTION
}

/* Takes a record of any kind. */
static int take(const struct record *record)
{
    switch (record->kind) {
    case RECORD_STATE:
        return take_summary(&record->summary);
    case RECORD_VOTE:
        mirror.term = record->term;
        mirror.voted_for = record->voted_for;
        return OK;
    case RECORD_ENTRY:
        if (record->index != last_index() + 1)
            return BAD_BYTES;
        hold(record->term, record->data);
        return OK;
    case RECORD_TRUNCATE:
        if (record->index < mirror.base_index || record->index > last_index())
            return BAD_BYTES;
        drop_after(record->index);
        return OK;
    case RECORD_BASE:
    case RECORD_RESET:
        return take_base(record);
    }
    return BAD_BYTES;
}

int mirror_take(const struct record *record)
{
    int outcome = take(record);

    if (outcome == OK)
        mirror.has_summary = true;
    return outcome;
}

struct summary mirror_summary(void)
{
    return (struct summary){
        .term = mirror.term,
        .voted_for = mirror.voted_for,
        .base_index = mirror.base_index,
        .base_term = mirror.base_term,
        .last_index = last_index(),
    };
}

bool mirror_is_whole(void)
{
    return mirror.floor == mirror.base_index;
}

/* ---- What store.h lets others see ----------------------------------------- */

uint64_t store_term(void)
{
    return mirror.term;
}

int store_voted_for(void)
{
    return mirror.voted_for;
}

uint64_t store_base_index(void)
{
    return mirror.base_index;
}

uint64_t store_last_index(void)
{
    return last_index();
}

static const struct slot *slot_of(uint64_t index)
{
    if (index <= mirror.floor || index > last_index())
        return NULL;
    return &mirror.slots[mirror.skipped + (index - mirror.floor - 1)];
}

uint64_t store_term_at(uint64_t index)
{
    const struct slot *slot = slot_of(index);

    if (slot)
        return slot->term;
    return index == mirror.base_index ? mirror.base_term : 0;
}

struct log_entry store_entry(uint64_t index)
{
    const struct slot *slot = slot_of(index);

    if (!slot)
        return (struct log_entry){0};
    return (struct log_entry){slot->term, bytes_of(slot->data, slot->len)};
}

uint64_t store_log_bytes(void)
{
    return mirror.bytes;
}
