/*
 * link_test.c - links decide fates within their settings; queues keep order.
 */
#define _POSIX_C_SOURCE 200809L /* for strdup */

#include <stdlib.h>
#include <string.h>

#include "claims.h"
#include "link.h"
#include "queue.h"

/* ---- links ----------------------------------------------------------------*/

static void set_all(struct link *link, const char *words)
{
    char error[LINK_MAX_ERROR];
    char *copy = strdup(words);

    for (char *word = strtok(copy, " "); word != NULL; word = strtok(NULL, " "))
        check(link_set(&link->faults, word, error), "%s: %s", word, error);
    free(copy);
}

/* A perfect link delivers at once, in order, once. */
static void test_perfect_link(void)
{
    struct link link;
    struct link_order order = {0};

    link_init(&link, 1, 1, 2);
    for (uint64_t now_us = 0; now_us < 1000; now_us++) {
        struct link_fate fate = link_fate(&link, &order, now_us);

        check(fate.lost == NULL && fate.at_us == now_us && !fate.has_copy,
              "at %llu", (unsigned long long)now_us);
    }
}

/* Delays stay within their bounds and keep the order, tail and all. */
static void test_delays_in_order(void)
{
    struct link link;
    struct link_order order = {0};
    uint64_t last_us = 0;
    bool was_late = false;

    link_init(&link, 1, 1, 2);
    set_all(&link, "delay_ms=20 jitter_ms=30 tail=0.05,400");
    for (uint64_t i = 0; i < 10000; i++) {
        uint64_t now_us = i * 1000;
        struct link_fate fate = link_fate(&link, &order, now_us);

        check(fate.at_us >= now_us + 20000, "too early");
        check(fate.at_us <= now_us + 450000, "too late");
        check(fate.at_us >= last_us, "overtaken");
        was_late = was_late || fate.at_us > now_us + 300000;
        last_us = fate.at_us;
    }
    check(was_late, "no long tail in 10,000 frames");
}

/* Reordering lets later frames overtake, and only then. */
static void test_reordering(void)
{
    struct link link;
    struct link_order order = {0};
    uint64_t last_us = 0;
    int overtaken = 0;

    link_init(&link, 1, 1, 2);
    set_all(&link, "reorder=0.2,50");
    for (uint64_t i = 0; i < 10000; i++) {
        struct link_fate fate = link_fate(&link, &order, i * 1000);

        overtaken += fate.at_us < last_us ? 1 : 0;
        check(fate.at_us <= i * 1000 + 50000, "held back too long");
        last_us = fate.at_us;
    }
    check(overtaken > 1000 && overtaken < 3000, "%d of 10,000 overtook",
          overtaken);
}

/* Probabilities are kept to. */
static void test_chances(void)
{
    struct link link;
    struct link_order order = {0};
    int lost = 0;
    int copies = 0;

    link_init(&link, 1, 1, 2);
    set_all(&link, "loss=0.3 dup=0.5");
    for (uint64_t i = 0; i < 10000; i++) {
        struct link_fate fate = link_fate(&link, &order, i);

        lost += fate.lost != NULL ? 1 : 0;
        copies += fate.has_copy ? 1 : 0;
        check(!fate.has_copy || fate.copy_at_us >= fate.at_us, "early copy");
    }
    check(lost > 2700 && lost < 3300, "%d of 10,000 lost", lost);
    check(copies > 3200 && copies < 3800, "%d of 10,000 copied", copies);
    set_all(&link, "loss=1");
    check(link_fate(&link, &order, 0).lost != NULL, "loss=1 lets one pass");
    set_all(&link, "loss=0 cut=1");
    check(strcmp(link_fate(&link, &order, 0).lost, "cut") == 0, "cut");
}

/*
 * The n-th frame's loss is the same whatever else is set, and differs from
 * link to link and seed to seed.
 */
static void test_chance_is_seeded(void)
{
    static const struct {
        uint64_t seed;      /* of all links */
        int from;           /* one end */
        int to;             /* the other */
        const char *faults; /* what is set */
        bool is_same;       /* as the first case */
    } cases[] = {
        {7, 1, 2, "loss=0.5", true},
        {7, 1, 2, "loss=0.5 dup=0.7 jitter_ms=9 tail=0.1,9 reorder=1,9", true},
        {7, 1, 3, "loss=0.5", false},
        {7, 2, 1, "loss=0.5", false},
        {8, 1, 2, "loss=0.5", false},
    };
    uint64_t first = 0;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct link link;
        struct link_order order = {0};
        uint64_t lost = 0;

        link_init(&link, cases[i].seed, cases[i].from, cases[i].to);
        set_all(&link, cases[i].faults);
        for (uint64_t n = 0; n < 64; n++)
            lost |= (uint64_t)(link_fate(&link, &order, n).lost != NULL) << n;
        if (i == 0)
            first = lost;
        check((lost == first) == cases[i].is_same, "case %zu", i);
    }
}

