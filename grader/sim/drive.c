/*
 * drive.c - see drive.h.
 */
#define _GNU_SOURCE

#include "drive.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../net/alloc.h"
#include "drive_disk.h"
#include "lines.h"
#include "orders.h"
#include "report.h"

#define MAX_WORDS       8           /* of a command of this file */
#define MAX_DESCRIPTION (64u << 10) /* bytes of a node's description */

static struct lines lines;       /* where the answers go */
static struct world *world;      /* the one there is, or NULL */
static struct world_watch watch; /* who is told of it */
static const struct code *code;  /* of its nodes */

__attribute__((format(printf, 1, 2))) static void answer(const char *format,
                                                         ...)
{
    va_list args;

    va_start(args, format);
    vfprintf(lines.out, format, args);
    va_end(args);
    fputc('\n', lines.out);
    fflush(lines.out);
}

static void on_crashed(int id, const char *how)
{
    lines_crashed(&lines, id, how);
}

/* ---- Words ------------------------------------------------------------- */

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Bytes from hexadecimal, in place, with a NUL behind them; false: are none. */
static bool read_hex(char *text, size_t *len)
{
    size_t digits = strcmp(text, "-") == 0 ? 0 : strlen(text);

    for (size_t i = 0; i + 1 < digits; i += 2) {
        int high = digit(text[i]);
        int low = digit(text[i + 1]);

        if (high < 0 || low < 0)
            return false;
        text[i / 2] = (char)(high << 4 | low);
    }
    *len = digits / 2;
    if (digits % 2 == 0)
        text[*len] = '\0';
    return digits % 2 == 0;
}

static uint64_t number(const char *word)
{
    return strtoull(word, NULL, 10);
}

/* ---- Commands ---------------------------------------------------------- */

static void do_cluster(char **words)
{
    struct world_setup setup = {.seed = number(words[1]),
                                .config = words[2],
                                .code = code,
                                .watch = &watch};
    char error[LOADER_MAX_ERROR];
    size_t len;

    if (!read_hex(words[2], &len)) {
        answer("error the configuration is no hexadecimal");
        return;
    }
    world_free(world);
    world = world_new(&setup, error);
    lines.world = world;
    if (world != NULL)
        answer("ok");
    else
        answer("error %s", error);
}

static void do_connect(char **words)
{
    int id = atoi(words[1]);
    enum client_port port = strcmp(words[2], "text") == 0 ? PORT_TEXT
                                                          : PORT_RESP;

    if (world_has(world, id))
        answer("ok %llu", (unsigned long long)world_client(world, id, port));
    else
        answer("error there is no node %d", id);
}

static void do_send(char **words)
{
    size_t len;

    if (!read_hex(words[2], &len)) {
        answer("error these bytes are no hexadecimal");
        return;
    }
    world_client_send(world, number(words[1]), words[2], len);
    answer("ok");
}

static void do_hangup(char **words)
{
    world_client_close(world, number(words[1]));
    answer("ok");
}

static void do_seat(char **words)
{
    int id = atoi(words[1]);

    if (!world_has(world, id) || world_is_up(world, id)) {
        answer("error node %d is not there to be played", id);
        return;
    }
    world_sit(world, id);
    answer("ok");
}

static void do_dial(char **words)
{
    uint64_t stream = world_seat_dial(world, atoi(words[1]), atoi(words[2]));

    if (stream != 0)
        answer("ok %llu", (unsigned long long)stream);
    else
        answer("error nobody sits in %s", words[1]);
}

static void do_write(char **words)
{
    size_t len;

    if (!world_has(world, atoi(words[1])) || !read_hex(words[3], &len))
        answer("error these are not a seat and bytes in hexadecimal");
    else if (world_seat_send(world, atoi(words[1]), number(words[2]), words[3],
                             len) != 0)
        answer("error the stream is not up");
    else
        answer("ok");
}

static void do_close(char **words)
{
    if (world_has(world, atoi(words[1])))
        world_seat_close(world, atoi(words[1]), number(words[2]));
    answer("ok");
}

static void do_run(char **words)
{
    uint64_t until_us = number(words[1]);
    bool is_stuck;

    lines.is_awaited = false;
    while (!lines.is_awaited && world_step(world, until_us))
        ;
    is_stuck = world_next_us(world) == UINT64_MAX;
    answer("ok %llu%s", (unsigned long long)world_now_us(world),
           is_stuck ? " stuck" : "");
}

static void do_describe(char **words)
{
    static char text[MAX_DESCRIPTION];
    char *at = text;
    char *line;

    world_describe(world, atoi(words[1]), text, sizeof(text));
    while ((line = strsep(&at, "\n")) != NULL)
        if (*line != '\0')
            fprintf(lines.out, "W %s %s\n", words[1], line);
    answer("ok");
}

