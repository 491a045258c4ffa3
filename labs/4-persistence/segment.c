/*
 * segment.c - see segment.h.
 *
 * The invariant: a segment that await_segment_make has made is never lost by a
 * crash, neither its length nor its name.
 */
#include "segment.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node.h"

#define PREFIX     "wal." /* of all segments' names */
#define MIN_DIGITS 8      /* after it */
#define ZERO_BYTES 65536  /* written at once when a segment is filled */
#define MAX_DIGITS 19     /* more would not fit into a number */

void segment_name(uint64_t number, char name[MAX_DISK_PATH_BYTES])
{
    snprintf(name, MAX_DISK_PATH_BYTES, PREFIX "%0*llu", MIN_DIGITS,
             (unsigned long long)number);
}

/* The number in a segment's name; 0: it is none. */
static uint64_t number_of(const char *name)
{
    const char *digits = name + strlen(PREFIX);
    uint64_t number = 0;

    if (strncmp(name, PREFIX, strlen(PREFIX)) != 0 ||
        strlen(digits) < MIN_DIGITS || strlen(digits) > MAX_DIGITS)
        return 0;
    for (; *digits; digits++) {
        if (*digits < '0' || *digits > '9')
            return 0;
        number = 10 * number + (uint64_t)(*digits - '0');
    }
    return number;
}

/* ---- Making ------------------------------------------------------------- */

int await_segment_clear(uint64_t number, uint64_t offset, uint64_t end)
{
    static const uint8_t zeros[ZERO_BYTES];
    char name[MAX_DISK_PATH_BYTES];
    int outcome = OK;

    segment_name(number, name);
    while (outcome == OK && offset < end) {
        size_t len = end - offset < ZERO_BYTES ? (size_t)(end - offset)
                                               : ZERO_BYTES;
        outcome = await_disk_write(name, offset, bytes_of(zeros, len));
        offset += len;
    }
    return outcome;
}

int await_segment_make(uint64_t number, uint64_t len)
{
    char name[MAX_DISK_PATH_BYTES];

    segment_name(number, name);
    /* Your code here. */
    (void)len;
    return DISK_ERROR;
}

int await_segment_reuse(uint64_t old, uint64_t number, uint64_t len)
{
    /* Your code here, or never: what is not reused is removed. */
    (void)old;
    (void)number;
    (void)len;
    return DISK_NOT_FOUND;
}

/* ---- Using -------------------------------------------------------------- */

int await_segment_write(uint64_t number, uint64_t offset, struct bytes bytes)
{
    char name[MAX_DISK_PATH_BYTES];

    segment_name(number, name);
    /* Your code here. */
    (void)offset;
    (void)bytes;
    return DISK_ERROR;
}

int await_segment_read(uint64_t number, struct buf *out)
{
    char name[MAX_DISK_PATH_BYTES];
    uint64_t size;

    segment_name(number, name);
    int outcome = await_disk_size(name, &size);
    if (outcome == OK)
        outcome = await_disk_read(name, 0, (size_t)size, out);
    return outcome;
}

static int compare_numbers(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a;
    uint64_t right = *(const uint64_t *)b;

    return (left > right) - (left < right);
}

int await_segments(uint64_t numbers[MAX_SEGMENTS], size_t *count)
{
    struct buf names = {0};
    int outcome = await_disk_list(&names);

    *count = 0;
    for (size_t at = 0; outcome == OK && at < names.len;) {
        const char *name = (const char *)names.data + at;
        uint64_t number = number_of(name);

        at += strlen(name) + 1;
        if (number == 0)
            continue;
        if (*count == MAX_SEGMENTS)
            node_fatal("the data folder holds more than %d files of the log; "
                       "raise segment_bytes, or take snapshots more often",
                       MAX_SEGMENTS);
        numbers[(*count)++] = number;
    }
    buf_free(&names);
    if (*count > 0)
        qsort(numbers, *count, sizeof numbers[0], compare_numbers);
    return outcome;
}

int await_segments_remove(const uint64_t *numbers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char name[MAX_DISK_PATH_BYTES];

        segment_name(numbers[i], name);
        int outcome = await_disk_remove(name);
        if (outcome != OK && outcome != DISK_NOT_FOUND)
            return outcome;
    }
    return await_disk_sync_dir();
}
