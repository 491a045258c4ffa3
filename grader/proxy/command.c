/*
 * command.c - what control commands do. See control.h for the list.
 */
#define _GNU_SOURCE /* for uv.h */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control.h"
#include "proxy.h"
#include "relay.h"

#define MAX_WORDS 64   /* of a command that is taken apart into words */
#define ANY       (-1) /* "*" for a node */

/* A command's words; the first is its name. */
struct words {
    const char *line;      /* the whole command */
    int count;             /* how many */
    char *word[MAX_WORDS]; /* NUL-ended */
};

/* A sentence about a bad command; there is one at a time. */
__attribute__((format(printf, 1, 2))) static const char *refuse(
    const char *format, ...)
{
    static char sentence[256];
    va_list args;

    va_start(args, format);
    vsnprintf(sentence, sizeof(sentence), format, args);
    va_end(args);
    return sentence;
}

/* The command is going to be obeyed: its mark comes before its effects. */
static void begin(struct proxy *proxy, const struct words *words)
{
    record_mark(proxy, "%s", words->line);
}

/* Cuts off the first word; what follows it. */
static char *cut_word(char *text)
{
    text += strcspn(text, " ");
    if (*text == '\0')
        return text;
    *text++ = '\0';
    return text + strspn(text, " ");
}

static const char *split(char *text, struct words *words)
{
    words->count = 0;
    text += strspn(text, " ");
    while (*text != '\0') {
        char *rest = cut_word(text);

        if (words->count == MAX_WORDS)
            return refuse("a command has at most %d words", MAX_WORDS);
        words->word[words->count++] = text;
        text = rest;
    }
    return NULL;
}

static bool read_number(const char *word, uint64_t *number)
{
    char *end;

    if (*word < '0' || *word > '9')
        return false;
    errno = 0;
    *number = strtoull(word, &end, 10);
    return errno == 0 && *end == '\0';
}

/* A node's place by its id, or ANY for "*". */
static const char *read_node(const struct proxy *proxy, const char *word,
                             int *place)
{
    uint64_t id;

    *place = ANY;
    if (strcmp(word, "*") == 0)
        return NULL;
    if (read_number(word, &id) && id <= INT32_MAX)
        *place = proxy_place(proxy, (int)id);
    if (*place < 0)
        return refuse("'%.40s' is no node of this cluster", word);
    return NULL;
}

/* link FROM TO key=value ... */
static const char *obey_link(struct proxy *proxy, const struct words *words)
{
    char sentence[LINK_MAX_ERROR];
    struct link_faults trial = {0};
    const char *error;
    int from;
    int to;

    if (words->count < 4)
        return "link needs FROM, TO and key=value";
    error = read_node(proxy, words->word[1], &from);
    if (error == NULL)
        error = read_node(proxy, words->word[2], &to);
    if (error != NULL)
        return error;
    if (from == to && from != ANY)
        return "a link leads from one node to another";
    for (int i = 3; i < words->count; i++) {
        if (!link_set(&trial, words->word[i], sentence))
            return refuse("%s", sentence);
    }
    begin(proxy, words);
    for (int a = 0; a < proxy->count; a++) {
        for (int b = 0; b < proxy->count; b++) {
            if (a == b || (from != ANY && a != from) || (to != ANY && b != to))
                continue;
            for (int i = 3; i < words->count; i++)
                link_set(&proxy->links[a][b].faults, words->word[i], sentence);
        }
    }
    relay_pump(proxy);
    return NULL;
}

/* Puts the nodes of "1,2" into a set; each may be in one only. */
static const char *read_set(const struct proxy *proxy, char *text, int set,
                            int sets[PROXY_MAX_NODES])
{
    char *rest;

    for (char *id = strtok_r(text, ",", &rest); id != NULL;
         id = strtok_r(NULL, ",", &rest)) {
        const char *error;
        int place;

        error = read_node(proxy, id, &place);
        if (error != NULL)
            return error;
        if (place == ANY)
            return "a set lists its nodes, as in 1,2";
        if (sets[place] != 0)
            return refuse("node %s is in two sets", id);
        sets[place] = set;
    }
    return NULL;
}

/* partition 1,2 3,4,5 */
static const char *obey_partition(struct proxy *proxy,
                                  const struct words *words)
{
    int sets[PROXY_MAX_NODES] = {0}; /* 0: in none */

    if (words->count < 2)
        return "partition needs sets of nodes, as in 1,2 3,4,5";
    for (int i = 1; i < words->count; i++) {
        const char *error = read_set(proxy, words->word[i], i, sets);

        if (error != NULL)
            return error;
    }
    begin(proxy, words);
    for (int a = 0; a < proxy->count; a++) {
        for (int b = 0; b < proxy->count; b++)
            proxy->links[a][b].faults.is_cut = sets[a] == 0 ||
                                               sets[a] != sets[b];
    }
    relay_pump(proxy);
    return NULL;
}

static const char *obey_heal(struct proxy *proxy, const struct words *words)
{
    if (words->count != 1)
        return "heal stands alone";
    begin(proxy, words);
    for (int a = 0; a < proxy->count; a++) {
        for (int b = 0; b < proxy->count; b++)
            proxy->links[a][b].faults = (struct link_faults){0};
    }
    relay_pump(proxy);
    return NULL;
}

