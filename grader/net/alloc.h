/*
 * alloc.h - heap memory that is there or ends the program with a sentence.
 */
#ifndef CONCLAVE_ALLOC_H
#define CONCLAVE_ALLOC_H

#include <stddef.h>

/* size_bytes of zeros. */
void *alloc_new(size_t size_bytes);

/* The block at old (or NULL) with a new size; its first bytes are kept. */
void *alloc_resize(void *old, size_t size_bytes);

#endif
