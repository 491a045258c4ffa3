/*
 * fence.c - see fence.h. The kernel's structures are written down here, since
 * its headers are older than itself on many systems: see landlock(7).
 */
#define _GNU_SOURCE

#include "fence.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule       445
#define SYS_landlock_restrict_self  446
#endif

#define ASK_VERSION 1u /* a flag of landlock_create_ruleset */

#define RULE_PATH 1
#define RULE_PORT 2

/* Rights over files. */
#define EXECUTE     (UINT64_C(1) << 0)
#define WRITE_FILE  (UINT64_C(1) << 1)
#define READ_FILE   (UINT64_C(1) << 2)
#define READ_DIR    (UINT64_C(1) << 3)
#define ALL_OF_1    ((UINT64_C(1) << 13) - 1)
#define REFER       (UINT64_C(1) << 13)
#define TRUNCATE    (UINT64_C(1) << 14)
#define IOCTL_DEV   (UINT64_C(1) << 15)
#define MAKE_CHAR   (UINT64_C(1) << 6)
#define MAKE_BLOCK  (UINT64_C(1) << 11)
#define OF_A_FILE   (EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV)
#define TO_READ     (EXECUTE | READ_FILE | READ_DIR)
#define BIND_TCP    (UINT64_C(1) << 0)
#define CONNECT_TCP (UINT64_C(1) << 1)
#define SCOPE_BOTH  3 /* abstract sockets, and signals */

struct ruleset {
    uint64_t files;  /* rights that are fenced */
    uint64_t ports;  /* the same */
    uint64_t scoped; /* what does not leave the fence at all */
};

struct path_rule {
    uint64_t rights; /* over what lies there */
    int32_t fd;      /* of the file or folder */
} __attribute__((packed));

struct port_rule {
    uint64_t rights; /* to it */
    uint64_t port;   /* its number */
};

int fence_abi(void)
{
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, ASK_VERSION);

    return abi > 0 ? (int)abi : 0;
}

static uint64_t all_rights(int abi)
{
    return ALL_OF_1 | (abi >= 2 ? REFER : 0) | (abi >= 3 ? TRUNCATE : 0) |
           (abi >= 5 ? IOCTL_DEV : 0);
}

struct fence fence_new(bool has_files, bool has_ports)
{
    struct fence fence = {.fd = -1, .abi = fence_abi()};
    struct ruleset set = {
        .files = has_files ? all_rights(fence.abi) : 0,
        .ports = has_ports && fence.abi >= FENCE_PORTS_ABI
                     ? BIND_TCP | CONNECT_TCP
                     : 0,
        .scoped = fence.abi >= FENCE_SIGNALS_ABI ? SCOPE_BOTH : 0,
    };
    size_t known = fence.abi >= FENCE_SIGNALS_ABI ? sizeof(set)
                   : fence.abi >= FENCE_PORTS_ABI ? 2 * sizeof(uint64_t)
                                                  : sizeof(uint64_t);

    if (fence.abi > 0 && (set.files | set.ports | set.scoped) != 0)
        fence.fd = (int)syscall(SYS_landlock_create_ruleset, &set, known, 0);
    return fence;
}

int fence_path(struct fence *fence, const char *path, bool is_writable)
{
    struct path_rule rule = {.fd = open(path, O_PATH | O_CLOEXEC)};
    struct stat info;
    int outcome = -1;

    if (rule.fd < 0)
        return -1;
    if (fence->fd < 0) {
        outcome = 0;
    } else if (fstat(rule.fd, &info) == 0) {
        rule.rights = TO_READ;
        if (is_writable)
            rule.rights = all_rights(fence->abi) & ~(MAKE_CHAR | MAKE_BLOCK);
        if (!S_ISDIR(info.st_mode))
            rule.rights &= OF_A_FILE;
        outcome = (int)syscall(SYS_landlock_add_rule, fence->fd, RULE_PATH,
                               &rule, 0);
    }
    close(rule.fd);
    return outcome;
}

int fence_port(struct fence *fence, unsigned port, enum fence_port what)
{
    struct port_rule rule = {
        .rights = what == FENCE_BIND ? BIND_TCP : CONNECT_TCP,
        .port = port,
    };

    if (fence->fd < 0 || fence->abi < FENCE_PORTS_ABI)
        return 0;
    return (int)syscall(SYS_landlock_add_rule, fence->fd, RULE_PORT, &rule, 0);
}

int fence_close(struct fence *fence)
{
    int outcome = 0;

    if (fence->fd < 0)
        return 0;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        syscall(SYS_landlock_restrict_self, fence->fd, 0) != 0)
        outcome = -1;
    close(fence->fd);
    fence->fd = -1;
    return outcome;
}
