/*
 * log_test.c - the checker of logs, judged by short stories: plays the scripts
 * of log_stories.h and compares what was found with what is wrong in them.
 *
 * Prints `ok NAME` or `FAIL NAME: ...`; exits with 1 if anything failed.
 */
#define _POSIX_C_SOURCE 200809L /* for strdup, strtok_r */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "log_stories.h"

#define NODES_MAX 5  /* in a story's cluster */
#define WORDS_MAX 16 /* of a command */

/* A script being played. */
struct play {
    struct check check;                           /* under test */
    uint64_t frames;                              /* seen so far */
    uint64_t calls;                               /* ids given so far */
    uint64_t life[NODES_MAX + 1];                 /* of each node */
    uint64_t asked[NODES_MAX + 1][NODES_MAX + 1]; /* latest call ids */
    uint64_t sync[NODES_MAX + 1];                 /* latest of each node */
    uint64_t token;                               /* of the frame sent last */
    uint64_t slow;                                /* of the one remembered */
};

/* Bytes of a message. */
struct body {
    uint8_t bytes[512]; /* the bytes */
    size_t len;         /* how many */
};

static void put(struct body *body, uint64_t value, int count)
{
    for (int i = 0; i < count; i++)
        body->bytes[body->len++] = (uint8_t)(value >> 8 * i);
}

static uint64_t number(const char *word)
{
    return word != NULL ? strtoull(word, NULL, 10) : 0;
}

static int node_of(const char *word)
{
    uint64_t id = number(word);

    if (id < 1 || id > NODES_MAX) {
        printf("FAIL log_test: no node '%s' in a story\n", word);
        exit(1);
    }
    return (int)id;
}

/* The bytes of an entry that is written TERM=TEXT. */
static const char *text_of(const char *entry)
{
    const char *equals = strchr(entry, '=');

    return equals != NULL ? equals + 1 : "";
}

static void send(struct play *play, uint8_t type, uint16_t method, int from,
                 int to, const struct body *body)
{
    int dialler = type == FRAME_REQUEST ? from : to;
    int other = type == FRAME_REQUEST ? to : from;
    struct frame frame = {type, method, 0, body->bytes, body->len, NULL, 0};
    struct seen_frame seen = {
        .number = ++play->frames,
        .time_us = play->frames * 1000,
        .from = from,
        .to = to,
        .stream = (uint64_t)(dialler * 16 + other) * 100 + play->life[dialler],
        .dialler = dialler,
        .incarnation = play->life[dialler],
        .frame = &frame,
    };

    if (type == FRAME_REQUEST)
        play->asked[from][to] = ++play->calls;
    frame.call_id = play->asked[dialler][other];
    play->token = logs_sent(play->check.logs, &seen);
}

static void send_request(struct play *play, uint16_t method, int from, int to,
                         uint64_t sequence, const struct body *fields)
{
    struct body body = {.len = 0};

    put(&body, 40, 4);
    put(&body, 0, 8);
    put(&body, sequence, 8);
    memcpy(body.bytes + body.len, fields->bytes, fields->len);
    body.len += fields->len;
    send(play, FRAME_REQUEST, method, from, to, &body);
}

/* append L F T PREV PREVTERM COMMIT [ENTRY...] */
static void append(struct play *play, char **word, int count)
{
    struct body body = {.len = 0};

    put(&body, number(word[3]), 8);
    put(&body, number(word[1]), 4);
    put(&body, number(word[4]), 8);
    put(&body, number(word[5]), 8);
    put(&body, number(word[6]), 8);
    put(&body, (uint64_t)(count - 7), 4);
    for (int i = 7; i < count; i++) {
        const char *text = text_of(word[i]);

        put(&body, number(word[i]), 8);
        put(&body, strlen(text), 4);
        for (; *text != '\0'; text++)
            put(&body, (uint8_t)*text, 1);
    }
    send_request(play, 2, node_of(word[1]), node_of(word[2]), word[0][0] == 'o',
                 &body);
}

