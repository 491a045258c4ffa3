/*
 * co_switch.c - a new stack, made to look as if it had been switched away from;
 * and the whole switch where there is no hand-written one.
 */
#if defined(__APPLE__)
#define _XOPEN_SOURCE 700
#endif
#include "co_switch.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#if defined(CO_UCONTEXT)

#include <ucontext.h>

/* A saved context lives on the stack that it belongs to. */
void co_switch(void **from, void *to)
{
    ucontext_t here;

    *from = &here;
    swapcontext(&here, to);
}

void *co_switch_prepare(void *stack, size_t size_bytes, void (*entry)(void))
{
    ucontext_t *context = stack;

    getcontext(context);
    context->uc_stack.ss_sp = (char *)stack + sizeof *context;
    context->uc_stack.ss_size = size_bytes - sizeof *context;
    context->uc_link = NULL;
    makecontext(context, entry, 0);
    return context;
}

#else

#if defined(__x86_64__)
/*
 * From the top: a zero as the return address of entry (where a debugger stops
 * walking), entry as the return address of co_switch, six registers.
 */
enum { SLOTS = 8, ENTRY_SLOT = 6 };
#else
/* Twelve integer registers, of which the last is the return address, and
 * eight of floating point. */
enum { SLOTS = 20, ENTRY_SLOT = 11 };
#endif

void *co_switch_prepare(void *stack, size_t size_bytes, void (*entry)(void))
{
    uintptr_t top = ((uintptr_t)stack + size_bytes) & ~(uintptr_t)15;
    uintptr_t *slots = (uintptr_t *)top - SLOTS;

    memset(slots, 0, SLOTS * sizeof *slots);
    slots[ENTRY_SLOT] = (uintptr_t)entry;
    return slots;
}

#endif
