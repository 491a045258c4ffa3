/*
 * co_switch.h - one stack to another: the only part of the runtime that knows
 * the processor. For co.c alone.
 *
 * x86-64 and aarch64 have a hand-written switch (co_switch.S) that saves what
 * the calling convention says a function must keep; elsewhere, or with
 * -DCO_UCONTEXT, co_switch.c does the same with ucontext.
 */
#ifndef CONCLAVE_CO_SWITCH_H
#define CONCLAVE_CO_SWITCH_H

#include <stddef.h>

#if !defined(CO_UCONTEXT) && !defined(__x86_64__) && !defined(__aarch64__)
#define CO_UCONTEXT 1
#endif

/*
 * Saves where we are in *from and goes on at to, on its own stack. Returns when
 * somebody switches back.
 */
void co_switch(void **from, void *to);

/*
 * Makes a stack ready: the first switch to the result calls entry, which must
 * not return. size_bytes of memory begin at stack.
 */
void *co_switch_prepare(void *stack, size_t size_bytes, void (*entry)(void));

#endif