/* The end of a stream comes after all that was sent before, copies included. */
static void test_end_comes_last(void)
{
    struct link link;
    struct link_order order = {0};
    uint64_t last_us = 0;

    link_init(&link, 1, 1, 2);
    set_all(&link, "loss=1 dup=1 jitter_ms=50 reorder=0.5,80 loss=0");
    for (uint64_t i = 0; i < 100; i++) {
        struct link_fate fate = link_fate(&link, &order, i);

        last_us = fate.copy_at_us > last_us ? fate.copy_at_us : last_us;
    }
    check(link_raw_at(&link, &order, 100) >= last_us, "it is early");
}

/* Pieces are 1 to chunk bytes, and a long frame takes no thousands of them. */
static void test_pieces(void)
{
    struct link link;
    size_t left = 4000;
    size_t largest = 0;
    int pieces = 0;

    link_init(&link, 1, 1, 2);
    check(link_piece(&link, 1234) == 1234, "cut without chunk");
    set_all(&link, "chunk=7");
    while (left > 0) {
        size_t piece = link_piece(&link, left);

        check(piece >= 1 && piece <= left, "a piece of %zu", piece);
        largest = left < 1000 && piece > largest ? piece : largest;
        left -= piece;
    }
    check(largest == 7, "largest is %zu", largest);
    for (left = 1 << 20; left > 0; pieces++)
        left -= link_piece(&link, left);
    check(pieces < 5000, "%d pieces", pieces);
}

/* Bad settings are refused with a sentence, and change nothing. */
static void test_settings(void)
{
    static const char *const bad[] = {
        "loss",
        "loss=",
        "loss=2",
        "loss=-1",
        "loss=nan",
        "loss=0.1x",
        "lost=1",
        "=1",
        "",
        "delay_ms=-1",
        "delay_ms=600001",
        "delay_ms=1.5",
        "delay_ms=",
        "tail=0.1",
        "tail=0.1,",
        "tail=0.1,x",
        "reorder=2,10",
        "cut=2",
        "cut=yes",
        "clog=",
        "chunk=99999999",
        "chunk=99999999999999999999",
    };
    struct link_faults faults = {0};
    char error[LINK_MAX_ERROR];

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        static const struct link_faults none;

        error[0] = '\0';
        check(!link_set(&faults, bad[i], error), "'%s' passes", bad[i]);
        check(strlen(error) > 20, "'%s': no sentence", bad[i]);
        check(memcmp(&faults, &none, sizeof(none)) == 0, "'%s' did something",
              bad[i]);
    }
    check(link_set(&faults, "tail=0.25,400", error) && faults.tail == 0.25 &&
              faults.tail_ms == 400,
          "tail");
    check(link_set(&faults, "clog=1", error) && faults.is_clogged, "clog");
}

/* ---- queue ----------------------------------------------------------------*/

/* The queue gives by time, and in order of arrival within a time. */
static void test_queue(void)
{
    struct queue queue = {0};
    struct rng rng;
    uint64_t last_us = 0;
    uint64_t last_order = 0;

    rng_init(&rng, 1, 2, 3, 4);
    for (uint64_t i = 0; i < 2000; i++) {
        uint8_t byte = (uint8_t)i;

        queue_put(&queue, rng_below(&rng, 100), DELIVERY_FRAME, &byte, 1)
            ->number = i;
    }
    for (int i = 0; i < 1990; i++) {
        struct delivery *first = queue_take(&queue);

        check(first->at_us > last_us || (first->at_us == last_us &&
                                         (i == 0 || first->order > last_order)),
              "delivery %d is out of order", i);
        check(first->bytes[0] == (uint8_t)first->number, "its bytes differ");
        last_us = first->at_us;
        last_order = first->order;
        free(first);
    }
    check(queue.count == 10 &&
              queue.size_bytes == 10 * (sizeof(struct delivery) + 1),
          "%zu are left", queue.count);
    queue_free(&queue);
}

static const struct claim claims[] = {
    {"a perfect link is perfect", test_perfect_link},
    {"delays keep bounds and order", test_delays_in_order},
    {"reorder lets frames overtake", test_reordering},
    {"loss and dup keep to their probabilities", test_chances},
    {"chance depends on seed, link and use alone", test_chance_is_seeded},
    {"a stream's end comes last", test_end_comes_last},
    {"pieces have the size asked for", test_pieces},
    {"bad settings are explained", test_settings},
    {"the queue orders deliveries", test_queue},
};

int main(void)
{
    return run_claims(claims, sizeof(claims) / sizeof(claims[0]));
}