static void do_mark(char **words)
{
    lines_mark(&lines, words[1]);
    answer("ok");
}

static void note_log(int id, char *terms)
{
    uint64_t count = 0;
    uint64_t last = 0;
    char *word;

    while ((word = strsep(&terms, ",")) != NULL) {
        last = number(word);
        count++;
        logs_given(world_check(world)->logs, id, last);
    }
    check_log(world_check(world), id, count, last);
}

static void do_note(char **words)
{
    unsigned heartbeat_ms;
    unsigned min_ms;
    unsigned max_ms;
    double rate;

    lines_note(&lines, words[1], words[2]);
    if (sscanf(words[2], "raft %u %u %u %lf", &heartbeat_ms, &min_ms, &max_ms,
               &rate) == 4)
        check_settings(world_check(world), min_ms, rate);
    if (strncmp(words[2], "log ", 4) == 0)
        note_log(atoi(words[1]), words[2] + 4);
    answer("ok");
}

static void do_show(char **words)
{
    bool *shown = words[0][0] == 'w'   ? &lines.is_watching
                  : words[0][0] == 'l' ? &lines.has_logs
                                       : &lines.has_acts;

    *shown = strcmp(words[1], "1") == 0;
    answer("ok");
}

static void do_leader(char **words)
{
    uint64_t term;
    int id = world_leader(world, &term);

    (void)words;
    answer("ok %d %llu", id, (unsigned long long)term);
}

static void do_hash(char **words)
{
    struct world_counts counts = world_counts(world);

    (void)words;
    answer("ok %016llx %llu %llu %llu", (unsigned long long)counts.hash,
           (unsigned long long)counts.events,
           (unsigned long long)counts.upcalls,
           (unsigned long long)counts.frames);
}

static void do_disk(char **words)
{
    size_t len = 0;

    if (words[0][0] == 'p' && !read_hex(words[3], &len))
        answer("error these bytes are no hexadecimal");
    else
        drive_disk(world, lines.out, words, len);
}

/* ---- All --------------------------------------------------------------- */

static const struct {
    const char *name;         /* the first word */
    int words;                /* this one included; the last takes the rest */
    void (*fn)(char **words); /* does it, and answers */
} commands[] = {
    {"cluster", 3, do_cluster}, {"connect", 3, do_connect},
    {"send", 3, do_send},       {"hangup", 2, do_hangup},
    {"seat", 2, do_seat},       {"dial", 3, do_dial},
    {"write", 4, do_write},     {"close", 3, do_close},
    {"run", 2, do_run},         {"describe", 2, do_describe},
    {"mark", 2, do_mark},       {"note", 3, do_note},
    {"watch", 2, do_show},      {"logs", 2, do_show},
    {"acts", 2, do_show},       {"leader", 1, do_leader},
    {"hash", 1, do_hash},       {"files", 2, do_disk},
    {"file", 3, do_disk},       {"put", 4, do_disk},
    {"drop", 3, do_disk},       {"diskcount", 2, do_disk},
};

static void obey_order(const char *line)
{
    char error[ORDER_MAX_ERROR];

    if (!order_obey(world, line, error)) {
        answer("error %s", error);
        return;
    }
    lines_mark(&lines, line);
    answer("ok");
}

static void obey(char *line)
{
    size_t name_len = strcspn(line, " ");
    char *words[MAX_WORDS];
    int count = 0;

    if (world == NULL && strncmp(line, "cluster ", 8) != 0) {
        answer("error there is no cluster yet; say cluster SEED CONFIG");
        return;
    }
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        if (strlen(commands[i].name) != name_len ||
            memcmp(commands[i].name, line, name_len) != 0)
            continue;
        while (count < commands[i].words - 1 && line != NULL)
            words[count++] = strsep(&line, " ");
        if (line != NULL)
            words[count++] = line;
        if (count < commands[i].words)
            answer("error '%s' needs more words", words[0]);
        else
            commands[i].fn(words);
        return;
    }
    obey_order(line);
}

int drive_run(const struct code *node_code)
{
    char *line = NULL;
    size_t capacity = 0;
    ssize_t len;

    code = node_code;
    lines.out = fdopen(dup(STDOUT_FILENO), "w");
    dup2(STDERR_FILENO, STDOUT_FILENO); /* what nodes print */
    watch = lines_watch(&lines);
    report_start(on_crashed);
    while ((len = getline(&line, &capacity, stdin)) > 0) {
        if (line[len - 1] == '\n')
            line[len - 1] = '\0';
        if (line[0] != '\0')
            obey(line);
    }
    free(line);
    world_free(world);
    world_drop_cache();
    fclose(lines.out);
    return 0;
}
