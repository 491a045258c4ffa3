/*
 * raw.h - system calls without libc, as somebody would make them who knows that
 * the names of libc's are looked for. Every attack includes it.
 */
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>

#define SENTINEL "@SENTINEL@" /* a file that must stay as it is, unread */
#define KIT      "@KIT@"      /* the folder of the kit */

#ifndef AT_FDCWD /* which strict C hides */
#define AT_FDCWD (-100)
#endif

void attack(void); /* called when the node starts */

static inline long raw(long call, long a, long b, long c, long d, long e)
{
#if defined(__x86_64__)
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = 0;
    long result;

    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(call), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8),
                       "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
#elif defined(__aarch64__)
    register long x8 __asm__("x8") = call;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;
    register long x4 __asm__("x4") = e;

    __asm__ volatile("svc 0"
                     : "+r"(x0)
                     : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4)
                     : "memory");
    return x0;
#endif
}

static inline long raw_open(const char *path, int flags)
{
    return raw(SYS_openat, AT_FDCWD, (long)path, flags, 0666, 0);
}

static inline void raw_say(int fd, const char *text)
{
    raw(SYS_write, fd, (long)text, (long)strlen(text), 0, 0);
}

static inline long raw_fork(void)
{
    return raw(SYS_clone, 17 /* SIGCHLD */, 0, 0, 0, 0);
}
