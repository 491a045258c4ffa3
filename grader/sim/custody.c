/*
 * custody.c - see custody.h.
 */
#define _GNU_SOURCE

#include "custody.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "report.h"

#define CPU_LIMIT_S    (3 * REPORT_LIMIT_S) /* then it cannot tell of itself */
#define ASLEEP_LOOKS   300 /* so often asleep in a row, it will not wake */
#define UPCALLS_A_LOOK 256 /* at its memory, if it always answers soon */

#define TEXT_OF(number) #number
#define TEXT(number)    TEXT_OF(number)

static double cpu_seconds(pid_t pid)
{
    struct timespec used;
    clockid_t clock;

    if (clock_getcpuclockid(pid, &clock) != 0 ||
        clock_gettime(clock, &used) != 0)
        return 0;
    return (double)used.tv_sec + (double)used.tv_nsec / 1e9;
}

/* Pages that it really has; 0: unknown. */
static size_t pages_of(const struct custody *custody)
{
    char text[128];
    ssize_t len = custody->memory_fd < 0
                      ? 0
                      : pread(custody->memory_fd, text, sizeof(text) - 1, 0);
    char *second;

    if (len <= 0)
        return 0;
    text[len] = '\0';
    second = strchr(text, ' ');
    return second != NULL ? strtoull(second, NULL, 10) : 0;
}

/* Whether it waits for something or has been stopped: it does not run, and
 * does not want to. */
static bool is_asleep(pid_t pid)
{
    char path[64];
    char text[256];
    const char *state;
    FILE *file;

    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    file = fopen(path, "re");
    if (file == NULL)
        return false;
    text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
    fclose(file);
    state = strrchr(text, ')');
    return state != NULL && (state[2] == 'S' || state[2] == 'T');
}

void custody_begin(struct custody *custody, pid_t pid)
{
    char path[64];

    snprintf(path, sizeof(path), "/proc/%d/statm", (int)pid);
    *custody = (struct custody){
        .pid = pid,
        .memory_fd = open(path, O_RDONLY | O_CLOEXEC),
        .began_s = -1,
    };
    custody->first_pages = pages_of(custody);
}

void custody_end(struct custody *custody)
{
    if (custody->memory_fd >= 0)
        close(custody->memory_fd);
    custody->memory_fd = -1;
}

static const char *look_at_memory(struct custody *custody)
{
    size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE);
    size_t most = ((size_t)CUSTODY_MEMORY_MB << 20) / page_bytes;

    custody->upcalls = 0;
    if (pages_of(custody) <= custody->first_pages + most)
        return NULL;
    return "asked for more than " TEXT(CUSTODY_MEMORY_MB) " MB of memory";
}

const char *custody_upcall(struct custody *custody)
{
    custody->began_s = -1;
    custody->asleep = 0;
    return ++custody->upcalls < UPCALLS_A_LOOK ? NULL : look_at_memory(custody);
}

const char *custody_look(struct custody *custody)
{
    double now_s = cpu_seconds(custody->pid);

    if (custody->began_s < 0)
        custody->began_s = custody->seen_s = now_s;
    if (now_s - custody->began_s > CPU_LIMIT_S)
        return "endless loop: it has run for 15 s without waiting";
    if (now_s > custody->seen_s || !is_asleep(custody->pid))
        custody->asleep = 0;
    else
        custody->asleep++;
    custody->seen_s = now_s;
    if (custody->asleep >= ASLEEP_LOOKS)
        return "slept in the middle of an upcall, and did not wake";
    return look_at_memory(custody);
}
