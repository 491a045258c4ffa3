/*
 * memory.h - all memory that one node holds, so that its end frees it.
 *
 * Heap blocks hang in a list through a header before each; mapped stacks in
 * another. Fresh memory and freed memory hold patterns, so that what reads
 * either goes wrong in the same way every time.
 *
 *     +-------------------------+------------------+--------------+
 *     | struct block, red zone  | the node's bytes | red zone, 8  |
 *     +-------------------------+------------------+--------------+
 */
#ifndef CONCLAVE_SIM_MEMORY_H
#define CONCLAVE_SIM_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

#define MEMORY_MAX_MB    512 /* heap of one node */
#define MEMORY_MAX_BYTES ((size_t)MEMORY_MAX_MB << 20)
#define MEMORY_FRESH     0xA5 /* bytes just allocated */
#define MEMORY_FREED     0xDD /* bytes just freed */

/* The header of a heap block; 48 bytes, so that 16 divides its size. */
struct block {
    struct block *next;   /* in the node's list */
    struct block *prev;   /* in the node's list */
    struct memory *owner; /* NULL: not a block that is held */
    size_t size_bytes;    /* the node's bytes */
    size_t padding[2];    /* a red zone, filled with a pattern */
};

/* A mapped stack. */
struct mapping {
    struct mapping *next; /* in the node's list, or in the cache */
    char *base;           /* its first byte */
    size_t size_bytes;    /* bytes from there on */
    size_t guard_bytes;   /* of these the first so many may not be touched */
};

/* What one node holds. */
struct memory {
    struct block blocks;      /* the list's head */
    struct mapping *mappings; /* stacks */
    size_t heap_bytes;        /* in blocks */
    size_t heap_blocks;       /* how many blocks */
};

/* An empty table. */
void memory_init(struct memory *memory);

/* Frees all that is held. */
void memory_clear(struct memory *memory);

/* As malloc; NULL when the node would hold more than MEMORY_MAX_BYTES. */
void *memory_alloc(struct memory *memory, size_t size_bytes, int fill);
void *memory_resize(struct memory *memory, void *data, size_t size_bytes);

/* Whether it is a block that is held, and the bytes around it are whole. */
bool memory_holds(const struct memory *memory, void *data);

/* As free. False: the memory does not hold this block, or bytes around it were
 * written. */
bool memory_free(struct memory *memory, void *data);

/* Pages, from a cache if the size is that of one given back. NULL: none. */
void *memory_map(struct memory *memory, size_t size_bytes);
bool memory_guard(struct memory *memory, void *base, size_t size_bytes);
bool memory_unmap(struct memory *memory, void *base);

/* Whether the address lies in a guard page of a held stack. Signal-safe. */
bool memory_is_guard(const struct memory *memory, const void *address);

/* Gives cached pages back to the system. */
void memory_drop_cache(void);

#endif
