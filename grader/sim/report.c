/*
 * report.c - see report.h.
 *
 * A handler of a crash does more than is safe in general: it asks addr2line for
 * lines. It runs on a stack of its own, and the program is about to end; should
 * it fault or hang itself, what it knows by then is told.
 */
#define _GNU_SOURCE

#include "report.h"

#include <execinfo.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <ucontext.h>
#include <unistd.h>

#include "asan.h"
#include "inside.h"

#define MAX_FRAMES          24
#define HANDLER_STACK_BYTES (256u << 10)
#define GIVE_UP_S           20 /* for finding lines, and again for telling */
#define MAX_REPORT          8192
#define AT_OFFSET           " at offset 0x" /* before it is a line */

/* Signals that are crashes. */
static const struct {
    int number;       /* of the signal */
    const char *name; /* for the report */
} crashes[] = {
    {SIGSEGV, "SIGSEGV"}, {SIGBUS, "SIGBUS"},   {SIGFPE, "SIGFPE"},
    {SIGILL, "SIGILL"},   {SIGABRT, "SIGABRT"},
};

static void (*crashed)(int id, const char *how); /* who is told */
static bool leaves_lines;    /* somebody else asks for lines */
static uintptr_t stopped_at; /* what a signal stopped before; 0: unknown */
static char handler_stack[HANDLER_STACK_BYTES]; /* of the handlers */
static uint64_t seen_upcall;                    /* at the latest tick */
static const struct host *seen_place;           /* at the latest tick */
static uint64_t seen_life; /* of that place: its lives may be alike */
static int seen_ticks;     /* ticks it has lasted */

/* Asks addr2line for the function and the line of an offset; false: unknown. */
static bool ask_line(const char *file, uintptr_t offset, char *function,
                     size_t function_bytes, char *line, size_t line_bytes)
{
    char command[1024];
    FILE *pipe;
    bool is_known;

    if (strchr(file, '\'') != NULL)
        return false;
    snprintf(command, sizeof(command),
             "addr2line -f -e '%s' 0x%llx 2>/dev/null", file,
             (unsigned long long)offset);
    pipe = popen(command, "r");
    if (pipe == NULL)
        return false;
    is_known = fgets(function, (int)function_bytes, pipe) != NULL &&
               fgets(line, (int)line_bytes, pipe) != NULL;
    pclose(pipe);
    if (!is_known || line[0] == '?')
        return false;
    function[strcspn(function, "\n")] = '\0';
    line[strcspn(line, " \n")] = '\0';
    return true;
}

/* A file's name from its last two folders on: what a student calls it. */
static const char *short_path(const char *path)
{
    const char *at = path + strlen(path);
    int slashes = 0;

    while (at > path && slashes < 3)
        if (*--at == '/')
            slashes++;
    return slashes == 3 ? at + 1 : path;
}

void report_leave_lines(void)
{
    leaves_lines = true;
}

/* The place at a return address's offset, in words. */
static void tell_place(const struct host *place, uintptr_t offset,
                       char text[REPORT_MAX_PLACE])
{
    char function[160];
    char line[320];

    /* A return address is behind its call. */
    if (!leaves_lines &&
        ask_line(place->world->code->path, offset - 1, function,
                 sizeof(function), line, sizeof(line)))
        snprintf(text, REPORT_MAX_PLACE, " at %s (%s)", short_path(line),
                 function);
    else
        snprintf(text, REPORT_MAX_PLACE, AT_OFFSET "%llx of %s",
                 (unsigned long long)offset, place->world->code->path);
}

void report_place(const struct host *place, const void *address,
                  char text[REPORT_MAX_PLACE])
{
    uintptr_t offset = place->image ? image_offset(place->image, address) : 0;

    text[0] = '\0';
    if (offset != 0)
        tell_place(place, offset, text);
}

