/*
 * wal_model.h - what the changes to a store come to; for wal_test.c alone.
 *
 * Everything here outlives the processes that wal_test.c forks: it is shared.
 */
#ifndef CONCLAVE_SELFTEST_WAL_MODEL_H
#define CONCLAVE_SELFTEST_WAL_MODEL_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host.h"
#include "selftest.h"
#include "store.h"

#define CHANGES        4096       /* of one life at most */
#define LOG_SLOTS      2048       /* indexes that a log spans at most */
#define IMAGE_BYTES    (2u << 20) /* of all files */
#define SENTENCE_BYTES 512        /* with its NUL */

/* One change, as the test asked for it. */
struct change_made {
    enum { VOTE, APPEND, TRUNCATE, COMPACT } kind;
    uint64_t index; /* TRUNCATE, COMPACT */
    uint64_t term;  /* all but TRUNCATE */
    int voted_for;  /* VOTE */
    uint32_t len;   /* APPEND */
};

/* What changes come to. */
struct model {
    uint64_t term, base, base_term, last;
    int voted_for;
    uint64_t terms[LOG_SLOTS]; /* by index, modulo */
    uint32_t lens[LOG_SLOTS];  /* the same */
};

/* What outlives a life. */
static struct {
    uint64_t seed;                       /* of the next life */
    struct model durable;                /* what changes[0..acked) come to */
    struct model before_last;            /* without the last batch */
    struct change_made changes[CHANGES]; /* since the life began */
    uint32_t made, acked;                /* of these */
    uint32_t flips;                      /* 1: bits flip before this life */
    bool must_end_well;                  /* no crash in this life */
    bool has_failed;                     /* a sync was made to fail */
    char sentence[SENTENCE_BYTES];       /* of node_fatal */
    uint64_t syncs;                      /* that ended well, in all lives */
    size_t image_len;                    /* of what is on disk */
    uint8_t image[IMAGE_BYTES];          /* name, length, bytes, ... */
} * world;

static uint64_t draw(uint64_t below)
{
    world->seed = world->seed * 6364136223846793005u + 1442695040888963407u;
    return (world->seed >> 33) % below;
}

/* ---- The model ----------------------------------------------------------- */

static void model_take(struct model *m, const struct change_made *c)
{
    switch (c->kind) {
    case VOTE:
        m->term = c->term;
        m->voted_for = c->voted_for;
        break;
    case APPEND:
        m->last++;
        m->terms[m->last % LOG_SLOTS] = c->term;
        m->lens[m->last % LOG_SLOTS] = c->len;
        break;
    case TRUNCATE:
        m->last = c->index;
        break;
    case COMPACT:
        if (c->index > m->last || m->terms[c->index % LOG_SLOTS] != c->term)
            m->last = c->index;
        m->base = c->index;
        m->base_term = c->term;
        break;
    }
}

static uint8_t byte_of(uint64_t index, uint64_t term, uint32_t at)
{
    return (uint8_t)(index * 31 + term * 7 + at * 13 + (at >> 8));
}

static bool is_entry(const struct model *m, uint64_t index)
{
    struct log_entry entry = store_entry(index);
    uint64_t term = m->terms[index % LOG_SLOTS];

    if (entry.term != term || store_term_at(index) != term ||
        entry.data.len != m->lens[index % LOG_SLOTS])
        return false;
    for (uint32_t at = 0; at < entry.data.len; at++)
        if (entry.data.data[at] != byte_of(index, term, at))
            return false;
    return true;
}

static bool is_model(const struct model *m)
{
    bool is_same = store_term() == m->term &&
                   store_voted_for() == m->voted_for &&
                   store_base_index() == m->base &&
                   store_last_index() == m->last &&
                   store_term_at(m->base) == m->base_term;

    for (uint64_t i = m->base + 1; is_same && i <= m->last; i++)
        is_same = is_entry(m, i);
    return is_same;
}

/* Which changes the store holds: at least so many, or none fits. */
static void find_state(const struct model *least, uint32_t from)
{
    struct model m = *least, found;
    bool is_found = is_model(&m);

    found = m;
    for (uint32_t i = from; i < world->made; i++) {
        model_take(&m, &world->changes[i]);
        if (is_model(&m)) {
            is_found = true;
            found = m;
        }
    }
    if (!is_found) {
        fprintf(stderr,
                "the store holds term %llu vote %d base %llu last %llu; "
                "durable: term %llu vote %d base %llu last %llu\n",
                (unsigned long long)store_term(), store_voted_for(),
                (unsigned long long)store_base_index(),
                (unsigned long long)store_last_index(),
                (unsigned long long)least->term, least->voted_for,
                (unsigned long long)least->base,
                (unsigned long long)least->last);
        _exit(1);
    }
    world->durable = world->before_last = found;
    world->made = world->acked = 0;
}

#endif
