/*
 * segment.h - the files that the log is cut into: wal.00000001, wal.00000002.
 *
 * A segment is filled with zeros, and its zeros and its name are durable,
 * before the first batch goes into it. A batch then changes no length and no
 * name, so that one sync of the file is all that it takes. A file that nobody
 * needs any more will do as well: nothing in it bears the new number.
 */
#ifndef CONCLAVE_SEGMENT_H
#define CONCLAVE_SEGMENT_H

#include "disk.h"
#include "host.h"
#include "wire.h"

#define MAX_SEGMENTS 1000 /* files of one log */

/* A segment's file name. */
void segment_name(uint64_t number, char name[MAX_DISK_PATH_BYTES]);

/* Makes a segment: len zeros, durable, under a durable name. What had the name
 * before goes. If it fails, no such segment is left. OK or a DISK_ outcome. */
int await_segment_make(uint64_t number, uint64_t len);

/* Makes a segment out of an old one of the same length, by a durable change of
 * its name; it costs no writing. If it fails, the old file may be left, under
 * either name. OK or a DISK_ outcome. */
int await_segment_reuse(uint64_t old, uint64_t number, uint64_t len);

/* Overwrites a segment with zeros from an offset to its end; not synced. */
int await_segment_clear(uint64_t number, uint64_t offset, uint64_t end);

/* Writes bytes at an offset of a segment and makes them durable. */
int await_segment_write(uint64_t number, uint64_t offset, struct bytes bytes);

/* Reads all of a segment. */
int await_segment_read(uint64_t number, struct buf *out);

/* The numbers of the segments that there are, in order; how many. */
int await_segments(uint64_t numbers[MAX_SEGMENTS], size_t *count);

/* Removes segments' files; then their names are durably gone. */
int await_segments_remove(const uint64_t *numbers, size_t count);

#endif
