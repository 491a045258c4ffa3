/*
 * check_test.c - the election checker, judged by short stories: plays the
 * scripts of stories.h and compares what was found with what is wrong in them.
 *
 * Prints `ok NAME` or `FAIL NAME: ...`; exits with 1 if anything failed.
 */
#define _POSIX_C_SOURCE 200809L /* for strdup */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "election.h"
#include "stories.h"

#define NODES_MAX 5 /* in a story's cluster */

/* A script being played. */
struct play {
    struct election *check;          /* under test */
    int nodes;                       /* in the cluster */
    uint64_t now_us;                 /* the time */
    uint64_t frames;                 /* seen so far */
    uint64_t calls;                  /* ids given so far */
    uint64_t next_id;                /* of the next request; 0: any */
    uint64_t process[NODES_MAX + 1]; /* of each node's requests */
    uint64_t asked[NODES_MAX + 1][NODES_MAX + 1]; /* latest call ids */
    uint64_t token;                               /* of the frame sent last */
};

static uint8_t *put(uint8_t *at, uint64_t value, int count)
{
    for (int i = 0; i < count; i++)
        *at++ = (uint8_t)(value >> 8 * i);
    return at;
}

/* One frame from a node to another on a stream that `dialler` dialled. */
static void send(struct play *play, int from, int to, int dialler,
                 struct frame frame)
{
    struct seen_frame seen = {
        .number = ++play->frames,
        .time_us = play->now_us,
        .from = from,
        .to = to,
        .dialler = dialler,
        .frame = &frame,
    };

    if (dialler >= 1 && dialler <= NODES_MAX)
        seen.incarnation = play->process[dialler];
    seen.stream = (uint64_t)(dialler * 16 + (dialler == from ? to : from)) *
                      16 +
                  seen.incarnation;
    play->token = election_sent(play->check, &seen);
}

static void send_request(struct play *play, int from, int to, uint16_t method,
                         uint64_t sequence, const uint64_t *fields,
                         const int *widths, int dialler)
{
    uint8_t payload[256];
    uint8_t *at = put(put(put(payload, 40, 4), 0, 8), sequence, 8);

    for (int i = 0; widths[i] != 0; i++)
        at = put(at, fields[i], widths[i]);
    uint64_t id = play->next_id != 0 ? play->next_id : 100 + ++play->calls;
    play->next_id = 0;
    if (from <= NODES_MAX && to <= NODES_MAX)
        play->asked[from][to] = id;
    send(play, from, to, dialler,
         (struct frame){FRAME_REQUEST, method, id, payload,
                        (size_t)(at - payload), NULL, 0});
}

static void send_reply(struct play *play, int from, int to, uint16_t method,
                       uint64_t term, uint64_t yes)
{
    uint8_t payload[64];
    uint8_t *at = put(put(put(payload, 0, 4), term, 8), yes, 1);

    if (method == 2)
        at = put(put(put(at, 0, 8), 0, 8), 0, 8);
    send(play, from, to, to,
         (struct frame){FRAME_REPLY, method, play->asked[to][from], payload,
                        (size_t)(at - payload), NULL, 0});
}

static void ask(struct play *play, int from, int to, uint64_t term,
                uint64_t named, uint64_t index, uint64_t log_term, int dialler)
{
    const uint64_t fields[] = {term, named, index, log_term};

    send_request(play, from, to, 1, 0, fields, (int[]){8, 4, 8, 8, 0}, dialler);
}

static void beat(struct play *play, int from, int to, uint64_t term,
                 uint64_t count, uint64_t sequence)
{
    uint64_t fields[16] = {term, (uint64_t)from, 0, 0, 0, count};
    int widths[16] = {8, 4, 8, 8, 8, 4};

    for (uint64_t i = 0; i < count; i++) {
        widths[6 + 2 * i] = 8; /* the entry's term */
        fields[6 + 2 * i] = term;
        widths[7 + 2 * i] = 4; /* and no bytes */
    }
    send_request(play, from, to, 2, sequence, fields, widths, from);
}

static void snapshot(struct play *play, int from, int to, uint64_t term)
{
    const uint64_t fields[] = {term, (uint64_t)from, 3, 2, 0, 1, 0};

    send_request(play, from, to, 3, 0, fields, (int[]){8, 4, 8, 8, 8, 1, 4, 0},
                 from);
}

static void win(struct play *play, int node, uint64_t term)
{
    for (int voter = 1; voter <= 3 && voter <= play->nodes; voter++) {
        if (voter == node)
            continue;
        ask(play, node, voter, term, (uint64_t)node, 0, 0, node);
        send_reply(play, voter, node, 1, term, 1);
        election_delivered(play->check, play->token, play->now_us);
    }
}

/* Begins with a cluster whose nodes all run, but for the seat if any. */
static void open_cluster(struct play *play, int nodes, int seat, bool settings)
{
    const int ids[NODES_MAX] = {1, 2, 3, 4, 5};

    election_free(play->check);
    play->nodes = nodes;
    play->check = election_new(ids, nodes);
    if (settings)
        election_settings(play->check, 150, 1.0);
    for (int id = 1; id <= nodes; id++) {
        play->process[id] = 1;
        if (id != seat)
            election_started(play->check, id, 1, play->now_us);
    }
}

