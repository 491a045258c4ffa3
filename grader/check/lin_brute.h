/*
 * lin_brute.h - a checker that is too simple to be wrong, for lin_test.c: it
 * tries all orders of the operations, and for every write all versions, on a
 * store of plain strings.
 */
#ifndef CONCLAVE_LIN_BRUTE_H
#define CONCLAVE_LIN_BRUTE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OPS_MAX   8
#define VALUE_MAX 80

enum kind { GET, GETM, EXISTS, SET, DEL, INCRBY, APPEND, CAS, CASV, KINDS };

static const char *const names[KINDS] = {
    "GET", "GETM", "EXISTS", "SET", "DEL", "INCRBY", "APPEND", "CAS", "CASV"};

/* One request, and its answer as the words that a client sees. */
struct part {
    enum kind kind;         /* what */
    int key;                /* 0 or 1 */
    char value[4];          /* written */
    char expected[4];       /* CASV */
    long number;            /* INCRBY, CAS */
    char answer[VALUE_MAX]; /* as in a history's line */
};

/* One operation; two parts are a MULTI, or an MGET of both keys. */
struct operation {
    struct part parts[2];   /* what */
    int part_count;         /* 1 or 2 */
    unsigned called, ended; /* when */
    bool is_optional;       /* no answer came */
};

struct store {
    char values[2][VALUE_MAX]; /* by key; "nil": none */
    long versions[2];          /* by key */
};

/* ---- the store ------------------------------------------------------------*/

/* Does a part with the given next version; writes the answer. */
static void perform(struct store *store, const struct part *part, long version,
                    char answer[VALUE_MAX])
{
    char *value = store->values[part->key];
    long *current = &store->versions[part->key];
    bool is_there = strcmp(value, "nil") != 0;
    bool writes = true;
    char old[VALUE_MAX];

    memcpy(old, is_there ? value : "", is_there ? strlen(value) + 1 : 1);
    snprintf(answer, VALUE_MAX, "OK");
    switch (part->kind) {
    case GET:
        writes = false;
        snprintf(answer, VALUE_MAX, "%s", value);
        break;
    case GETM:
        writes = false;
        if (is_there)
            snprintf(answer, VALUE_MAX, "%.40s %ld", value, *current);
        else
            snprintf(answer, VALUE_MAX, "nil");
        break;
    case EXISTS:
        writes = false;
        snprintf(answer, VALUE_MAX, "%d", is_there);
        break;
    case SET:
        snprintf(value, VALUE_MAX, "%s", part->value);
        break;
    case DEL:
        writes = is_there;
        snprintf(answer, VALUE_MAX, "%d", is_there);
        snprintf(value, VALUE_MAX, "nil");
        break;
    case INCRBY:
        writes = strspn(old, "-0123456789") == strlen(old) && strlen(old) < 12;
        snprintf(answer, VALUE_MAX, "-ERR");
        if (writes) {
            snprintf(value, VALUE_MAX, "%ld", atol(old) + part->number);
            snprintf(answer, VALUE_MAX, "%s", value);
        }
        break;
    case APPEND:
        snprintf(value, VALUE_MAX, "%.40s%s", old, part->value);
        snprintf(answer, VALUE_MAX, "%zu", strlen(value));
        break;
    default:
        writes = part->kind == CAS ? is_there && *current == part->number
                                   : strcmp(value, part->expected) == 0;
        if (writes)
            snprintf(value, VALUE_MAX, "%s", part->value);
        snprintf(answer, VALUE_MAX, writes ? "OK" : "0");
    }
    if (writes)
        *current = version;
}

/* ---- the simple checker ---------------------------------------------------*/

struct trial {
    struct operation ops[OPS_MAX]; /* the history */
    int count;                     /* of them */
    long version_max;              /* a version above all that are told */
    bool has_versions;             /* some are */
};

static bool explain(const struct trial *trial, unsigned taken,
                    const struct store *store);

/* Does parts from `at` on, with all versions; then goes on. */
static bool explain_parts(const struct trial *trial, unsigned taken,
                          const struct store *store, const struct operation *op,
                          int at)
{
    const struct part *part = &op->parts[at];
    long next, last;

    if (at == op->part_count)
        return explain(trial, taken, store);
    next = store->versions[part->key] + 1;
    last = trial->has_versions ? trial->version_max : next;
    for (long version = next; version <= last; version++) {
        struct store after = *store;
        char answer[VALUE_MAX];

        perform(&after, part, version, answer);
        if (!op->is_optional && strcmp(answer, part->answer) != 0)
            return false; /* answers do not tell the version made */
        if (explain_parts(trial, taken, &after, op, at + 1))
            return true;
        if (after.versions[part->key] == store->versions[part->key])
            return false; /* no write: versions make no difference */
    }
    return false;
}

static bool explain(const struct trial *trial, unsigned taken,
                    const struct store *store)
{
    unsigned until = UINT32_MAX;

    for (int i = 0; i < trial->count; i++) {
        const struct operation *op = &trial->ops[i];
        if ((taken >> i & 1) == 0 && !op->is_optional && op->ended < until)
            until = op->ended;
    }
    if (until == UINT32_MAX)
        return true;
    for (int i = 0; i < trial->count; i++) {
        const struct operation *op = &trial->ops[i];
        if ((taken >> i & 1) == 0 && op->called <= until &&
            explain_parts(trial, taken | 1u << i, store, op, 0))
            return true;
    }
    return false;
}

#endif
