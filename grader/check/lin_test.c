/*
 * lin_test.c - the linearizability checker against one that is too simple to be
 * wrong, on thousands of small histories drawn at random.
 *
 * The simple one tries all orders of the operations, and for every write all
 * versions, on a store of plain strings. Histories are made by a store that
 * works, and half of them get one answer changed.
 *
 *     lin_test [SEED [HISTORIES]]
 *
 * Prints `ok NAME` or `FAIL NAME: ...`; exits with 1 if anything failed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../net/rng.h"
#include "lin.h"
#include "lin_read.h"

#define OPS_MAX   7
#define VALUE_MAX 80
#define LINE_MAX  400
#define HISTORIES 1000 /* of each family, if not told otherwise */

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

/* One operation; two parts are a MULTI. */
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

/* A family of histories: what its operations may be. */
struct family {
    const char *name;  /* for the report */
    const char *kinds; /* digits: of enum kind */
    int ops;           /* in a history, at most */
    int keys;          /* 1 or 2 */
    bool has_multi;    /* some are a MULTI */
};

static const struct family families[] = {
    {"reads and writes", "0033", 7, 1, false},
    {"compare-and-set by value", "03388", 7, 1, false},
    {"all that looks at values", "02345568", 6, 1, false},
    {"versions", "113377", 5, 1, false},
    {"versions, deletions and the rest", "1345678", 5, 1, false},
    {"appends", "00066", 7, 1, false},
    {"two keys", "033558", 6, 2, false},
    {"two keys at once", "033558", 5, 2, true},
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

/* ---- histories ------------------------------------------------------------*/

static void draw_part(struct rng *rng, const struct family *family,
                      struct part *part)
{
    static const char *const values[] = {"1", "2", "x"};
    size_t kinds = strlen(family->kinds);

    *part = (struct part){.key = (int)rng_below(rng, (uint32_t)family->keys)};
    part->kind = (enum kind)(family->kinds[rng_below(rng, (uint32_t)kinds)] -
                             '0');
    snprintf(part->value, sizeof(part->value), "%s", values[rng_below(rng, 3)]);
    snprintf(part->expected, sizeof(part->expected), "%s",
             values[rng_below(rng, 3)]);
    part->number = 1 + (long)rng_below(rng, part->kind == CAS ? 4 : 2);
}

/* Changes an answer into one that this request may have too. */
static void spoil(struct rng *rng, struct part *part)
{
    static const char *const values[] = {"nil", "1", "2", "x"};
    long number = 1 + (long)rng_below(rng, 4);
    const char *value = values[rng_below(rng, 4)];

    if (part->kind == GET)
        snprintf(part->answer, VALUE_MAX, "%s", value);
    else if (part->kind == GETM && *value != 'n')
        snprintf(part->answer, VALUE_MAX, "%s %ld", value, number);
    else if (part->kind == GETM)
        snprintf(part->answer, VALUE_MAX, "nil");
    else if (part->kind == EXISTS || part->kind == DEL)
        snprintf(part->answer, VALUE_MAX, "%ld", number & 1);
    else if (part->kind == CAS || part->kind == CASV)
        snprintf(part->answer, VALUE_MAX, number & 1 ? "OK" : "0");
    else if (part->kind != SET)
        snprintf(part->answer, VALUE_MAX, "%ld", number);
}

/* Each operation gets a window around its place in an order that happened. */
static void draw_trial(struct rng *rng, const struct family *family,
                       struct trial *trial)
{
    struct store store = {{"nil", "nil"}, {0, 0}};

    *trial = (struct trial){.count = family->ops};
    for (int i = 0; i < trial->count; i++) {
        struct operation *op = &trial->ops[i];
        unsigned moment = (unsigned)i * 10 + 30;

        op->part_count = family->has_multi && rng_chance(rng, 0.4) ? 2 : 1;
        op->is_optional = rng_chance(rng, 0.25);
        op->called = moment - rng_below(rng, 28);
        op->ended = moment + rng_below(rng, 28);
        for (int p = 0; p < op->part_count; p++) {
            struct part *part = &op->parts[p];

            draw_part(rng, family, part);
            trial->has_versions = trial->has_versions || part->kind == GETM ||
                                  part->kind == CAS;
            snprintf(part->answer, VALUE_MAX, "OK");
            if (op->is_optional && p == 0 && rng_chance(rng, 0.5))
                break; /* it never happens */
            perform(&store, part,
                    store.versions[part->key] + 1 + rng_below(rng, 2),
                    part->answer);
        }
        for (int p = 0; p < op->part_count; p++) {
            if (op->is_optional && op->parts[p].kind == 0 && p > 0 &&
                op->parts[p].value[0] == '\0')
                draw_part(rng, family, &op->parts[p]);
        }
    }
    if (rng_chance(rng, 0.7))
        spoil(rng,
              &trial->ops[rng_below(rng, (uint32_t)trial->count)].parts[0]);
    trial->version_max = 2 * OPS_MAX + 6;
}

static void add_request(char *line, const struct part *part)
{
    char *at = line + strlen(line);
    size_t room = LINE_MAX - strlen(line);
    const char *name = names[part->kind];

    if (part->kind <= EXISTS || part->kind == DEL)
        snprintf(at, room, " %s k%d", name, part->key);
    else if (part->kind == INCRBY)
        snprintf(at, room, " %s k%d %ld", name, part->key, part->number);
    else if (part->kind == CAS)
        snprintf(at, room, " %s k%d %ld %s", name, part->key, part->number,
                 part->value);
    else if (part->kind == CASV)
        snprintf(at, room, " %s k%d %s %s", name, part->key, part->expected,
                 part->value);
    else
        snprintf(at, room, " %s k%d %s", name, part->key, part->value);
}

static void write_line(char line[LINE_MAX], int number,
                       const struct operation *op)
{
    char ended[16];

    snprintf(ended, sizeof(ended), "%u", op->ended);
    snprintf(line, LINE_MAX, "%d %u %s%s", number, op->called,
             op->is_optional ? "-" : ended,
             op->part_count == 2 ? " MULTI" : "");
    for (int p = 0; p < op->part_count; p++) {
        strcat(line, p > 0 ? " ;" : "");
        add_request(line, &op->parts[p]);
    }
    for (int p = 0; !op->is_optional && p < op->part_count; p++) {
        strcat(line, p > 0 ? " ; " : " => ");
        strcat(line, op->parts[p].answer);
    }
}

/* Whether both checkers agree; shows the history if they do not. */
static bool agree(const struct trial *trial, bool *is_good)
{
    struct store store = {{"nil", "nil"}, {0, 0}};
    struct lin *lin = lin_new();
    char line[LINE_MAX];
    enum lin_verdict verdict;
    int status = 0;

    for (int i = 0; i < trial->count && status == 0; i++) {
        write_line(line, i, &trial->ops[i]);
        status = lin_line(lin, line, strlen(line));
    }
    verdict = lin_check(lin, LIN_STEPS);
    *is_good = explain(trial, 0, &store);
    if (status == 0 && verdict == (*is_good ? LIN_GOOD : LIN_BAD) &&
        (*is_good || lin_explanation(lin)[0] != '\0')) {
        lin_free(lin);
        return true;
    }
    printf("       %s; line: %s; expected %s, found %d\n", lin_error(status),
           line, *is_good ? "linearizable" : "not linearizable", verdict);
    for (int i = 0; i < trial->count; i++) {
        write_line(line, i, &trial->ops[i]);
        printf("       %s\n", line);
    }
    lin_free(lin);
    return false;
}

static bool test_family(const struct family *family, uint64_t seed,
                        int histories)
{
    struct rng rng;
    int good = 0;
    int wrong = 0;

    rng_init(&rng, seed, 0, 0, 0);
    for (int i = 0; i < histories && wrong < 3; i++) {
        struct trial trial;
        bool is_good;

        draw_trial(&rng, family, &trial);
        wrong += agree(&trial, &is_good) ? 0 : 1;
        good += is_good;
    }
    if (good < histories / 10 || good > histories * 19 / 20)
        wrong++; /* the test itself is not worth much */
    printf("%s %s, as all orders say: %d of %d are linearizable\n",
           wrong == 0 ? "ok" : "FAIL", family->name, good, histories);
    return wrong == 0;
}

/* A bound on the work is kept, and is no pass. */
static bool test_bound(void)
{
    static const char line[] = "1 0 9 SET x 1 => OK";
    struct lin *lin = lin_new();
    bool fine = lin_line(lin, line, strlen(line)) == 0 &&
                lin_check(lin, 0) == LIN_UNKNOWN;

    lin_free(lin);
    printf("%s a search that is given up is unknown\n", fine ? "ok" : "FAIL");
    return fine;
}

int main(int argc, char **argv)
{
    uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
    int histories = argc > 2 ? atoi(argv[2]) : HISTORIES;
    bool fine = test_bound();

    for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
        fine = test_family(&families[i], seed + i, histories) && fine;
    return fine ? 0 : 1;
}