static void act(struct play *play, const char *word, const long *n)
{
    struct election *check = play->check;
    int a = (int)n[0];
    int b = (int)n[1];
    uint64_t c = (uint64_t)n[2];

    if (strcmp(word, "nodes") == 0)
        open_cluster(play, a, 0, true);
    else if (strcmp(word, "seat") == 0)
        open_cluster(play, NODES_MAX, a, true);
    else if (strcmp(word, "nosettings") == 0)
        open_cluster(play, NODES_MAX, 0, false);
    else if (strcmp(word, "at") == 0)
        play->now_us = (uint64_t)a * 1000;
    else if (strcmp(word, "start") == 0)
        election_started(check, a, (uint64_t)b, play->now_us);
    else if (strcmp(word, "end") == 0)
        election_ended(check, a, play->now_us);
    else if (strcmp(word, "process") == 0)
        play->process[a] = (uint64_t)b;
    else if (strcmp(word, "log") == 0)
        election_log(check, a, (uint64_t)b, c);
    else if (strcmp(word, "id") == 0)
        play->next_id = (uint64_t)a;
    else if (strcmp(word, "ask") == 0)
        ask(play, a, b, c, (uint64_t)a, (uint64_t)n[3], (uint64_t)n[4], a);
    else if (strcmp(word, "askas") == 0)
        ask(play, a, b, c, (uint64_t)n[3], 0, 0, a);
    else if (strcmp(word, "crossed") == 0)
        ask(play, a, b, c, (uint64_t)a, 0, 0, b);
    else if (strcmp(word, "garble") == 0)
        send_request(play, a, b, 1, 0, (uint64_t[]){5}, (int[]){7, 0}, a);
    else if (strcmp(word, "grant") == 0 || strcmp(word, "refuse") == 0)
        send_reply(play, a, b, 1, c, word[0] == 'g');
    else if (strcmp(word, "beat") == 0)
        beat(play, a, b, c, (uint64_t)n[3], (uint64_t)n[4]);
    else if (strcmp(word, "accept") == 0 || strcmp(word, "reject") == 0)
        send_reply(play, a, b, 2, c, word[0] == 'a');
    else if (strcmp(word, "snapshot") == 0)
        snapshot(play, a, b, c);
    else if (strcmp(word, "deliver") == 0)
        election_delivered(check, play->token, play->now_us);
    else if (strcmp(word, "win") == 0)
        win(play, a, (uint64_t)b);
    else {
        printf("FAIL check_test: no command '%s' in a story\n", word);
        exit(1);
    }
}

/* Plays one command: a word and up to five numbers. */
static void step(struct play *play, const char *command)
{
    char word[16] = "";
    long n[5] = {0};

    if (sscanf(command, " %15s %ld %ld %ld %ld %ld", word, &n[0], &n[1], &n[2],
               &n[3], &n[4]) < 1)
        return;
    if (strcmp(word, "settings") == 0) {
        double rate = 1;
        sscanf(command, " %*s %*d %lf", &rate);
        election_settings(play->check, (uint32_t)n[0], rate);
        return;
    }
    act(play, word, n);
}

/* Whether the story ends as it should. */
static bool tell(const struct story *story)
{
    struct play play = {.now_us = 1000};
    struct violation first = {.rule = NULL};
    char *script = strdup(story->script);
    int found = 0;

    open_cluster(&play, NODES_MAX, 0, true);
    for (char *at = strtok(script, ";"); at != NULL; at = strtok(NULL, ";")) {
        struct violation violation;

        step(&play, at);
        while (election_found(play.check, &violation)) {
            if (found++ == 0)
                first = violation;
        }
    }
    election_free(play.check);
    free(script);
    if (story->rule == NULL ? found == 0
                            : found > 0 && first.node == story->node &&
                                  strcmp(first.rule, story->rule) == 0) {
        printf("ok %s\n", story->name);
        return true;
    }
    if (found == 0)
        printf("FAIL %s: expected '%s' of node %d, found nothing\n",
               story->name, story->rule, story->node);
    else
        printf("FAIL %s: expected %s, found '%s' of node %d: %s; but %s\n",
               story->name, story->rule == NULL ? "nothing" : story->rule,
               first.rule, first.node, first.expected, first.observed);
    return false;
}

/* Long runs: what is forgotten is not judged, and memory stays bounded. */
static bool forgets_soundly(void)
{
    struct play play = {.now_us = 1000};
    struct violation violation;
    bool sound;

    open_cluster(&play, NODES_MAX, 0, true);
    for (uint64_t term = 1; term <= 20000; term++)
        win(&play, 1 + (int)(term % 3), term);
    sound = !election_found(play.check, &violation);
    beat(&play, 2, 4, 1, 0, 0); /* its votes are long forgotten */
    sound = sound && !election_found(play.check, &violation);
    beat(&play, 1 + 20000 % 3, 4, 20000, 0, 0);
    sound = sound && !election_found(play.check, &violation);
    win(&play, 1, 20001);
    beat(&play, 2, 4, 20001, 0, 0); /* still sees what is new */
    sound = sound && election_found(play.check, &violation) &&
            strcmp(violation.rule, "vote-quorum") == 0;
    election_free(play.check);
    printf("%s forgotten terms and calls are not judged\n",
           sound ? "ok" : "FAIL");
    return sound;
}

int main(void)
{
    int failed = 0;

    for (size_t i = 0; i < sizeof(stories) / sizeof(stories[0]); i++) {
        if (!tell(&stories[i]))
            failed++;
    }
    if (!forgets_soundly())
        failed++;
    return failed == 0 ? 0 : 1;
}