/* install L F T INDEX TERM DONE */
static void install(struct play *play, char **word)
{
    struct body body = {.len = 0};

    put(&body, number(word[3]), 8);
    put(&body, number(word[1]), 4);
    put(&body, number(word[4]), 8);
    put(&body, number(word[5]), 8);
    put(&body, 0, 8);
    put(&body, number(word[6]), 1);
    put(&body, 4, 4);
    put(&body, 0, 4);
    send_request(play, 3, node_of(word[1]), node_of(word[2]), 0, &body);
}

/* ask C F T */
static void ask(struct play *play, char **word)
{
    struct body body = {.len = 0};

    put(&body, number(word[3]), 8);
    put(&body, number(word[1]), 4);
    put(&body, 0, 8);
    put(&body, 0, 8);
    send_request(play, 1, node_of(word[1]), node_of(word[2]), 0, &body);
}

/* yes|no|got|grant F L T [NUMBER] */
static void reply(struct play *play, char **word)
{
    struct body body = {.len = 0};
    uint16_t method = 2;

    put(&body, 0, 4);
    put(&body, number(word[3]), 8);
    if (strcmp(word[0], "got") == 0) {
        method = 3;
        put(&body, number(word[4]), 8);
    } else if (strcmp(word[0], "grant") == 0) {
        method = 1;
        put(&body, 1, 1);
    } else {
        put(&body, word[0][0] == 'y', 1);
        put(&body, number(word[4]), 8);
        put(&body, 0, 8);
        put(&body, 0, 8);
    }
    send(play, FRAME_REPLY, method, node_of(word[1]), node_of(word[2]), &body);
}

/* apply|snap|restore N INDEX ENTRY */
static void act(struct play *play, char **word)
{
    const char *text = text_of(word[3]);

    logs_act(play->check.logs, &(struct act){
                                   .kind = word[0][0] == 'a'   ? ACT_APPLY
                                           : word[0][0] == 's' ? ACT_SNAPSHOT
                                                               : ACT_RESTORE,
                                   .node = node_of(word[1]),
                                   .index = number(word[2]),
                                   .term = number(word[3]),
                                   .data = text,
                                   .len = strlen(text),
                               });
}

static void begin(struct play *play, int nodes, int seat)
{
    const int ids[NODES_MAX] = {1, 2, 3, 4, 5};

    check_free(&play->check);
    play->check = check_new(ids, nodes);
    check_settings(&play->check, 150, 1.0);
    logs_have_disks(play->check.logs);
    for (int id = 1; id <= nodes; id++)
        if (id != seat)
            check_started(&play->check, id, ++play->life[id], 0);
}

static void step(struct play *play, char **word, int count)
{
    struct check *check = &play->check;
    const char *what = word[0];

    if (strcmp(what, "nodes") == 0) {
        begin(play, node_of(word[1]), 0);
    } else if (strcmp(what, "seat") == 0) {
        begin(play, 3, node_of(word[1]));
    } else if (strcmp(what, "given") == 0) {
        int id = node_of(word[1]);
        for (int i = 2; i < count; i++)
            logs_given(check->logs, id, number(word[i]));
        logs_first_log(check->logs, id, (uint64_t)count - 2,
                       number(word[count - 1]));
    } else if (strcmp(what, "start") == 0) {
        int id = node_of(word[1]);
        check_started(check, id, ++play->life[id], 0);
    } else if (strcmp(what, "end") == 0) {
        check_ended(check, node_of(word[1]), 0);
    } else if (strcmp(what, "append") == 0 || strcmp(what, "once") == 0) {
        append(play, word, count);
    } else if (strcmp(what, "install") == 0) {
        install(play, word);
    } else if (strcmp(what, "ask") == 0) {
        ask(play, word);
    } else if (strcmp(what, "yes") == 0 || strcmp(what, "no") == 0 ||
               strcmp(what, "got") == 0 || strcmp(what, "grant") == 0) {
        reply(play, word);
    } else if (strcmp(what, "deliver") == 0) {
        logs_delivered(check->logs, play->token);
    } else if (strcmp(what, "slow") == 0) {
        play->slow = play->token;
    } else if (strcmp(what, "arrive") == 0) {
        logs_delivered(check->logs, play->slow);
    } else if (strcmp(what, "sync") == 0) {
        int id = node_of(word[1]);
        play->sync[id] = logs_sync_issued(check->logs, id);
    } else if (strcmp(what, "synced") == 0) {
        int id = node_of(word[1]);
        logs_synced(check->logs, id, play->sync[id]);
    } else if (strcmp(what, "apply") == 0 || strcmp(what, "snap") == 0 ||
               strcmp(what, "restore") == 0) {
        act(play, word);
    } else {
        printf("FAIL log_test: no command '%s' in a story\n", what);
        exit(1);
    }
}

