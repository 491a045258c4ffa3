/*
 * fence.h - which files and ports a process may still reach, by Landlock.
 *
 *     struct fence *fence = fence_new(true, true);
 *     fence_path(fence, "/usr", false);
 *     fence_path(fence, "/tmp/data", true);
 *     fence_port(fence, 7001, FENCE_CONNECT);
 *     fence_close(fence);          // from here on nothing else is in reach
 *
 * Where the kernel is older than a part of it, that part is not fenced; what
 * there is, fence_abi tells.
 */
#ifndef CONCLAVE_CONFINE_FENCE_H
#define CONCLAVE_CONFINE_FENCE_H

#include <stdbool.h>

#define FENCE_PORTS_ABI   4 /* from here on ports are fenced, too */
#define FENCE_SIGNALS_ABI 6 /* and signals to those outside */

enum fence_port { FENCE_BIND, FENCE_CONNECT };

struct fence {
    int fd;  /* the kernel's; -1: there is none */
    int abi; /* what the kernel knows; 0: nothing */
};

/* What the kernel knows of Landlock: a version, or 0. */
int fence_abi(void);

/* Begins one. It holds for files, for ports, or for both. */
struct fence fence_new(bool has_files, bool has_ports);

/* Leaves a file or a folder in reach. -1 and errno: there is none. */
int fence_path(struct fence *fence, const char *path, bool is_writable);

/* Leaves a TCP port in reach. */
int fence_port(struct fence *fence, unsigned port, enum fence_port what);

/* 0, or -1 and errno. */
int fence_close(struct fence *fence);

#endif
