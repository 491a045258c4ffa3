/*
 * calls.h - the system calls that are left to nodes and to tools. Where the
 * kernel filters nothing, nothing is filtered, and 0 is returned.
 */
#ifndef CONCLAVE_CONFINE_CALLS_H
#define CONCLAVE_CONFINE_CALLS_H

/* For a real node: libuv's, but no process, no signal to others, no way to
 * another's memory, no socket but TCP. 0, or -1 and errno. */
int calls_of_node(void);

/* For a compiler or the simulator: all but what administers the machine. */
int calls_of_tool(void);

#endif
