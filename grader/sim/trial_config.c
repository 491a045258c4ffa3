/*
 * trial_config.c - what the nodes of a trial start with. See trial.h.
 */
#include <string.h>

#include "trial_run.h"

#define TRIAL_MAX_ENTRIES 6          /* in a log that a node starts with */
#define LOG_CHANCE        0x6c6f6773 /* the stream of draws for logs */
#define NUMBER_CHANCE     0x6e756d73 /* the stream of draws for numbers */

void trial_logs(const struct trial *trial, struct start_log logs[MAX_NODES])
{
    struct rng chance;
    bool has_logs;

    rng_init(&chance, trial->seed, LOG_CHANCE, 0, 0);
    has_logs = rng_chance(&chance, 0.5) && trial->kind == TRIAL_ELECTION;
    for (int n = 0; n < trial->nodes; n++) {
        struct start_log *log = &logs[n];
        size_t used = 0;

        *log = (struct start_log){.text = ""};
        if (has_logs)
            log->count = rng_below(&chance, TRIAL_MAX_ENTRIES + 1);
        for (uint32_t i = 0; i < log->count; i++) {
            log->last_term += (i == 0 ? 1 : 0) + rng_below(&chance, 2);
            used += (size_t)snprintf(log->text + used, TRIAL_MAX_LOG - used,
                                     "%s%u", i == 0 ? " log=" : ",",
                                     (unsigned)log->last_term);
        }
    }
}

/* A number of the configuration, and what it may be. */
struct choice {
    const char *name; /* its name */
    unsigned of[6];   /* one of these; repeated: likelier */
};

/* Small ones make things that are rare at their standard values happen often:
 * entries that travel one by one, or none at all without an answer; files that
 * are full after a few records; snapshots in many pieces. */
static const struct choice of_log[] = {
    {"append_window", {1, 1, 2, 4, 8, 8}},
    {"append_max_bytes", {1, 1, 200, 1000, 262144, 262144}},
    {"apply_ms", {0, 0, 0, 0, 1, 3}},
    {"store_sync_ms", {1, 1, 2, 2, 5, 10}},
};

static const struct choice of_figure8[] = {
    {"append_window", {1, 1, 1, 2, 2, 8}},
    {"append_max_bytes", {1, 1, 1, 1, 200, 262144}},
    {"store_sync_ms", {0, 1, 1, 1, 2, 5}},
};

static const struct choice of_disk[] = {
    {"append_window", {1, 1, 2, 4, 8, 8}},
    {"append_max_bytes", {1, 200, 1000, 262144, 262144, 262144}},
    {"apply_ms", {0, 0, 0, 0, 1, 3}},
    {"segment_bytes", {4096, 4096, 4096, 8192, 8192, 32768}},
    {"snapshot_log_bytes", {4096, 4096, 8192, 8192, 20000, 0}},
    {"snapshot_chunk_bytes", {64, 256, 256, 1000, 4000, 65536}},
};

static const struct choice of_crashes[] = {
    {"append_window", {4, 4, 4, 4, 4, 4}},
    {"segment_bytes", {4096, 4096, 4096, 4096, 4096, 4096}},
    {"snapshot_log_bytes", {4096, 4096, 4096, 4096, 4096, 4096}},
    {"snapshot_chunk_bytes", {1000, 1000, 1000, 1000, 1000, 1000}},
};

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

/* What each kind draws. */
static const struct {
    const char *word;           /* on the command line */
    const struct choice *drawn; /* count of them */
    size_t count;               /* how many */
} kinds[TRIAL_KINDS] = {
    [TRIAL_ELECTION] = {"election", NULL, 0},
    [TRIAL_LOG] = {"log", of_log, COUNT(of_log)},
    [TRIAL_FIGURE8] = {"figure8", of_figure8, COUNT(of_figure8)},
    [TRIAL_DISK] = {"disk", of_disk, COUNT(of_disk)},
    [TRIAL_FIGURE8_DISK] = {"figure8-disk", of_disk, COUNT(of_disk)},
    [TRIAL_CRASHES] = {"crashes", of_crashes, COUNT(of_crashes)},
};

enum trial_kind trial_kind(const char *word)
{
    int kind = 0;

    while (kind < TRIAL_KINDS && strcmp(kinds[kind].word, word) != 0)
        kind++;
    return (enum trial_kind)kind;
}

void trial_config(const struct trial *trial, char text[TRIAL_MAX_CONFIG])
{
    struct start_log logs[MAX_NODES];
    struct rng chance;
    size_t used = (size_t)snprintf(
        text, TRIAL_MAX_CONFIG,
        "cluster 1\nheartbeat_ms %d\nelection_min_ms %d\n"
        "election_max_ms %d\nrpc_timeout_ms %d\n",
        TRIAL_HEARTBEAT_MS, TRIAL_ELECTION_MIN_MS, TRIAL_ELECTION_MAX_MS,
        TRIAL_RPC_TIMEOUT_MS);

    rng_init(&chance, trial->seed, NUMBER_CHANCE, 0, 0);
    for (size_t i = 0; i < kinds[trial->kind].count; i++) {
        const struct choice *choice = &kinds[trial->kind].drawn[i];

        used += (size_t)snprintf(
            text + used, TRIAL_MAX_CONFIG - used, "%s %u\n", choice->name,
            choice->of[rng_below(&chance, COUNT(choice->of))]);
    }
    trial_logs(trial, logs);
    for (int id = 1; id <= trial->nodes; id++)
        used += (size_t)snprintf(text + used, TRIAL_MAX_CONFIG - used,
                                 "node %d listen=sim:%d client=sim:%d%s\n", id,
                                 1000 + id, 2000 + id, logs[id - 1].text);
}
