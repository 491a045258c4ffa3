/*
 * co_stack.c - see co_stack.h. The one file of the runtime that calls the
 * operating system, for pages that fault.
 */
#define _GNU_SOURCE
#include "co_stack.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "co.h"

#if defined(__SANITIZE_ADDRESS__)
#define WITH_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WITH_ASAN 1
#endif
#endif

#ifdef WITH_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

#if defined(__has_include)
#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/memcheck.h>
#include <valgrind/valgrind.h>
#define WITH_VALGRIND 1
#endif
#endif

static struct co_stack *pool;   /* free stacks, latest first */
static size_t pooled;           /* how many */
static struct co_stack *in_use; /* all others */

static size_t page_bytes(void)
{
    static size_t bytes;

    if (bytes == 0)
        bytes = (size_t)sysconf(_SC_PAGESIZE);
    return bytes;
}

static struct co_stack *stack_map(void)
{
    size_t guard = page_bytes();
    char *base = mmap(NULL, guard + CO_STACK_BYTES, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (base == MAP_FAILED || mprotect(base, guard, PROT_NONE) != 0) {
        fprintf(stderr, "out of memory: no room for one more stack\n");
        abort();
    }

    char *top = base + guard + CO_STACK_BYTES;
    struct co_stack *stack = (void *)(top - 128);
    _Static_assert(sizeof *stack <= 128, "the struct fits below the top");

    stack->base = base;
    stack->memory = base + guard;
    stack->size_bytes = (size_t)((char *)stack - stack->memory);
#ifdef WITH_VALGRIND
    stack->valgrind_id = VALGRIND_STACK_REGISTER(stack->memory, (char *)stack);
#endif
    return stack;
}

static void stack_unmap(struct co_stack *stack)
{
#ifdef WITH_VALGRIND
    VALGRIND_STACK_DEREGISTER(stack->valgrind_id);
#endif
    munmap(stack->base, page_bytes() + CO_STACK_BYTES);
}

struct co_stack *co_stack_take(void)
{
    struct co_stack *stack = pool;

    if (stack) {
        pool = stack->next;
        pooled--;
    } else {
        stack = stack_map();
    }

    stack->next = in_use;
    stack->prev = NULL;
    if (in_use)
        in_use->prev = stack;
    in_use = stack;
    return stack;
}

void co_stack_give(struct co_stack *stack)
{
    if (stack->prev)
        stack->prev->next = stack->next;
    else
        in_use = stack->next;
    if (stack->next)
        stack->next->prev = stack->prev;

#ifdef WITH_ASAN
    /* The frames that never returned left their red zones behind. */
    __asan_unpoison_memory_region(stack->memory, stack->size_bytes);
#endif
#ifdef WITH_VALGRIND
    VALGRIND_MAKE_MEM_UNDEFINED(stack->memory, stack->size_bytes);
#endif

    if (pooled == CO_POOLED_STACKS) {
        stack_unmap(stack);
        return;
    }
    stack->next = pool;
    pool = stack;
    pooled++;
}

bool co_stack_guards(const void *address)
{
    const char *at = address;

    for (struct co_stack *s = in_use; s; s = s->next)
        if (at >= s->base && at < s->memory)
            return true;
    return false;
}

#ifdef WITH_ASAN

static const void *main_bottom; /* of the stack that upcalls run on */
static size_t main_size;

void co_stack_leave(void **keep, const struct co_stack *to)
{
    if (to)
        __sanitizer_start_switch_fiber(keep, to->memory, to->size_bytes);
    else
        __sanitizer_start_switch_fiber(keep, main_bottom, main_size);
}

void co_stack_arrive(void *kept)
{
    const void *bottom;
    size_t size;

    __sanitizer_finish_switch_fiber(kept, &bottom, &size);
    if (kept == NULL && co_self()) {
        main_bottom = bottom; /* a coroutine's first arrival is from main */
        main_size = size;
    }
}

#else

void co_stack_leave(void **keep, const struct co_stack *to)
{
    (void)keep;
    (void)to;
}

void co_stack_arrive(void *kept)
{
    (void)kept;
}

#endif
