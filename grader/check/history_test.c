/*
 * history_test.c - the election checker against random histories.
 *
 * A small model of nodes that hold elections, and of a network and machines at
 * their worst: frames are lost, copied, overtaken, and read by the proxy late,
 * each stream at its own pace; nodes stall, are killed and restarted, and their
 * clocks run up to 10 % fast or slow. Correct nodes must never be blamed; a
 * node with a bug must be blamed for that bug's rule, sooner or later.
 *
 *     history_test [HISTORIES]     so many of correct nodes (300)
 *
 * Prints `ok NAME` or `FAIL NAME: ...`; exits with 1 if anything failed.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "history_model.h"

#define HISTORY_US (8 * SECOND_US) /* how long one lasts */
#define BUG_SEEDS  400 /* histories in which a bug must have shown */

/* ---- the network ----------------------------------------------------------*/

static uint8_t *put(uint8_t *at, uint64_t value, int count)
{
    for (int i = 0; i < count; i++)
        *at++ = (uint8_t)(value >> 8 * i);
    return at;
}

static size_t payload(const struct event *event, uint8_t *bytes)
{
    uint8_t *at = bytes;
    bool is_vote = event->method == METHOD_VOTE;

    if (event->type == FRAME_REQUEST) {
        at = put(put(put(at, 40, 4), 0, 8), 0, 8);
        at = put(put(at, event->term, 8), (uint64_t)event->from + 1, 4);
        at = put(put(at, is_vote ? event->index : 0, 8),
                 is_vote ? event->log_term : 0, 8);
        return (size_t)((is_vote ? at : put(put(at, 0, 8), 0, 4)) - bytes);
    }
    at = put(put(put(at, 0, 4), event->term, 8), event->yes, 1);
    if (!is_vote)
        at = put(put(put(at, 0, 8), 0, 8), 0, 8);
    return (size_t)(at - bytes);
}

/* The proxy reads a frame, and decides what becomes of it. */
static void read_frame(struct model *m, struct event *event)
{
    uint8_t bytes[64];
    size_t len = payload(event, bytes);
    struct frame frame = {
        event->type, event->method, event->call_id, bytes, len, NULL, 0};
    int dialled = event->dialler == event->from ? event->to : event->from;
    uint64_t at_us = m->now_us + chance_us(m, 3000);

    event->token = election_sent(
        m->check,
        &(struct seen_frame){
            .number = ++m->frames,
            .time_us = m->now_us + chance_us(m, 10), /* it may stall, too */
            .from = event->from + 1,
            .to = event->to + 1,
            .stream = (event->lives[event->dialler] * 1000 +
                       event->lives[dialled]) *
                          100 +
                      (uint64_t)(event->dialler * 10 + dialled),
            .dialler = event->dialler + 1,
            .incarnation = event->lives[event->dialler],
            .frame = &frame,
        });
    if (rng_chance(&m->rng, 0.1))
        return; /* lost */
    if (rng_chance(&m->rng, 0.1))
        at_us += chance_us(m, SECOND_US);
    event->kind = DELIVER;
    plan(m, at_us, event);
    if (rng_chance(&m->rng, 0.1))
        plan(m, at_us + chance_us(m, SECOND_US), event);
}

static void deliver(struct model *m, struct event *event)
{
    election_delivered(m->check, event->token, m->now_us);
    event->kind = ARRIVE;
    plan(m, m->now_us + chance_us(m, 100), event);
}

/* The receiver gets to it, unless its process is no longer the stream's. */
static void arrive(struct model *m, const struct event *event)
{
    struct model_node *node = &m->nodes[event->to];

    if (!node->is_alive || node->life != event->lives[event->to])
        return;
    if (m->now_us < node->busy_us)
        plan(m, node->busy_us + 1, event);
    else if (event->type == FRAME_REQUEST)
        serve(m, event->to, event);
    else
        take_answer(m, event->to, event);
}

static void act(struct model *m, struct event *event)
{
    switch (event->kind) {
    case READ:
        read_frame(m, event);
        break;
    case DELIVER:
        deliver(m, event);
        break;
    case ARRIVE:
        arrive(m, event);
        break;
    case TICK:
        tick(m, event);
        break;
    case KILL:
        kill_node(m, event);
        break;
    case START:
        start_node(m, event);
        break;
    }
}

