/*
 * custody.h - looking after a node's process that may do anything: it may run
 * for ever, sleep for ever, or take all the memory there is.
 *
 *     custody_begin(&custody, pid);
 *     custody_upcall(&custody);                 // its turn begins
 *     ... it has not answered yet: why = custody_look(&custody)
 *     custody_end(&custody);
 *
 * No time of the world's counts here: only what the process itself has used,
 * and that it sleeps though it is its turn.
 */
#ifndef CONCLAVE_SIM_CUSTODY_H
#define CONCLAVE_SIM_CUSTODY_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define CUSTODY_MEMORY_MB 1024 /* more than it began with */

struct custody {
    pid_t pid;          /* of the process */
    int memory_fd;      /* /proc/PID/statm; -1: there is none */
    size_t first_pages; /* of memory, when it began */
    double began_s;     /* CPU time when its turn began; below 0: unknown */
    double seen_s;      /* CPU time at the latest look */
    int asleep;         /* looks in a row at which it slept */
    unsigned upcalls;   /* since its memory was looked at */
};

void custody_begin(struct custody *custody, pid_t pid);
void custody_end(struct custody *custody);

/* Its turn begins. Why it has to be killed, or NULL. */
const char *custody_upcall(struct custody *custody);

/* It has not answered for a while. Why it has to be killed, or NULL. */
const char *custody_look(struct custody *custody);

#endif