void report_resolve(const struct host *place, char *text, size_t size_bytes)
{
    char *from = strdup(text);
    const char *at = from;
    const char *found;
    size_t used = 0;

    text[0] = '\0';
    for (int i = 0; i < MAX_FRAMES && used < size_bytes &&
                    (found = strstr(at, AT_OFFSET)) != NULL;
         i++) {
        char where[REPORT_MAX_PLACE];
        char *end;
        uintptr_t offset = strtoull(found + strlen(AT_OFFSET), &end, 16);
        const char *path = place->world->code->path;

        if (strncmp(end, " of ", 4) != 0 ||
            strncmp(end + 4, path, strlen(path)) != 0)
            break;
        tell_place(place, offset, where);
        used += (size_t)snprintf(text + used, size_bytes - used, "%.*s%s",
                                 (int)(found - at), at, where);
        at = end + 4 + strlen(path);
    }
    if (used < size_bytes)
        snprintf(text + used, size_bytes - used, "%s", at);
    free(from);
}

/* Adds the node's own frames, innermost first. */
static void add_backtrace(const struct host *place, char *text, size_t size)
{
    void *frames[MAX_FRAMES];
    int count = backtrace(frames, MAX_FRAMES);
    size_t used = strlen(text);

    for (int i = 0; i < count && used < size; i++) {
        char where[REPORT_MAX_PLACE];
        uintptr_t frame = (uintptr_t)frames[i];

        if (image_offset(place->image, frames[i]) == 0)
            continue;
        /* It is no return address, and the line before is not to blame. */
        if (frame == stopped_at)
            frame++;
        report_place(place, (void *)frame, where);
        if (where[0] != '\0')
            used += (size_t)snprintf(text + used, size - used, "\n   %s",
                                     where);
    }
}

static char telling[MAX_REPORT]; /* what is being told; "": nothing yet */

_Noreturn static void finish(void)
{
    const struct host *place = guest_running();

    signal(SIGALRM, SIG_DFL);
    alarm(GIVE_UP_S);
    if (crashed != NULL && place != NULL)
        crashed(place->id, telling);
    else
        fprintf(stderr, "sim: %s\n", telling);
    _exit(REPORT_CRASHED);
}

/* Looking for lines takes for ever, perhaps because the heap is damaged. */
static void on_give_up(int number)
{
    (void)number;
    finish();
}

/* Tells of the running node and ends the program. */
_Noreturn static void tell(const char *what, const char *more)
{
    const struct host *place = guest_running();
    const char *coroutine = place != NULL && place->ops != NULL
                                ? place->ops->running()
                                : "";

    if (telling[0] != '\0')
        finish(); /* it has crashed while it was telling */
    if (place == NULL)
        snprintf(telling, sizeof(telling), "%s%s outside of any node", what,
                 more);
    else if (coroutine[0] == '\0')
        snprintf(telling, sizeof(telling),
                 "%s%s in the runtime, outside of any coroutine", what, more);
    else
        snprintf(telling, sizeof(telling), "%s%s in coroutine '%s'", what, more,
                 coroutine);
    signal(SIGALRM, on_give_up);
    alarm(GIVE_UP_S);
    if (place != NULL && place->image != NULL)
        add_backtrace(place, telling, sizeof(telling));
    finish();
}

/* A system call in words: those that somebody may try, by name. */
static const char *call_name(int number)
{
    static char text[48];
    static const struct {
        int number;       /* SYS_... */
        const char *name; /* of the call */
    } known[] = {
        {SYS_clone, "clone()"},
        {SYS_execve, "execve()"},
        {SYS_kill, "kill()"},
        {SYS_tgkill, "tgkill()"},
        {SYS_ptrace, "ptrace()"},
        {SYS_socket, "socket()"},
        {SYS_connect, "connect()"},
        {SYS_nanosleep, "nanosleep()"},
        {SYS_unlinkat, "unlink()"},
        {SYS_write, "write()"},
        {SYS_prctl, "prctl()"},
        {SYS_openat, "open() to write"},
        {SYS_pidfd_open, "pidfd_open()"},
        {SYS_setsid, "setsid()"},
        {SYS_read, "read()"},
        {SYS_clock_nanosleep, "clock_nanosleep()"},
#ifdef SYS_fork
        {SYS_fork, "fork()"},
        {SYS_vfork, "vfork()"},
        {SYS_pause, "pause()"},
        {SYS_open, "open() to write"},
#endif
    };

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (known[i].number == number)
            return known[i].name;
    snprintf(text, sizeof(text), "system call %d", number);
    return text;
}

