/*
 * asan.h - what AddressSanitizer has to be told, where it is compiled in.
 */
#ifndef CONCLAVE_SIM_ASAN_H
#define CONCLAVE_SIM_ASAN_H

#include <stddef.h>

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

/* Memory that was a stack is memory like any other again. */
static inline void asan_forget(void *base, size_t size_bytes)
{
#ifdef WITH_ASAN
    __asan_unpoison_memory_region(base, size_bytes);
#else
    (void)base;
    (void)size_bytes;
#endif
}

/* Calls fn when a sanitizer has found something and ends the program. */
static inline void asan_on_death(void (*fn)(void))
{
#ifdef WITH_ASAN
    __sanitizer_set_death_callback(fn);
#else
    (void)fn;
#endif
}

#endif
