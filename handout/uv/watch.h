/*
 * watch.h - says who was running, and where, when a node loops, crashes or is
 * refused a system call.
 *
 * A node is one thread that runs inside upcalls, and an upcall returns soon.
 * One that has used WATCH_LIMIT_S seconds of CPU time never will:
 *
 *     endless loop: coroutine 'ticker' has run for 5 s without waiting
 *
 * CPU time, not the clock on the wall, so that neither a slow machine nor a
 * paused process is taken for a loop. A crash is reported in the same way, and
 * the process dies of its signal all the same:
 *
 *     crashed: SIGSEGV in coroutine 'serve'
 *     crashed: SIGSEGV: stack overflow in coroutine 'serve'
 *
 * So is a system call that a filter stops (grader/confine), unless signals are
 * blocked when it is made, as libc does while it starts a process:
 *
 *     refused: kill() in coroutine 'serve'
 *
 * All are followed by a backtrace.
 */
#ifndef CONCLAVE_UV_WATCH_H
#define CONCLAVE_UV_WATCH_H

#include "host.h"

#define WATCH_LIMIT_S 5 /* CPU seconds of one upcall */

/*
 * Watches the calling thread. *upcall_count changes when an upcall begins and
 * when it ends, and is odd inside. Called once.
 */
void watch_start(const struct node_ops *node,
                 const volatile unsigned long *upcall_count);

#endif