static const char *name_of(int number)
{
    for (size_t i = 0; i < sizeof(crashes) / sizeof(crashes[0]); i++)
        if (crashes[i].number == number)
            return crashes[i].name;
    return "a signal";
}

/* The instruction that a signal's handler will go back to; 0: unknown. */
static uintptr_t instruction_of(const ucontext_t *context)
{
#if defined(__linux__) && defined(__x86_64__)
    return (uintptr_t)context->uc_mcontext.gregs[REG_RIP];
#elif defined(__linux__) && defined(__aarch64__)
    return (uintptr_t)context->uc_mcontext.pc;
#else
    (void)context;
    return 0;
#endif
}

static void on_crash(int number, siginfo_t *info, void *context)
{
    const struct host *place = guest_running();
    char what[64];

    stopped_at = instruction_of(context);
    snprintf(what, sizeof(what), "crashed: %s", name_of(number));
    tell(what, place != NULL && info->si_code > 0 &&
                       memory_is_guard(&place->memory, info->si_addr)
                   ? ": stack overflow"
                   : "");
}

/* A system call that tenant_calls.c does not allow. */
static void on_refused_call(int number, siginfo_t *info, void *context)
{
    char what[96];

    (void)number;
    (void)context;
    snprintf(what, sizeof(what),
             "was stopped by the sandbox: %s is not for nodes,",
             call_name(info->si_syscall));
    tell(what, "");
}

/* A sanitizer has printed what it found. */
static void on_sanitizer(void)
{
    tell("crashed: the sanitizer stopped it (its report is above)", "");
}

/* One more second of CPU time has been used. */
static void on_tick(int number, siginfo_t *info, void *context)
{
    const struct host *place = guest_running();

    (void)number;
    (void)info;
    stopped_at = instruction_of(context);
    if (place == NULL || place != seen_place || place->life != seen_life ||
        place->upcalls != seen_upcall) {
        seen_place = place;
        seen_life = place != NULL ? place->life : 0;
        seen_upcall = place != NULL ? place->upcalls : 0;
        seen_ticks = 0;
        return;
    }
    if (++seen_ticks >= REPORT_LIMIT_S)
        tell("endless loop: it has run for 5 s without waiting,", "");
}

void report_start(void (*on_crashed)(int id, const char *how))
{
    stack_t stack = {.ss_sp = handler_stack, .ss_size = sizeof(handler_stack)};
    struct sigaction crash = {.sa_sigaction = on_crash,
                              .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
    struct sigaction refused = {.sa_sigaction = on_refused_call,
                                .sa_flags = SA_SIGINFO | SA_ONSTACK};
    struct sigaction tick = {.sa_sigaction = on_tick,
                             .sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK};
    struct itimerval second = {{.tv_sec = 1}, {.tv_sec = 1}};
    void *frame;

    crashed = on_crashed;
    backtrace(&frame, 1); /* loads what it needs now */
    sigaltstack(&stack, NULL);
    sigaction(SIGSYS, &refused, NULL);
    for (size_t i = 0; i < sizeof(crashes) / sizeof(crashes[0]); i++)
        sigaction(crashes[i].number, &crash, NULL);
    sigaction(SIGPROF, &tick, NULL);
    asan_on_death(on_sanitizer);
    setitimer(ITIMER_PROF, &second, NULL);
}
