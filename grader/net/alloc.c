/*
 * alloc.c - see alloc.h.
 */
#include "alloc.h"

#include <stdio.h>
#include <stdlib.h>

static void *or_die(void *block, size_t size_bytes)
{
    if (block == NULL) {
        fprintf(stderr, "out of memory: no room for %zu bytes\n", size_bytes);
        abort();
    }
    return block;
}

void *alloc_new(size_t size_bytes)
{
    return or_die(calloc(1, size_bytes), size_bytes);
}

void *alloc_resize(void *old, size_t size_bytes)
{
    return or_die(realloc(old, size_bytes), size_bytes);
}