/* ---- histories ------------------------------------------------------------*/

static void open_model(struct model *m, uint64_t seed, enum bug bug)
{
    const int ids[NODES] = {1, 2, 3, 4, 5};

    *m = (struct model){.now_us = 1000, .bug = bug};
    rng_init(&m->rng, seed, 0, 0, 0);
    m->count = 2 + (int)rng_below(&m->rng, NODES - 1);
    m->check = election_new(ids, m->count);
    election_settings(m->check, MIN_MS, 1.1);
    for (int i = 0; i < m->count; i++) {
        struct model_node *node = &m->nodes[i];

        node->vote = -1;
        node->rate = 0.9 + 0.2 * (double)rng_below(&m->rng, 1000) / 999;
        node->index = rng_below(&m->rng, 3);
        node->log_term = node->index == 0 ? 0 : rng_below(&m->rng, 3);
        election_log(m->check, i + 1, node->index, node->log_term);
        plan(m, 1000, &(struct event){.kind = START, .node = i});
        plan(m, 1000, &(struct event){.kind = TICK, .node = i});
    }
}

/* Plays one history; whether the checker found something, and what first. */
static bool play(uint64_t seed, enum bug bug, struct violation *found,
                 int *leaders)
{
    static struct model m;
    bool has_found = false;

    open_model(&m, seed, bug);
    while (!has_found && queue_first(&m.queue) != NULL &&
           queue_first(&m.queue)->at_us < HISTORY_US) {
        struct delivery *next = queue_take(&m.queue);
        struct event event;

        if (next->at_us > m.now_us)
            m.now_us = next->at_us;
        memcpy(&event, next->bytes, sizeof(event));
        free(next);
        act(&m, &event);
        has_found = election_found(m.check, found);
    }
    *leaders += m.leaders;
    queue_free(&m.queue);
    election_free(m.check);
    return has_found;
}

static bool test_correct(uint64_t histories)
{
    struct violation found;
    int leaders = 0;

    for (uint64_t seed = 1; seed <= histories; seed++) {
        if (!play(seed, NO_BUG, &found, &leaders))
            continue;
        printf("FAIL correct nodes are never blamed: seed %llu: %s: %s; but "
               "%s\n",
               (unsigned long long)seed, found.rule, found.expected,
               found.observed);
        return false;
    }
    if ((uint64_t)leaders < histories) {
        printf("FAIL correct nodes are never blamed: only %d leaders in %llu "
               "histories\n",
               leaders, (unsigned long long)histories);
        return false;
    }
    printf("ok correct nodes are never blamed\n");
    return true;
}

static bool test_bug(const char *name, enum bug bug, const char *rule)
{
    int leaders = 0;

    for (uint64_t seed = 1; seed <= BUG_SEEDS; seed++) {
        struct violation found;

        if (play(seed, bug, &found, &leaders) &&
            strcmp(found.rule, rule) == 0) {
            printf("ok blamed: %s\n", name);
            return true;
        }
    }
    printf("FAIL blamed: %s: no breach of %s in %d histories\n", name, rule,
           BUG_SEEDS);
    return false;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name; /* what is wrong */
        enum bug bug;     /* the same, for the model */
        const char *rule; /* what must be found */
    } bugs[] = {
        {"voting twice in a term", VOTES_TWICE, "vote-once"},
        {"forgetting the vote", FORGETS_VOTE, "vote-once"},
        {"forgetting the term", FORGETS_TERM, "term-kept"},
        {"counting votes of an earlier election", COUNTS_OLD_VOTES,
         "vote-quorum"},
        {"leading with half of the votes", HALF_IS_ENOUGH, "vote-quorum"},
        {"voting for older logs", IGNORES_LOGS, "log-check"},
        {"granting in another term", WRONG_GRANT_TERM, "grant-term"},
        {"campaigning against a live leader", DEAF, "silence"},
    };
    uint64_t histories = argc > 1 ? strtoull(argv[1], NULL, 10) : 300;
    bool is_good = test_correct(histories);

    for (size_t i = 0; i < sizeof(bugs) / sizeof(bugs[0]); i++)
        is_good = test_bug(bugs[i].name, bugs[i].bug, bugs[i].rule) && is_good;
    return is_good ? 0 : 1;
}
