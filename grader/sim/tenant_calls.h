/*
 * tenant_calls.h - what a simulated node's process may ask of the system: to
 * take turns, memory, and to print. It is the node's libc that asks, which is
 * the simulator's, so this is a list of what is allowed.
 *
 *     tenant_shut();       // nothing that the world has open, few limits
 *     tenant_bar(true);    // before the node's code is loaded
 *     ...
 *     tenant_bar(false);   // once it is: opens no file any more
 *
 * A call that is not on the list is told by report.c: which one, and where.
 * Where the system cannot filter, or a sanitizer needs more, this does nothing.
 */
#ifndef CONCLAVE_SIM_TENANT_CALLS_H
#define CONCLAVE_SIM_TENANT_CALLS_H

#include <stdbool.h>

/* Closes what was open but for what nodes print to, and sets limits. */
void tenant_shut(void);

/* Filters the calls of this process from here on. */
void tenant_bar(bool may_load);

#endif
