/*
 * calls.c - see calls.h.
 *
 * These are lists of what is forbidden, not of what is allowed: which calls a
 * libc or libuv makes differs from version to version, and a node that dies of
 * a newer libuv would be our fault. Simulated nodes, whose libc is ours, have a
 * list of what is allowed (grader/sim/tenant_calls.c).
 */
#define _GNU_SOURCE

#include "calls.h"

#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "filter.h"

#define REFUSED(name)                      \
    {                                      \
        SYS_##name, FILTER_REFUSE, 0, 0, 0 \
    }
#define TRAPPED(name)                    \
    {                                    \
        SYS_##name, FILTER_TRAP, 0, 0, 0 \
    }
#define ABSENT(name)                       \
    {                                      \
        SYS_##name, FILTER_ABSENT, 0, 0, 0 \
    }
#define ALLOWED_IF(name, argument, mask, value)         \
    {                                                   \
        SYS_##name, FILTER_ALLOW, argument, mask, value \
    }

/* What administers the machine, or reaches into other processes. */
static const struct filter_rule nobodys[] = {
    REFUSED(acct),
    REFUSED(add_key),
    REFUSED(adjtimex),
    REFUSED(bpf),
    REFUSED(chroot),
    REFUSED(clock_adjtime),
    REFUSED(clock_settime),
    REFUSED(delete_module),
    REFUSED(finit_module),
    REFUSED(init_module),
    REFUSED(kexec_load),
    REFUSED(keyctl),
    REFUSED(mount),
    REFUSED(move_pages),
    REFUSED(name_to_handle_at),
    REFUSED(open_by_handle_at),
    REFUSED(perf_event_open),
    REFUSED(pivot_root),
    REFUSED(process_vm_readv),
    REFUSED(process_vm_writev),
    REFUSED(ptrace),
    REFUSED(quotactl),
    REFUSED(reboot),
    REFUSED(request_key),
    REFUSED(setdomainname),
    REFUSED(sethostname),
    REFUSED(setns),
    REFUSED(settimeofday),
    REFUSED(swapoff),
    REFUSED(swapon),
    REFUSED(syslog),
    REFUSED(umount2),
    REFUSED(unshare),
    REFUSED(userfaultfd),
    REFUSED(vhangup),
    /* libuv does without it, and it makes calls past this filter. */
    ABSENT(io_uring_setup),
    ABSENT(io_uring_enter),
    ABSENT(io_uring_register),
#ifdef SYS_iopl
    REFUSED(iopl),
    REFUSED(ioperm),
#endif
#ifdef SYS_pidfd_getfd
    REFUSED(pidfd_getfd),
#endif
};

/* What a node has no use for: starting a process, and talking past its host. */
static const struct filter_rule no_nodes[] = {
    /* Its flags are behind a pointer; libc then takes clone. */
    ABSENT(clone3),
    ALLOWED_IF(clone, 1, CLONE_THREAD, CLONE_THREAD),
    TRAPPED(clone),
#ifdef SYS_fork
    TRAPPED(fork),
    TRAPPED(vfork),
#endif
    ALLOWED_IF(socket, 1, UINT32_MAX, AF_INET),
    ALLOWED_IF(socket, 1, UINT32_MAX, AF_INET6),
    REFUSED(socket),
    TRAPPED(shmget),
    TRAPPED(shmat),
    TRAPPED(semget),
    TRAPPED(msgget),
    TRAPPED(mq_open),
    TRAPPED(memfd_create),
    TRAPPED(setpriority),
    TRAPPED(pidfd_send_signal),
    TRAPPED(rt_sigqueueinfo),
    TRAPPED(rt_tgsigqueueinfo),
    TRAPPED(tkill),
};

static int install(const struct filter_rule *rules, size_t count)
{
    return filter_works() ? filter_install(rules, count, FILTER_ALLOW) : 0;
}

int calls_of_node(void)
{
    uint32_t self = (uint32_t)getpid();
    const struct filter_rule own[] = {
        ALLOWED_IF(kill, 1, UINT32_MAX, self), /* abort() */
        TRAPPED(kill),
        ALLOWED_IF(tgkill, 1, UINT32_MAX, self), /* raise() */
        TRAPPED(tgkill),
        ALLOWED_IF(prlimit64, 1, UINT32_MAX, 0),
        ALLOWED_IF(prlimit64, 1, UINT32_MAX, self),
        TRAPPED(prlimit64),
    };
    struct filter_rule all[FILTER_MAX_RULES];
    size_t count = 0;

    memcpy(all, nobodys, sizeof(nobodys));
    count += sizeof(nobodys) / sizeof(nobodys[0]);
    memcpy(all + count, no_nodes, sizeof(no_nodes));
    count += sizeof(no_nodes) / sizeof(no_nodes[0]);
    memcpy(all + count, own, sizeof(own));
    count += sizeof(own) / sizeof(own[0]);
    return install(all, count);
}

int calls_of_tool(void)
{
    return install(nobodys, sizeof(nobodys) / sizeof(nobodys[0]));
}
