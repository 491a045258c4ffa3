/*
 * report.h - where in its source a node is, and what becomes of crashes.
 *
 * A node that faults or never returns takes the whole program with it: the
 * memory of the others cannot be trusted any more. What can be said is said:
 * the node, its coroutine, where it is, and how it came there. Batches of seeds
 * therefore run in a child process (explore.c), and so does a test's world.
 */
#ifndef CONCLAVE_SIM_REPORT_H
#define CONCLAVE_SIM_REPORT_H

#define REPORT_MAX_PLACE 512 /* bytes of " at FILE:LINE (FUNCTION)" */
#define REPORT_CRASHED   70  /* exit status after a crash or an endless loop */
#define REPORT_LIMIT_S   5   /* CPU time that one upcall may take */

#include <stddef.h>

struct host;

/*
 * Writes " at FILE:LINE (FUNCTION)" for an address in a node's code, from its
 * debug information, or as much as can be found; "" for nothing.
 */
void report_place(const struct host *place, const void *address,
                  char text[REPORT_MAX_PLACE]);

/*
 * From here on report_place writes " at offset 0x... of FILE" for what it would
 * have to ask another program for; report_resolve makes places of such words,
 * in somebody else's process.
 */
void report_leave_lines(void);
void report_resolve(const struct host *place, char *text, size_t size_bytes);

/*
 * From now on a signal that is a crash, or an upcall that takes too long, is
 * told to `crashed` in words (several lines), and then the program ends with
 * REPORT_CRASHED.
 */
void report_start(void (*crashed)(int id, const char *how));

#endif
