/*
 * memory.c - see memory.h.
 */
#define _GNU_SOURCE

#include "memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "../net/alloc.h"
#include "asan.h"

#define ZONE_BYTES       8    /* behind every block */
#define MEMORY_ZONE      0xB7 /* what is there */
#define STACK_FILL_BYTES 8192 /* at the top of a stack, filled each time */
#define CACHE_MAX        4096 /* stacks kept for the next node */

static struct mapping *cache; /* stacks that nobody holds */
static size_t cached;         /* how many */

void memory_init(struct memory *memory)
{
    *memory = (struct memory){0};
    memory->blocks.next = memory->blocks.prev = &memory->blocks;
}

static struct block *block_of(void *data)
{
    return (struct block *)data - 1;
}

/* Writes the red zone behind a block, or checks it. */
static void mark_end(struct block *block)
{
    memset((char *)(block + 1) + block->size_bytes, MEMORY_ZONE, ZONE_BYTES);
}

static bool has_end(const struct block *block)
{
    const unsigned char *zone = (const unsigned char *)(block + 1) +
                                block->size_bytes;

    for (size_t i = 0; i < ZONE_BYTES; i++)
        if (zone[i] != MEMORY_ZONE)
            return false;
    return true;
}

static void link_in(struct memory *memory, struct block *block)
{
    block->next = &memory->blocks;
    block->prev = memory->blocks.prev;
    block->prev->next = block;
    memory->blocks.prev = block;
    block->owner = memory;
    memory->heap_bytes += block->size_bytes;
    memory->heap_blocks++;
}

static void link_out(struct memory *memory, struct block *block)
{
    block->next->prev = block->prev;
    block->prev->next = block->next;
    block->owner = NULL;
    memory->heap_bytes -= block->size_bytes;
    memory->heap_blocks--;
}

void *memory_alloc(struct memory *memory, size_t size_bytes, int fill)
{
    struct block *block;

    if (size_bytes > MEMORY_MAX_BYTES - memory->heap_bytes)
        return NULL;
    block = malloc(sizeof(*block) + size_bytes + ZONE_BYTES);
    if (block == NULL)
        return NULL;
    block->size_bytes = size_bytes;
    block->padding[0] = block->padding[1] = SIZE_MAX / 3;
    link_in(memory, block);
    memset(block + 1, fill, size_bytes);
    mark_end(block);
    return block + 1;
}

void *memory_resize(struct memory *memory, void *data, size_t size_bytes)
{
    struct block *block = block_of(data);
    size_t kept = block->size_bytes < size_bytes ? block->size_bytes
                                                 : size_bytes;
    void *grown = memory_alloc(memory, size_bytes, MEMORY_FRESH);

    if (grown == NULL)
        return NULL;
    memcpy(grown, data, kept);
    memory_free(memory, data);
    return grown;
}

bool memory_holds(const struct memory *memory, void *data)
{
    const struct block *block = block_of(data);

    return block->owner == memory && block->padding[0] == SIZE_MAX / 3 &&
           block->padding[1] == SIZE_MAX / 3 && has_end(block);
}

bool memory_free(struct memory *memory, void *data)
{
    struct block *block = block_of(data);

    if (!memory_holds(memory, data))
        return false;
    link_out(memory, block);
    memset(data, MEMORY_FREED, block->size_bytes);
    free(block);
    return true;
}

/* ---- Stacks ------------------------------------------------------------ */

static struct mapping *take_cached(size_t size_bytes)
{
    for (struct mapping **at = &cache; *at != NULL; at = &(*at)->next) {
        struct mapping *found = *at;

        if (found->size_bytes != size_bytes)
            continue;
        *at = found->next;
        cached--;
        /* Whatever the last user left below the top is gone. */
        madvise(found->base + found->guard_bytes,
                size_bytes - found->guard_bytes, MADV_DONTNEED);
        return found;
    }
    return NULL;
}

static void release(struct mapping *mapping)
{
    munmap(mapping->base, mapping->size_bytes);
    free(mapping);
}

static void give_back(struct mapping *mapping)
{
    asan_forget(mapping->base, mapping->size_bytes);
    if (cached == CACHE_MAX || mapping->guard_bytes == 0) {
        release(mapping);
        return;
    }
    mapping->next = cache;
    cache = mapping;
    cached++;
}

void memory_drop_cache(void)
{
    while (cache != NULL) {
        struct mapping *next = cache->next;

        release(cache);
        cache = next;
    }
    cached = 0;
}

void *memory_map(struct memory *memory, size_t size_bytes)
{
    struct mapping *mapping = take_cached(size_bytes);
    size_t fill = size_bytes < STACK_FILL_BYTES ? size_bytes : STACK_FILL_BYTES;

    if (mapping == NULL) {
        char *base = mmap(NULL, size_bytes, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        if (base == MAP_FAILED)
            return NULL;
        mapping = alloc_new(sizeof(*mapping));
        mapping->base = base;
        mapping->size_bytes = size_bytes;
    }
    memset(mapping->base + size_bytes - fill, MEMORY_FRESH, fill);
    mapping->next = memory->mappings;
    memory->mappings = mapping;
    return mapping->base;
}

bool memory_guard(struct memory *memory, void *base, size_t size_bytes)
{
    for (struct mapping *at = memory->mappings; at != NULL; at = at->next) {
        if (at->base != base || size_bytes >= at->size_bytes)
            continue;
        if (at->guard_bytes == size_bytes)
            return true; /* it came from the cache */
        at->guard_bytes = size_bytes;
        return mprotect(base, size_bytes, PROT_NONE) == 0;
    }
    return false;
}

bool memory_unmap(struct memory *memory, void *base)
{
    for (struct mapping **at = &memory->mappings; *at; at = &(*at)->next) {
        struct mapping *found = *at;

        if (found->base != base)
            continue;
        *at = found->next;
        give_back(found);
        return true;
    }
    return false;
}

bool memory_is_guard(const struct memory *memory, const void *address)
{
    const char *at = address;

    for (const struct mapping *m = memory->mappings; m != NULL; m = m->next)
        if (at >= m->base && at < m->base + m->guard_bytes)
            return true;
    return false;
}

void memory_clear(struct memory *memory)
{
    while (memory->blocks.next != &memory->blocks) {
        struct block *block = memory->blocks.next;

        link_out(memory, block);
        free(block);
    }
    while (memory->mappings != NULL) {
        struct mapping *mapping = memory->mappings;

        memory->mappings = mapping->next;
        give_back(mapping);
    }
}
