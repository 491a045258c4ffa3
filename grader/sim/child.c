/*
 * child.c - see child.h. A result travels through a pipe as it is in memory: it
 * is the same program at both ends.
 */
#define _GNU_SOURCE

#include "child.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "report.h"

#define CHILD_FAILED 4 /* exit status: the simulator itself went wrong */

static int to_parent = -1;         /* the child's end of the pipe */
static struct trial_result result; /* of the trial that runs, or was read */

/* ---- The child --------------------------------------------------------- */

static void send_result(void)
{
    const char *at = (const char *)&result;
    size_t left = sizeof(result);

    while (left > 0) {
        ssize_t n = write(to_parent, at, left);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            _exit(CHILD_FAILED);
        at += n;
        left -= (size_t)n;
    }
}

static void on_crashed(int id, const char *how)
{
    trial_crash(&result, id, how);
    send_result();
}

_Noreturn static void be_child(const struct batch *batch)
{
    dup2(STDERR_FILENO, STDOUT_FILENO); /* what nodes print */
    report_start(on_crashed);
    for (uint64_t i = 0; i < batch->count; i++) {
        memset(&result, 0, sizeof(result));
        batch->run(batch->arg, batch->first + i, &result);
        send_result();
    }
    _exit(0);
}

/* ---- The parent -------------------------------------------------------- */

static bool read_result(int fd)
{
    char *at = (char *)&result;
    size_t left = sizeof(result);

    while (left > 0) {
        ssize_t n = read(fd, at, left);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        at += n;
        left -= (size_t)n;
    }
    return true;
}

uint64_t child_run(const struct batch *batch)
{
    bool is_wanted = true;
    uint64_t done = 0;
    int status = 0;
    int ends[2];
    pid_t child;

    fflush(stdout);
    if (pipe(ends) != 0 || (child = fork()) < 0) {
        perror("sim: no child process");
        exit(CHILD_FAILED);
    }
    if (child == 0) {
        close(ends[0]);
        to_parent = ends[1];
        be_child(batch);
    }
    close(ends[1]);
    while (is_wanted && read_result(ends[0])) {
        is_wanted = batch->take(batch->arg, batch->first + done, &result);
        done++;
    }
    if (!is_wanted)
        kill(child, SIGKILL);
    close(ends[0]);
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    if (done < batch->count && is_wanted &&
        !(WIFEXITED(status) && WEXITSTATUS(status) == REPORT_CRASHED)) {
        fprintf(stderr, "sim: the child died at trial %llu, status %d\n",
                (unsigned long long)(batch->first + done), status);
        exit(CHILD_FAILED);
    }
    return done;
}
