/*
 * lin_test.c - the linearizability checker against one that is too simple to be
 * wrong (lin_brute.h), on thousands of small histories drawn at random.
 *
 * Histories are made by a store that works, and most of them get one answer
 * changed.
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
#include "lin_brute.h"
#include "lin_read.h"

#define LINE_MAX  400
#define HISTORIES 1000 /* of each family, if not told otherwise */

enum joins { NOTHING, MULTIS, MGETS };

/* A family of histories: what its operations may be. */
struct family {
    const char *name;  /* for the report */
    const char *kinds; /* digits: of enum kind */
    int ops;           /* in a history, at most */
    int keys;          /* 1 or 2 */
    enum joins joins;  /* what touches both keys at once */
    double lost;       /* the share without an answer */
};

static const struct family families[] = {
    {"reads and writes", "0033", 7, 1, NOTHING, 0.25},
    {"compare-and-set by value", "03388", 7, 1, NOTHING, 0.25},
    {"all that looks at values", "02345568", 6, 1, NOTHING, 0.25},
    {"versions", "113377", 5, 1, NOTHING, 0.25},
    {"versions, deletions and the rest", "1345678", 5, 1, NOTHING, 0.25},
    {"appends", "00066", 7, 1, NOTHING, 0.25},
    {"two keys", "033558", 6, 2, NOTHING, 0.25},
    {"two keys at once", "033558", 5, 2, MULTIS, 0.25},
    {"joined keys", "03388", 8, 2, MGETS, 0.5},
    {"joined keys, all that looks at values", "02345568", 7, 2, MGETS, 0.5},
    {"joined keys, appends", "004666", 8, 2, MGETS, 0.6},
    {"joined keys, versions", "0134677", 6, 2, MGETS, 0.5},
    {"one key, most lost", "013346788", 6, 1, NOTHING, 0.6},
    {"two keys at once, most lost", "033466", 6, 2, MULTIS, 0.6},
};

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

        bool has_two = family->joins != NOTHING && rng_chance(rng, 0.4);
        bool is_mget = has_two && family->joins == MGETS;

        op->part_count = has_two ? 2 : 1;
        op->is_optional = !is_mget && rng_chance(rng, family->lost);
        op->called = moment - rng_below(rng, 28);
        op->ended = moment + rng_below(rng, 28);
        for (int p = 0; p < op->part_count; p++) {
            struct part *part = &op->parts[p];

            draw_part(rng, family, part);
            if (is_mget)
                *part = (struct part){.kind = GET, .key = p};
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

/* The checker's verdict in so many steps; false: it makes no sense. */
static bool judge(const struct trial *trial, uint64_t steps,
                  enum lin_verdict *verdict)
{
    struct lin *lin = lin_new();
    char line[LINE_MAX];
    bool makes_sense = true;

    for (int i = 0; i < trial->count && makes_sense; i++) {
        write_line(line, i, &trial->ops[i]);
        makes_sense = lin_line(lin, line, strlen(line)) == 0;
    }
    *verdict = lin_check(lin, steps);
    makes_sense = makes_sense &&
                  (lin_explanation(lin)[0] != '\0') == (*verdict != LIN_GOOD);
    lin_free(lin);
    return makes_sense;
}

/* Whether both checkers agree; shows the history if they do not. With few
 * steps the search may give up, but not be wrong: most of what it does then is
 * to deepen. */
static bool agree(const struct trial *trial, bool *is_good)
{
    static const uint64_t steps[] = {LIN_STEPS, 100, 200, 400, 800, 1600};
    struct store store = {{"nil", "nil"}, {0, 0}};
    char line[LINE_MAX];
    enum lin_verdict verdict;

    *is_good = explain(trial, 0, &store);
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        if (judge(trial, steps[i], &verdict) &&
            (verdict == (*is_good ? LIN_GOOD : LIN_BAD) ||
             (i > 0 && verdict == LIN_UNKNOWN)))
            continue;
        printf("       in %llu steps: expected %s, found %d\n",
               (unsigned long long)steps[i],
               *is_good ? "linearizable" : "not linearizable", verdict);
        for (int n = 0; n < trial->count; n++) {
            write_line(line, n, &trial->ops[n]);
            printf("       %s\n", line);
        }
        return false;
    }
    return true;
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
