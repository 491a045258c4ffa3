/*
 * watch.c - says who was running, and where, when a node loops, crashes or is
 * refused a system call.
 *
 * Signal handlers run on a stack of their own, since the one in use may be the
 * problem, and call only what is safe there.
 */
#define _GNU_SOURCE

#include "watch.h"

#include <execinfo.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include "co.h"
#include "trace.h"
#include "uv_host.h"

#define MAX_FRAMES          64           /* of a backtrace */
#define HANDLER_STACK_BYTES (128u << 10) /* for backtraces, too */
#define TEXT_OF(number)     #number
#define TEXT(number)        TEXT_OF(number)

static const struct node_ops *watched;          /* the node */
static const volatile unsigned long *upcalls;   /* odd inside of one */
static pthread_t node_thread;                   /* the one that is watched */
static unsigned long seen_upcall;               /* at the latest tick */
static int seen_ticks;                          /* ticks it has lasted */
static char handler_stack[HANDLER_STACK_BYTES]; /* of the handlers */

/* Signals that end a process, and what they did before. */
static struct {
    int number;           /* of the signal */
    const char *name;     /* for the report */
    struct sigaction old; /* what it did before */
} crashes[] = {
    {.number = SIGSEGV, .name = "SIGSEGV"},
    {.number = SIGBUS, .name = "SIGBUS"},
    {.number = SIGFPE, .name = "SIGFPE"},
    {.number = SIGILL, .name = "SIGILL"},
    {.number = SIGABRT, .name = "SIGABRT"},
};

#define CRASH_COUNT (sizeof crashes / sizeof crashes[0])

static void say(const char *text)
{
    /* There is nobody to tell that nobody can be told. */
    (void)!write(STDERR_FILENO, text, strlen(text));
}

static void say_coroutine(void)
{
    const char *name = *upcalls & 1 ? watched->running() : "";
    if (name[0] == '\0') {
        say("the runtime, outside of any coroutine");
        return;
    }
    say("coroutine '");
    say(name);
    say("'");
}

static void say_backtrace(void)
{
    void *frames[MAX_FRAMES];
    int count = backtrace(frames, MAX_FRAMES);
    backtrace_symbols_fd(frames, count, STDERR_FILENO);
    say("(addr2line -fpie PROGRAM +0x... turns an address into a line)\n");
}

/* One more second of CPU time has been used. */
static void on_tick(int number)
{
    if (!pthread_equal(pthread_self(), node_thread)) {
        pthread_kill(node_thread, number); /* a thread of libuv's pool got it */
        return;
    }
    if (*upcalls != seen_upcall || !(*upcalls & 1)) {
        seen_upcall = *upcalls;
        seen_ticks = 0;
        return;
    }
    if (++seen_ticks < WATCH_LIMIT_S)
        return;
    trace_flush();
    say("endless loop: ");
    say_coroutine();
    say(" has run for " TEXT(WATCH_LIMIT_S) " s without waiting\n");
    say_backtrace();
    _exit(EXIT_ENDLESS);
}

static void on_crash(int number, siginfo_t *info, void *context)
{
    (void)context;
    size_t i = 0;
    while (i < CRASH_COUNT - 1 && crashes[i].number != number)
        i++;
    bool is_fault = info->si_code > 0; /* by an instruction, not by kill() */
    trace_flush();
    say("crashed: ");
    say(crashes[i].name);
    if (is_fault && co_is_guard(info->si_addr))
        say(": stack overflow in ");
    else
        say(" in ");
    say_coroutine();
    say("\n");
    say_backtrace();
    /* A fault happens again on return, and then as it did before; so does an
     * abort. What somebody sent has to be sent again. */
    sigaction(number, &crashes[i].old, NULL);
    if (!is_fault)
        raise(number);
}

#ifdef si_syscall /* elsewhere signals know nothing of calls */

#define MAX_DIGITS 10 /* of a call's number */

/* The calls that a filter stops a node for (grader/confine/calls.c). */
static const struct {
    int number;       /* SYS_... */
    const char *name; /* as people write it */
} refused_calls[] = {
    {SYS_clone, "clone()"},
#ifdef SYS_fork
    {SYS_fork, "fork()"},
    {SYS_vfork, "vfork()"},
#endif
    {SYS_kill, "kill()"},
    {SYS_tkill, "tkill()"},
    {SYS_tgkill, "tgkill()"},
    {SYS_rt_sigqueueinfo, "rt_sigqueueinfo()"},
    {SYS_rt_tgsigqueueinfo, "rt_tgsigqueueinfo()"},
#ifdef SYS_pidfd_send_signal
    {SYS_pidfd_send_signal, "pidfd_send_signal()"},
#endif
    {SYS_shmget, "shmget()"},
    {SYS_shmat, "shmat()"},
    {SYS_semget, "semget()"},
    {SYS_msgget, "msgget()"},
    {SYS_mq_open, "mq_open()"},
    {SYS_memfd_create, "memfd_create()"},
    {SYS_setpriority, "setpriority()"},
    {SYS_prlimit64, "prlimit()"},
};

static void say_call(int number)
{
    char digits[MAX_DIGITS + 1] = "";
    size_t at = MAX_DIGITS;
    for (size_t i = 0; i < sizeof refused_calls / sizeof refused_calls[0]; i++)
        if (refused_calls[i].number == number) {
            say(refused_calls[i].name);
            return;
        }
    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0 && at > 0);
    say("system call ");
    say(digits + at);
}

/* A call that a filter has stopped: it was not made, and never will be. The
 * signal does from here on what it does by itself, which ends the process. */
static void on_refused(int number, siginfo_t *info, void *context)
{
    (void)context;
    trace_flush();
    if (info->si_code > 0) { /* by a filter, not by kill() */
        say("refused: ");
        say_call(info->si_syscall);
        say(" in ");
        say_coroutine();
        say("\n");
        say_backtrace();
    }
    raise(number);
    _exit(EXIT_FAILURE);
}

static void watch_refused(void)
{
    struct sigaction refused = {.sa_sigaction = on_refused,
                                .sa_flags = SA_SIGINFO | SA_ONSTACK |
                                            SA_RESETHAND | SA_NODEFER};
    sigaction(SIGSYS, &refused, NULL);
}

#else

static void watch_refused(void)
{
}

#endif

void watch_start(const struct node_ops *node,
                 const volatile unsigned long *upcall_count)
{
    watched = node;
    upcalls = upcall_count;
    node_thread = pthread_self();

    void *frame;
    backtrace(&frame, 1); /* loads what it needs, which a handler must not */

    stack_t stack = {.ss_sp = handler_stack, .ss_size = sizeof handler_stack};
    sigaltstack(&stack, NULL);
    struct sigaction crash = {.sa_sigaction = on_crash,
                              .sa_flags = SA_SIGINFO | SA_ONSTACK};
    for (size_t i = 0; i < CRASH_COUNT; i++)
        sigaction(crashes[i].number, &crash, &crashes[i].old);

    watch_refused();

    struct sigaction tick = {.sa_handler = on_tick,
                             .sa_flags = SA_RESTART | SA_ONSTACK};
    sigaction(SIGPROF, &tick, NULL);
    struct itimerval second = {{.tv_sec = 1}, {.tv_sec = 1}};
    setitimer(ITIMER_PROF, &second, NULL);
}
