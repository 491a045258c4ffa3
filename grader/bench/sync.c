/*
 * sync.c - what the machine's disk can do: small writes, each made durable.
 *
 *     sync FILE BYTES MILLISECONDS
 *
 * Writes BYTES after BYTES into a file that is filled with zeros ahead, as the
 * reference's log is, with an fdatasync after each. Prints one line: syncs,
 * microseconds in all, and the median of one in microseconds.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define FILE_BYTES (4 << 20)
#define MOST       1000000 /* syncs */

static uint32_t took_us[MOST];

static uint64_t now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static int compare(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;

    return x < y ? -1 : x > y;
}

static void check(int good, const char *what)
{
    if (!good) {
        perror(what);
        exit(1);
    }
}

int main(int argc, char **argv)
{
    static char bytes[FILE_BYTES];

    if (argc != 4) {
        fprintf(stderr, "usage: sync FILE BYTES MILLISECONDS\n");
        return 2;
    }
    size_t len = (size_t)atol(argv[2]);
    uint64_t limit_us = 1000 * (uint64_t)atol(argv[3]);
    int fd = open(argv[1], O_RDWR | O_CREAT, 0644);
    check(fd >= 0 && len > 0 && len < FILE_BYTES, argv[1]);
    /* A file of an earlier run is as good: nothing is made room for. */
    if (lseek(fd, 0, SEEK_END) != FILE_BYTES)
        check(pwrite(fd, bytes, FILE_BYTES, 0) == FILE_BYTES, "pwrite");
    check(fsync(fd) == 0, "fsync");

    memset(bytes, 'x', len);
    uint64_t begun_us = now_us();
    uint32_t count = 0;
    off_t at = 0;
    while (count < MOST && now_us() - begun_us < limit_us) {
        uint64_t start_us = now_us();
        check(pwrite(fd, bytes, len, at) == (ssize_t)len, "pwrite");
        check(fdatasync(fd) == 0, "fdatasync");
        took_us[count++] = (uint32_t)(now_us() - start_us);
        at = at + 2 * (off_t)len > FILE_BYTES ? 0 : at + (off_t)len;
    }
    uint64_t total_us = now_us() - begun_us;
    qsort(took_us, count, sizeof took_us[0], compare);
    printf("%u %llu %u\n", count, (unsigned long long)total_us,
           took_us[count / 2]);
    return 0;
}
