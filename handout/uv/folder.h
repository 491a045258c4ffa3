/*
 * folder.h - the data folder of a node: made, locked, its starts counted.
 *
 * What the host keeps in it for itself begins with a dot, so that it never
 * meets a name of the node's (disk.h).
 */
#ifndef CONCLAVE_UV_FOLDER_H
#define CONCLAVE_UV_FOLDER_H

#include <stddef.h>
#include <stdint.h>

/*
 * Opens a folder, making it and its parents if they are missing, and locks it
 * for the life of the process. Returns its descriptor, or -1 with a sentence
 * in error.
 */
int folder_open(const char *path, char *error, size_t error_bytes);

/*
 * The incarnation of this start: the one given or, if that is 0, one more than
 * the last. It is durable when this returns. Returns 0, or -1 and why.
 */
int folder_count_start(int folder_fd, uint64_t given, uint64_t *incarnation,
                       char *error, size_t error_bytes);

/* Takes what stands in the file .wall-offset-ms: how far the wall clock is to be
 * off from now on, in milliseconds. The file is gone then: who wrote it sees
 * that it was read. 0, or -1 if there is no number. */
int folder_take_wall_offset(int folder_fd, int64_t *offset_ms);

#endif
