/*
 * loader.h - separately loaded copies of a node's shared object.
 *
 * The dynamic loader gives a file that is opened twice one set of globals, so
 * each copy is a file of its own: an anonymous one in memory, with the same
 * bytes (for a debugger, one in a folder). A restart unloads the copy, proves
 * that it is gone, and loads it afresh, so that nothing in it survives.
 *
 *     struct code *code = code_read("node-election.so", error);
 *     struct image *image = image_take(code);
 *     const struct node_ops *ops = image_load(image, error);
 *     ...
 *     image_unload(image, error);      // 0, or -1 and what still holds it
 */
#ifndef CONCLAVE_SIM_LOADER_H
#define CONCLAVE_SIM_LOADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../handout/node/host.h"

#define LOADER_MAX_ERROR 512         /* a sentence, with its NUL */
#define CODE_MAX_BYTES   (64u << 20) /* of a shared object */
#define MAX_SPARE_IMAGES 64          /* copies kept for the next who asks */

/* The bytes of a shared object. */
struct code {
    char *path;         /* where it was read from */
    uint8_t *bytes;     /* all of them */
    size_t size_bytes;  /* how many */
    bool is_isolated;   /* each copy runs in a process of its own */
    const char *copies; /* folder for copies that a debugger can open; NULL */
};

/* One copy. */
struct image;

/* Reads a shared object; NULL and a sentence in error if it cannot be one. */
struct code *code_read(const char *path, char error[LOADER_MAX_ERROR]);
void code_free(struct code *code);

/*
 * A copy, not loaded; it borrows the code. What is given back, unloaded, is
 * kept for the next who asks, until it is dropped or other code is asked for.
 */
struct image *image_take(const struct code *code);
void image_give(struct image *image);
void image_drop_spares(void);

/* Loads it: what it offers its host, or NULL and a sentence in error. */
const struct node_ops *image_load(struct image *image,
                                  char error[LOADER_MAX_ERROR]);

/* Unloads it and proves it. 0, or -1 and a sentence in error. */
int image_unload(struct image *image, char error[LOADER_MAX_ERROR]);

/*
 * Where an address lies: its offset in the copy, or 0 if it is not in it.
 * Signal-safe.
 */
uintptr_t image_offset(const struct image *image, const void *address);

#endif
