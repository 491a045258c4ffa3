/*
 * host_disk_life.h - processes that use the real host's disk, and are killed.
 *
 * A life is a process of its own that opens a folder, works, and then is
 * killed (SIGKILL, as `kill -9` does) or ends properly. Its operations are
 * waited for, unless they are only issued:
 *
 *     good("append", append_op("log", "bytes"));
 *     check_file("what is there now", "log", "bytes");
 *
 * A check that fails prints `FAIL NAME, WHAT: expected ..., saw ...`. A header
 * with code in it, since two small programs share it and nobody else.
 */
#ifndef CONCLAVE_HOST_DISK_LIFE_H
#define CONCLAVE_HOST_DISK_LIFE_H

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

#include "../../handout/uv/disk.h"
#include "../../handout/uv/folder.h"
#include "outcome.h"

#define MAX_RESULT_BYTES 4096 /* kept of an operation's data */
#define MAX_TOKENS       256  /* operations of one life */

/* What the latest operation came to. */
struct result {
    int outcome;                 /* OK or a DISK_ outcome */
    char data[MAX_RESULT_BYTES]; /* what was read or listed, then a NUL */
    size_t len;                  /* bytes of it */
    uint64_t size;               /* for DISK_SIZE and DISK_APPEND */
};

static uv_loop_t loop;
static struct host_disk disk;
static struct result result;
static uint64_t issued;            /* operations so far: the last token */
static uint64_t ended[MAX_TOKENS]; /* tokens in the order of their ends */
static size_t end_count;           /* how many of these */
static bool is_issuing;            /* inside host_disk_issue */
static bool has_failed;            /* some check of this process */
static const char *test;           /* which test runs */

/* ---- Checks ------------------------------------------------------------ */

static inline void fail(const char *what, const char *expected, const char *saw)
{
    printf("FAIL %s, %s: expected %s, saw %s\n", test, what, expected, saw);
    has_failed = true;
}

static inline void check_number(const char *what, int64_t expected, int64_t saw)
{
    char texts[2][32];
    snprintf(texts[0], sizeof texts[0], "%" PRId64, expected);
    snprintf(texts[1], sizeof texts[1], "%" PRId64, saw);
    if (expected != saw)
        fail(what, texts[0], texts[1]);
}

static inline void check_bytes(const char *what, const char *expected,
                               size_t expected_len)
{
    check_number(what, (int64_t)expected_len, (int64_t)result.len);
    if (result.len == expected_len &&
        memcmp(result.data, expected, expected_len) != 0)
        fail(what, expected, result.data);
}

/* ---- Operations, waited for -------------------------------------------- */

static inline void on_done(void *arg, uint64_t token, int outcome,
                           const void *data, size_t len, uint64_t size)
{
    (void)arg;
    if (is_issuing)
        fail("a completion", "a later upcall", "one inside the call");
    if (end_count < MAX_TOKENS)
        ended[end_count] = token;
    end_count++;
    result.outcome = outcome;
    result.len = len < MAX_RESULT_BYTES ? len : MAX_RESULT_BYTES - 1;
    if (len > 0)
        memcpy(result.data, data, result.len);
    result.data[result.len] = '\0';
    result.size = size;
}

static inline void issue(struct disk_op op)
{
    op.token = ++issued;
    is_issuing = true;
    host_disk_issue(&disk, &op);
    is_issuing = false;
}

static inline void finish_all(void)
{
    while (end_count < issued)
        uv_run(&loop, UV_RUN_ONCE);
}

static inline int finish(struct disk_op op)
{
    issue(op);
    finish_all();
    return result.outcome;
}

static inline void good(const char *what, struct disk_op op)
{
    check_number(what, OK, finish(op));
}

static inline struct disk_op append_op(const char *path, const char *text)
{
    return (struct disk_op){
        .kind = DISK_APPEND, .path = path, .data = text, .len = strlen(text)};
}

static inline struct disk_op write_op(const char *path, uint64_t offset,
                                      const char *text)
{
    return (struct disk_op){.kind = DISK_WRITE,
                            .path = path,
                            .offset = offset,
                            .data = text,
                            .len = strlen(text)};
}

static inline struct disk_op on_path(enum disk_kind kind, const char *path)
{
    return (struct disk_op){.kind = kind, .path = path};
}

static inline struct disk_op cut_op(const char *path, uint64_t len)
{
    return (struct disk_op){.kind = DISK_TRUNCATE, .path = path, .offset = len};
}

static inline struct disk_op rename_op(const char *path, const char *to)
{
    return (struct disk_op){.kind = DISK_RENAME, .path = path, .to = to};
}

/* The whole file is this text; NULL: there is no such file. */
static inline void check_file(const char *what, const char *path,
                              const char *text)
{
    int outcome = finish((struct disk_op){
        .kind = DISK_READ, .path = path, .len = MAX_RESULT_BYTES - 1});
    check_number(what, text ? OK : DISK_NOT_FOUND, outcome);
    if (text && outcome == OK)
        check_bytes(what, text, strlen(text));
}

static inline void make_durable(const char *path)
{
    good("sync", on_path(DISK_SYNC, path));
    good("sync of the folder", on_path(DISK_SYNC_DIR, NULL));
}

/* ---- Lives ------------------------------------------------------------- */

static inline void open_disk(const char *folder)
{
    char error[256];
    int fd = folder_open(folder, error, sizeof error);
    if (fd < 0 || uv_loop_init(&loop) != 0 ||
        host_disk_open(&disk, &loop, fd, on_done, NULL, error, sizeof error) !=
            0) {
        printf("FAIL %s: expected a disk, saw: %s\n", test, error);
        exit(1);
    }
}

/* Lives one life in a folder. Returns whether its checks passed. */
static inline bool live(const char *folder, void (*life)(void), bool is_killed)
{
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        open_disk(folder);
        life();
        fflush(stdout);
        if (is_killed && !has_failed)
            kill(getpid(), SIGKILL);
        finish_all();
        uv_run(&loop, UV_RUN_DEFAULT);
        host_disk_free(&disk);
        uv_run(&loop, UV_RUN_DEFAULT);
        uv_loop_close(&loop);
        exit(has_failed);
    }
    int status;
    waitpid(child, &status, 0);
    return is_killed ? WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL
                     : WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static inline void remove_folder(const char *folder)
{
    char command[256];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    if (system(command) != 0)
        printf("(%s is left behind)\n", folder);
}

#endif
