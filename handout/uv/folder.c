/*
 * folder.c - the data folder of a node: made, locked, its starts counted.
 */
#define _GNU_SOURCE

#include "folder.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define COUNTER        ".incarnation"     /* holds the latest one, in decimal */
#define NEW_COUNTER    ".incarnation.new" /* becomes the counter by a rename */
#define WALL_OFFSET    ".wall-offset-ms"
#define MAX_LINE_BYTES 32 /* of a number, with its NUL */

/* Makes a folder and its parents. 0 or an errno. */
static int make_folder(const char *path)
{
    char part[PATH_MAX];
    if (snprintf(part, sizeof part, "%s", path) >= (int)sizeof part)
        return ENAMETOOLONG;
    for (char *at = part + 1; *at; at++) {
        if (*at != '/')
            continue;
        *at = '\0';
        if (mkdir(part, 0755) != 0 && errno != EEXIST)
            return errno;
        *at = '/';
    }
    return mkdir(part, 0755) != 0 && errno != EEXIST ? errno : 0;
}

int folder_open(const char *path, char *error, size_t error_bytes)
{
    int code = make_folder(path);
    int fd = -1;
    if (code == 0) {
        fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        code = fd < 0 ? errno : 0;
    }
    if (code) {
        snprintf(error, error_bytes, "data folder %s: %s", path,
                 strerror(code));
        return -1;
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        snprintf(error, error_bytes,
                 "data folder %s is in use by another node that still runs",
                 path);
        close(fd);
        return -1;
    }
    return fd;
}

/* Reads a file's first line. 0, or -1 if there is none. */
static int read_line(int folder_fd, const char *name, char text[MAX_LINE_BYTES])
{
    int fd = openat(folder_fd, name, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    ssize_t len = read(fd, text, MAX_LINE_BYTES - 1);
    close(fd);
    text[len > 0 ? len : 0] = '\0';
    return len > 0 ? 0 : -1;
}

/* The latest incarnation; 0 before the first start. */
static uint64_t read_counter(int folder_fd)
{
    char text[MAX_LINE_BYTES];
    if (read_line(folder_fd, COUNTER, text) != 0)
        return 0;
    return strtoull(text, NULL, 10);
}

int folder_take_wall_offset(int folder_fd, int64_t *offset_ms)
{
    char text[MAX_LINE_BYTES], *end;
    if (read_line(folder_fd, WALL_OFFSET, text) != 0)
        return -1;
    *offset_ms = strtoll(text, &end, 10);
    (void)unlinkat(folder_fd, WALL_OFFSET, 0);
    return end == text ? -1 : 0;
}

/* Writes the counter so that a crash leaves the old one or the new one. */
static int write_counter(int folder_fd, uint64_t incarnation)
{
    char text[32];
    int len = snprintf(text, sizeof text, "%llu\n",
                       (unsigned long long)incarnation);
    int fd = openat(folder_fd, NEW_COUNTER,
                    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0)
        return -1;
    int code = write(fd, text, (size_t)len) == len ? fsync(fd) : -1;
    close(fd);
    if (code == 0)
        code = renameat(folder_fd, NEW_COUNTER, folder_fd, COUNTER);
    return code == 0 ? fsync(folder_fd) : -1;
}

int folder_count_start(int folder_fd, uint64_t given, uint64_t *incarnation,
                       char *error, size_t error_bytes)
{
    *incarnation = given ? given : read_counter(folder_fd) + 1;
    if (write_counter(folder_fd, *incarnation) == 0)
        return 0;
    snprintf(error, error_bytes, "the data folder cannot be written: %s",
             strerror(errno));
    return -1;
}
