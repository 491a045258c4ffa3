/*
 * main.c - runs a program that is not trusted, with less than its parent has.
 *
 *     confine --user 61200 --node --read /usr --write DIR --connect 7001
 *             --limit data=5368709120 -- PROGRAM WORD ...
 *
 * It becomes the program: the process keeps its number, so whoever started it
 * can stop it, measure it and hear of its end as if nothing stood between. What
 * the kernel does not offer is left out; `confine --probe` says what it offers.
 */
#define _GNU_SOURCE

#include <errno.h>
#include <getopt.h>
#include <grp.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "calls.h"
#include "fence.h"
#include "filter.h"

#define EXIT_CONFINE 125 /* it could not be confined, or not be run */
#define MAX_PLACES   128 /* paths and ports named */

static const char usage[] =
    "usage: confine [option ...] -- PROGRAM [WORD ...]\n"
    "  --user UID        become this user, who is nobody else\n"
    "  --read PATH       may be read and run; nothing else can be\n"
    "  --write PATH      may be changed, too\n"
    "  --ports           no TCP port is in reach but those named\n"
    "  --bind PORT       may be listened at\n"
    "  --connect PORT    may be connected to\n"
    "  --limit WHAT=N    as, core, cpu, data, fsize, nofile or nproc\n"
    "  --node            no other process, no signal, no way round the host\n"
    "  --tool            nothing that administers the machine\n"
    "  --probe           say what the kernel offers, and run nothing\n";

enum place_kind { PLACE_READ, PLACE_WRITE, PLACE_BIND, PLACE_CONNECT };

/* What was asked for. */
struct order {
    long user;      /* -1: stay who you are */
    bool has_ports; /* ports are fenced */
    bool has_files; /* files are fenced */
    bool is_node;   /* calls are filtered as a node's */
    bool is_tool;   /* calls are filtered as a compiler's */
    size_t count;   /* of places */
    struct {
        enum place_kind kind; /* what it is good for */
        const char *name;     /* a path, or a port's number */
    } places[MAX_PLACES];
};

static const struct {
    const char *name; /* on the command line */
    int number;       /* RLIMIT_... */
} limits[] = {
    {"as", RLIMIT_AS},       {"core", RLIMIT_CORE},   {"cpu", RLIMIT_CPU},
    {"data", RLIMIT_DATA},   {"fsize", RLIMIT_FSIZE}, {"nofile", RLIMIT_NOFILE},
    {"nproc", RLIMIT_NPROC},
};

_Noreturn static void fail(const char *what, const char *which)
{
    fprintf(stderr, "confine: %s%s: %s\n", what, which, strerror(errno));
    exit(EXIT_CONFINE);
}

_Noreturn static void refuse(const char *why, const char *word)
{
    fprintf(stderr, "confine: %s%s\n%s", why, word, usage);
    exit(EXIT_CONFINE);
}

/* WHAT=N; a stricter limit stays. */
static void set_limit(const char *word)
{
    const char *equals = strchr(word, '=');
    struct rlimit limit;
    char *end;

    for (size_t i = 0; equals && i < sizeof(limits) / sizeof(limits[0]); i++) {
        if (strlen(limits[i].name) != (size_t)(equals - word) ||
            strncmp(limits[i].name, word, (size_t)(equals - word)) != 0)
            continue;
        rlim_t most = (rlim_t)strtoull(equals + 1, &end, 10);
        if (end == equals + 1 || *end != '\0')
            break;
        if (getrlimit((__rlimit_resource_t)limits[i].number, &limit) != 0)
            fail("limit ", word);
        if (limit.rlim_max < most)
            most = limit.rlim_max;
        limit.rlim_cur = limit.rlim_max = most;
        if (setrlimit((__rlimit_resource_t)limits[i].number, &limit) != 0)
            fail("limit ", word);
        return;
    }
    refuse("no such limit: ", word);
}

static void add_place(struct order *order, enum place_kind kind,
                      const char *name)
{
    if (order->count == MAX_PLACES)
        refuse("too many paths and ports at ", name);
    order->places[order->count].kind = kind;
    order->places[order->count++].name = name;
    if (kind == PLACE_READ || kind == PLACE_WRITE)
        order->has_files = true;
    else
        order->has_ports = true;
}

/* Nothing that the parent has open but the three that everyone has. */
static void close_others(void)
{
#ifdef SYS_close_range
    if (syscall(SYS_close_range, 3, UINT_MAX, 0) == 0)
        return;
#endif
    for (int fd = 3, end = (int)sysconf(_SC_OPEN_MAX); fd < end; fd++)
        close(fd);
}