/* reset FROM TO */
static const char *obey_reset(struct proxy *proxy, const struct words *words)
{
    const char *error;
    int from;
    int to;

    if (words->count != 3)
        return "reset needs FROM and TO";
    error = read_node(proxy, words->word[1], &from);
    if (error == NULL)
        error = read_node(proxy, words->word[2], &to);
    if (error != NULL)
        return error;
    begin(proxy, words);
    relay_reset(proxy, from, to);
    return NULL;
}

/* note N log 1,1,2 */
static const char *note_log(struct proxy *proxy, int id,
                            const struct words *words)
{
    uint64_t count = 0;
    uint64_t term = 0;
    char *rest;

    if (words->count != 4)
        return "note NODE log needs the terms of the entries, as in 1,1,2";
    for (char *word = strtok_r(words->word[3], ",", &rest); word != NULL;
         word = strtok_r(NULL, ",", &rest)) {
        if (!read_number(word, &term))
            return refuse("'%.40s' is no term", word);
        count++;
        logs_given(proxy->check.logs, id, term);
    }
    check_log(&proxy->check, id, count, term);
    return NULL;
}

/* note * raft HEARTBEAT_MS ELECTION_MIN_MS ELECTION_MAX_MS RATE */
static const char *note_raft(struct proxy *proxy, const struct words *words)
{
    uint64_t times_ms[3];
    double rate;
    char *end;

    if (words->count != 7)
        return "note * raft needs HEARTBEAT_MS ELECTION_MIN_MS "
               "ELECTION_MAX_MS RATE";
    for (int i = 0; i < 3; i++) {
        if (!read_number(words->word[3 + i], &times_ms[i]) ||
            times_ms[i] > UINT32_MAX)
            return refuse("'%.40s' is no time in ms", words->word[3 + i]);
    }
    rate = strtod(words->word[6], &end);
    if (*end != '\0' || !(rate > 0) || rate > 100)
        return refuse("'%.40s' is no rate of a clock, as 1.1 is",
                      words->word[6]);
    check_settings(&proxy->check, (uint32_t)times_ms[1], rate);
    return NULL;
}

/* What a note tells the checker. */
static const char *tell_checker(struct proxy *proxy, const struct words *words)
{
    uint64_t now_us = proxy_now_us(proxy);
    uint64_t incarnation;
    const char *error;
    const char *what;
    int place;
    int id;

    if (words->count < 3)
        return "note needs NODE and a text";
    error = read_node(proxy, words->word[1], &place);
    if (error != NULL)
        return error;
    what = words->word[2];
    if (place == ANY)
        return strcmp(what, "raft") == 0 ? note_raft(proxy, words) : NULL;
    id = proxy->nodes[place].id;
    if (strcmp(what, "start") == 0) {
        if (words->count != 4 || !read_number(words->word[3], &incarnation))
            return "note NODE start needs the INCARNATION";
        check_started(&proxy->check, id, incarnation, now_us);
    } else if (strcmp(what, "kill") == 0) {
        check_ended(&proxy->check, id, now_us);
    } else if (strcmp(what, "log") == 0) {
        return note_log(proxy, id, words);
    }
    return NULL;
}

/* note NODE text: for the checker, and as it stands for the record. */
static const char *obey_note(struct proxy *proxy, char *rest)
{
    char text[CONTROL_MAX_LINE];
    struct words words = {0};
    const char *error;

    snprintf(text, sizeof(text), "note %s", rest);
    error = split(text, &words);
    if (error == NULL)
        error = tell_checker(proxy, &words);
    if (error == NULL) {
        char *after = cut_word(rest);

        record_note(proxy, rest, after);
    }
    return error;
}

static const char *obey_watch(struct control_client *client)
{
    struct proxy *proxy = client->proxy;

    if (proxy->control.watcher != NULL)
        return "somebody is watching already";
    proxy->control.watcher = client;
    record_hand_over(proxy);
    return NULL;
}

/* Commands made of words. */
static const struct command {
    const char *name;                                          /* its word */
    const char *(*obey)(struct proxy *, const struct words *); /* does it */
} commands[] = {
    {"link", obey_link},
    {"partition", obey_partition},
    {"heal", obey_heal},
    {"reset", obey_reset},
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

const char *command_obey(struct control_client *client, char *line)
{
    struct proxy *proxy = client->proxy;
    char whole[CONTROL_MAX_LINE];
    struct words words;
    const char *error;
    char *rest;

    line += strspn(line, " ");
    snprintf(whole, sizeof(whole), "%s", line);
    rest = cut_word(line);
    if (strcmp(line, "mark") == 0) {
        record_mark(proxy, "%s", rest);
        return NULL;
    }
    if (strcmp(line, "note") == 0)
        return obey_note(proxy, rest);
    if (strcmp(line, "watch") == 0)
        return obey_watch(client);
    for (size_t i = 0; i < COMMANDS; i++) {
        char taken_apart[CONTROL_MAX_LINE];

        if (strcmp(line, commands[i].name) != 0)
            continue;
        memcpy(taken_apart, whole, sizeof(whole));
        words.line = whole;
        error = split(taken_apart, &words);
        return error != NULL ? error : commands[i].obey(proxy, &words);
    }
    return refuse("'%.40s' is no command; there are link, partition, heal, "
                  "reset, mark, note and watch",
                  line);
}