/* Plays a script; how many violations, and the first. */
static int run(struct play *play, const char *story, struct violation *first)
{
    char *script = strdup(story);
    char *rest_of_script;
    int found = 0;

    begin(play, 3, 0);
    for (char *at = strtok_r(script, ";", &rest_of_script); at != NULL;
         at = strtok_r(NULL, ";", &rest_of_script)) {
        char *word[WORDS_MAX] = {NULL};
        char *rest;
        int count = 0;
        struct violation violation;

        for (char *one = strtok_r(at, " ", &rest);
             one != NULL && count < WORDS_MAX - 1;
             one = strtok_r(NULL, " ", &rest))
            word[count++] = one;
        if (count > 0)
            step(play, word, count);
        while (logs_found(play->check.logs, &violation))
            if (found++ == 0)
                *first = violation;
    }
    free(script);
    return found;
}

/* Whether the story ends as it should. */
static bool tell(const struct log_story *story)
{
    struct play play = {.frames = 0};
    struct violation first = {.rule = NULL};
    int found = run(&play, story->script, &first);

    check_free(&play.check);
    if (story->rule == NULL ? found == 0
                            : found > 0 && first.node == story->node &&
                                  strcmp(first.rule, story->rule) == 0) {
        printf("ok %s\n", story->name);
        return true;
    }
    printf("FAIL %s: expected %s of node %d, found %s of node %d: %s; but %s\n",
           story->name, story->rule == NULL ? "nothing" : story->rule,
           story->node, found == 0 ? "nothing" : first.rule, first.node,
           first.expected, first.observed);
    return false;
}

/* One entry is sent, delivered, synced, confirmed and announced. */
static void replicate(struct play *play, uint64_t index, bool is_synced)
{
    char script[320];
    char *words[WORDS_MAX];

    snprintf(script, sizeof(script),
             "append 1 2 1 %llu %d %llu 1=x;deliver;%syes 2 1 1 %llu;deliver",
             (unsigned long long)index - 1, index > 1,
             (unsigned long long)index - 1, is_synced ? "sync 2;synced 2;" : "",
             (unsigned long long)index);
    for (char *rest, *at = strtok_r(script, ";", &rest); at != NULL;
         at = strtok_r(NULL, ";", &rest)) {
        int count = 0;

        for (char *more, *one = strtok_r(at, " ", &more); one != NULL;
             one = strtok_r(NULL, " ", &more))
            words[count++] = one;
        step(play, words, count);
    }
}

/* Long runs: what is forgotten is not judged, what is new still is. */
static bool forgets_soundly(void)
{
    struct play play = {.frames = 0};
    struct violation found = {.rule = NULL};
    uint64_t index = 0;
    bool is_sound;

    begin(&play, 3, 0);
    while (index < 200000)
        replicate(&play, ++index, true);
    is_sound = !logs_found(play.check.logs, &found);
    replicate(&play, 1, false); /* sent again, long forgotten */
    replicate(&play, 5000, false);
    is_sound = is_sound && !logs_found(play.check.logs, &found);
    replicate(&play, ++index, false);
    is_sound = is_sound && logs_found(play.check.logs, &found) &&
               strcmp(found.rule, "durable") == 0;
    check_free(&play.check);
    printf("%s forgotten entries and calls are not judged\n",
           is_sound ? "ok" : "FAIL");
    return is_sound;
}

int main(void)
{
    int failed = 0;

    for (size_t i = 0; i < sizeof(log_stories) / sizeof(log_stories[0]); i++)
        if (!tell(&log_stories[i]))
            failed++;
    if (!forgets_soundly())
        failed++;
    return failed == 0 ? 0 : 1;
}
