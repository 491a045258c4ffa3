/*
 * filter.c - see filter.h. A filter is a program for the kernel's small
 * machine of seccomp(2): it loads words of the call and jumps forward.
 */
#define _GNU_SOURCE

#include "filter.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <unistd.h>

#if defined(__x86_64__)
#define THIS_ARCH AUDIT_ARCH_X86_64
#define OTHER_ABI 0x40000000u /* x32: the same calls by other numbers */
#elif defined(__aarch64__)
#define THIS_ARCH AUDIT_ARCH_AARCH64
#endif

#ifndef SECCOMP_RET_KILL_PROCESS
#define SECCOMP_RET_KILL_PROCESS 0x80000000u
#endif
#ifndef SECCOMP_FILTER_FLAG_SPEC_ALLOW
#define SECCOMP_FILTER_FLAG_SPEC_ALLOW (1u << 2)
#endif

#define HEAD_WORDS 7 /* before the first rule */
#define RULE_WORDS 6 /* of a rule that looks at an argument */

#define LOAD(field) \
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define RETURN(what) BPF_STMT(BPF_RET | BPF_K, what)

static uint32_t word_of(enum filter_verdict verdict)
{
    switch (verdict) {
    case FILTER_ALLOW:
        return SECCOMP_RET_ALLOW;
    case FILTER_REFUSE:
        return SECCOMP_RET_ERRNO | EPERM;
    case FILTER_ABSENT:
        return SECCOMP_RET_ERRNO | ENOSYS;
    default:
        return SECCOMP_RET_TRAP;
    }
}

#ifdef THIS_ARCH

/* Adds a rule; the accumulator holds the call's number before and after. */
static size_t add_rule(struct sock_filter *at, const struct filter_rule *rule)
{
    const struct sock_filter plain[] = {
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)rule->call, 0, 1),
        RETURN(word_of(rule->verdict)),
    };
    /* The low half: little-endian on all that we know. */
    uint32_t low = (uint32_t)(offsetof(struct seccomp_data, args) +
                              8 * (size_t)(rule->argument - 1));
    const struct sock_filter choosy[RULE_WORDS] = {
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)rule->call, 0, 5),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, low),
        BPF_STMT(BPF_ALU | BPF_AND | BPF_K, rule->mask),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, rule->value, 0, 1),
        RETURN(word_of(rule->verdict)),
        LOAD(nr),
    };
    size_t count = rule->argument == 0 ? 2 : RULE_WORDS;

    for (size_t i = 0; i < count; i++)
        at[i] = rule->argument == 0 ? plain[i] : choosy[i];
    return count;
}

static size_t add_head(struct sock_filter *at)
{
    const struct sock_filter head[] = {
        LOAD(arch),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, THIS_ARCH, 1, 0),
        RETURN(SECCOMP_RET_KILL_PROCESS),
        LOAD(nr),
#ifdef OTHER_ABI
        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, OTHER_ABI, 0, 1),
        RETURN(SECCOMP_RET_KILL_PROCESS),
#endif
    };

    for (size_t i = 0; i < sizeof(head) / sizeof(head[0]); i++)
        at[i] = head[i];
    return sizeof(head) / sizeof(head[0]);
}

int filter_install(const struct filter_rule *rules, size_t count,
                   enum filter_verdict otherwise)
{
    struct sock_filter words[HEAD_WORDS + RULE_WORDS * FILTER_MAX_RULES + 1];
    struct sock_fprog program = {.filter = words};
    size_t used = add_head(words);

    if (count > FILTER_MAX_RULES) {
        errno = E2BIG;
        return -1;
    }
    for (size_t i = 0; i < count; i++)
        used += add_rule(words + used, &rules[i]);
    words[used++] = (struct sock_filter)RETURN(word_of(otherwise));
    program.len = (unsigned short)used;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return -1;
    /* Without the flag, older kernels make the whole process slower. */
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
                SECCOMP_FILTER_FLAG_SPEC_ALLOW, &program) == 0)
        return 0;
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

bool filter_works(void)
{
    uint32_t action = SECCOMP_RET_TRAP;

    return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

#else

int filter_install(const struct filter_rule *rules, size_t count,
                   enum filter_verdict otherwise)
{
    (void)rules;
    (void)count;
    (void)word_of(otherwise);
    errno = ENOSYS;
    return -1;
}

bool filter_works(void)
{
    return false;
}

#endif
