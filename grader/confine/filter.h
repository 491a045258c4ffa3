/*
 * filter.h - which system calls a process may still make, by seccomp.
 *
 *     static const struct filter_rule rules[] = {
 *         {SYS_futex, FILTER_ALLOW},
 *         {SYS_clone, FILTER_ALLOW, 1, CLONE_THREAD, CLONE_THREAD},
 *     };
 *     filter_install(rules, 2, FILTER_TRAP);
 *
 * Rules are asked in order; the first that fits decides, else the default. What
 * is installed holds for this process and all that it starts, for ever; a later
 * filter can only forbid more. A call through another door of the processor
 * (32-bit calls on a 64-bit system) ends the process.
 */
#ifndef CONCLAVE_CONFINE_FILTER_H
#define CONCLAVE_CONFINE_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>

#define FILTER_MAX_RULES 160

enum filter_verdict {
    FILTER_ALLOW,
    FILTER_TRAP,   /* SIGSYS, which names the call */
    FILTER_REFUSE, /* it fails with EPERM */
    FILTER_ABSENT, /* it fails with ENOSYS: libc then takes another */
};

struct filter_rule {
    int call;                    /* SYS_... */
    enum filter_verdict verdict; /* if the call is made, and ... */
    int argument;                /* ... this one, from 1; 0: whatever it has */
    uint32_t mask;               /* ... has, of these bits, */
    uint32_t value;              /* ... exactly these */
};

/* Whether this system and this processor can filter. */
bool filter_works(void);

/* 0, or -1 and errno. Needs no_new_privs, which it sets. */
int filter_install(const struct filter_rule *rules, size_t count,
                   enum filter_verdict otherwise);

#endif
