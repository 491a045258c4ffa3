/*
 * tenant_calls.c - see tenant_calls.h.
 */
#define _GNU_SOURCE

#include "tenant_calls.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <termios.h>
#include <unistd.h>

#include "../confine/filter.h"
#include "asan.h"

#define MAX_FILES 8 /* that it may have open: its code, and three */
#define DATA_BYTES \
    ((rlim_t)6 << 30) /* memory it may reserve, stacks for the most */

#define ALLOWED(name)                     \
    {                                     \
        SYS_##name, FILTER_ALLOW, 0, 0, 0 \
    }
#define REFUSED(name)                      \
    {                                      \
        SYS_##name, FILTER_REFUSE, 0, 0, 0 \
    }
#define ALLOWED_IF(name, argument, mask, value)         \
    {                                                   \
        SYS_##name, FILTER_ALLOW, argument, mask, value \
    }

/* What is always needed, the most frequent first. */
static const struct filter_rule always[] = {
    ALLOWED(futex),
    ALLOWED_IF(write, 1, UINT32_MAX, STDOUT_FILENO),
    ALLOWED_IF(write, 1, UINT32_MAX, STDERR_FILENO),
    ALLOWED_IF(writev, 1, UINT32_MAX, STDOUT_FILENO),
    ALLOWED_IF(writev, 1, UINT32_MAX, STDERR_FILENO),
    ALLOWED(brk),
    ALLOWED(mmap),
    ALLOWED(munmap),
    ALLOWED(mprotect),
    ALLOWED(mremap),
    ALLOWED(madvise),
    ALLOWED(rt_sigreturn),
    ALLOWED(rt_sigaction),
    ALLOWED(rt_sigprocmask),
    ALLOWED(sigaltstack),
    ALLOWED(restart_syscall),
    ALLOWED(setitimer),
#ifdef SYS_alarm
    ALLOWED(alarm),
#endif
    ALLOWED(clock_gettime),
    ALLOWED(clock_getres),
    ALLOWED(gettimeofday),
#ifdef SYS_time
    ALLOWED(time),
#endif
    ALLOWED(getpid),
    ALLOWED(gettid),
    ALLOWED(getrandom),
    ALLOWED(sched_yield),
    ALLOWED(sched_getaffinity),
    ALLOWED(exit),
    ALLOWED(exit_group),
    ALLOWED(fstat),
    ALLOWED(lseek),
    ALLOWED(close),
    ALLOWED_IF(ioctl, 2, UINT32_MAX, TCGETS), /* is it a terminal? */
};

/* To load a shared object: the loader reads, and nobody writes. */
static const struct filter_rule loading[] = {
    ALLOWED_IF(openat, 3, O_ACCMODE | O_CREAT | O_TRUNC, O_RDONLY),
#ifdef SYS_open
    ALLOWED_IF(open, 2, O_ACCMODE | O_CREAT | O_TRUNC, O_RDONLY),
#endif
    ALLOWED(read),
    ALLOWED(pread64),
    ALLOWED(newfstatat),
    ALLOWED(readlinkat),
#ifdef SYS_access
    ALLOWED(access),
    ALLOWED(readlink),
#endif
};

/* libc looks for time zones and processors, and does without. */
static const struct filter_rule loaded[] = {
    REFUSED(openat),
#ifdef SYS_open
    REFUSED(open),
#endif
    REFUSED(newfstatat),
    /* abort() alone; that it is to itself, the filter before has seen to. */
    ALLOWED_IF(tgkill, 3, UINT32_MAX, SIGABRT),
};

static size_t add(struct filter_rule *all, size_t count,
                  const struct filter_rule *rules, size_t more)
{
    memcpy(all + count, rules, more * sizeof(*rules));
    return count + more;
}

void tenant_bar(bool may_load)
{
#ifdef WITH_ASAN
    (void)may_load;
    (void)always;
    (void)loading;
    (void)loaded;
    (void)add;
#else
    const struct filter_rule own = ALLOWED_IF(tgkill, 1, UINT32_MAX,
                                              (uint32_t)getpid());
    struct filter_rule all[FILTER_MAX_RULES];
    size_t count = add(all, 0, always, sizeof(always) / sizeof(always[0]));

    if (!filter_works())
        return;
    if (may_load) {
        count = add(all, count, loading, sizeof(loading) / sizeof(loading[0]));
        count = add(all, count, &own, 1);
        /* The second filter has to be installed through the first. */
        count = add(
            all, count,
            (const struct filter_rule[]){ALLOWED(prctl), ALLOWED(seccomp)}, 2);
    } else {
        count = add(all, count, loaded, sizeof(loaded) / sizeof(loaded[0]));
    }
    /* Where the kernel says no, `confine --probe` has said so. */
    if (filter_install(all, count, FILTER_TRAP) != 0)
        perror("sim: no filter of system calls");
#endif
}

static void limit(__rlimit_resource_t what, rlim_t most)
{
    struct rlimit now;

    if (getrlimit(what, &now) == 0 && now.rlim_max > most)
        setrlimit(what, &(struct rlimit){most, most});
}

void tenant_shut(void)
{
    int nothing = open("/dev/null", O_RDONLY);

    dup2(nothing, STDIN_FILENO);
#ifdef SYS_close_range
    if (syscall(SYS_close_range, STDERR_FILENO + 1, UINT_MAX, 0) != 0)
#endif
        for (int fd = STDERR_FILENO + 1; fd < (int)sysconf(_SC_OPEN_MAX); fd++)
            close(fd);
#ifndef WITH_ASAN
    limit(RLIMIT_NOFILE, MAX_FILES);
    limit(RLIMIT_NPROC, 0);
    limit(RLIMIT_DATA, DATA_BYTES);
#endif
    limit(RLIMIT_CORE, 0);
}