static void build_fence(const struct order *order, struct fence *fence)
{
    *fence = fence_new(order->has_files, order->has_ports);
    if (fence->fd < 0 && fence->abi > 0)
        fail("no fence", "");
    for (size_t i = 0; i < order->count; i++) {
        const char *name = order->places[i].name;
        enum place_kind kind = order->places[i].kind;
        int outcome;

        if (kind == PLACE_READ || kind == PLACE_WRITE)
            outcome = fence_path(fence, name, kind == PLACE_WRITE);
        else
            outcome = fence_port(fence, (unsigned)atoi(name),
                                 kind == PLACE_BIND ? FENCE_BIND
                                                    : FENCE_CONNECT);
        if (outcome != 0)
            fail("cannot be left in reach: ", name);
    }
}

static void become(long user)
{
    uid_t id = (uid_t)user;

    if (setgroups(0, NULL) != 0 || setresgid(id, id, id) != 0 ||
        setresuid(id, id, id) != 0)
        fail("cannot become another user", "");
}

_Noreturn static void run(const struct order *order, char **words)
{
    struct fence fence = {.fd = -1};

    close_others();
    if (order->has_files || order->has_ports || order->is_node)
        build_fence(order, &fence);
    if (order->user >= 0)
        become(order->user);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        fail("no_new_privs", "");
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* another user's is forgotten */
    if (fence_close(&fence) != 0)
        fail("the fence cannot be closed", "");
    if ((order->is_node && calls_of_node() != 0) ||
        (order->is_tool && calls_of_tool() != 0))
        fail("no filter of system calls", "");
    execv(words[0], words);
    fail("cannot be run: ", words[0]);
}

/* Whether a filter can be installed: tried in a child. */
static int can_filter(void)
{
    int status = 1;
    pid_t child = fork();

    if (child == 0)
        _exit(filter_works() && calls_of_tool() == 0 ? 0 : 1);
    return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

enum option_code {
    OPTION_USER = 1,
    OPTION_READ,
    OPTION_WRITE,
    OPTION_PORTS,
    OPTION_BIND,
    OPTION_CONNECT,
    OPTION_LIMIT,
    OPTION_NODE,
    OPTION_TOOL,
    OPTION_PROBE,
};

static const struct option known[] = {
    {"user", required_argument, NULL, OPTION_USER},
    {"read", required_argument, NULL, OPTION_READ},
    {"write", required_argument, NULL, OPTION_WRITE},
    {"ports", no_argument, NULL, OPTION_PORTS},
    {"bind", required_argument, NULL, OPTION_BIND},
    {"connect", required_argument, NULL, OPTION_CONNECT},
    {"limit", required_argument, NULL, OPTION_LIMIT},
    {"node", no_argument, NULL, OPTION_NODE},
    {"tool", no_argument, NULL, OPTION_TOOL},
    {"probe", no_argument, NULL, OPTION_PROBE},
    {NULL, 0, NULL, 0},
};

static void obey(struct order *order, int code)
{
    switch (code) {
    case OPTION_USER:
        order->user = atol(optarg);
        if (order->user <= 0)
            refuse("no such user: ", optarg);
        break;
    case OPTION_READ:
        add_place(order, PLACE_READ, optarg);
        break;
    case OPTION_WRITE:
        add_place(order, PLACE_WRITE, optarg);
        break;
    case OPTION_PORTS:
        order->has_ports = true;
        break;
    case OPTION_BIND:
        add_place(order, PLACE_BIND, optarg);
        break;
    case OPTION_CONNECT:
        add_place(order, PLACE_CONNECT, optarg);
        break;
    case OPTION_LIMIT:
        set_limit(optarg);
        break;
    case OPTION_NODE:
        order->is_node = true;
        break;
    case OPTION_TOOL:
        order->is_tool = true;
        break;
    default:
        refuse("that is not how it is called", "");
    }
}

int main(int argc, char **argv)
{
    struct order order = {.user = -1};
    int code;

    while ((code = getopt_long(argc, argv, "+", known, NULL)) != -1) {
        if (code == OPTION_PROBE) {
            printf("landlock %d\nseccomp %d\n", fence_abi(), can_filter());
            return 0;
        }
        obey(&order, code);
    }
    if (optind == argc)
        refuse("what is to be run?", "");
    run(&order, argv + optind);
}
