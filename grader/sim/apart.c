/*
 * apart.c - the world's side of a cell. See apart.h and cell.h.
 */
#define _GNU_SOURCE

#include "apart.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../net/alloc.h"
#include "cell.h"
#include "custody.h"
#include "report.h"

#define FIRST_LOOK_MS 10  /* after so long, a look at who does not answer */
#define LOOK_MS       100 /* and then every so often */

struct apart {
    struct cell *cell;      /* what is shared */
    pid_t pid;              /* the process; 0: it is known to be gone */
    int cpu;                /* where it runs */
    struct custody custody; /* what it uses */
};

/* ---- The process ------------------------------------------------------- */

/* The two take turns, so one core is enough, and moving is dear. */
static void follow(struct apart *apart)
{
    int cpu = sched_getcpu();
    cpu_set_t set;

    if (cpu < 0 || cpu == apart->cpu)
        return;
    apart->cpu = cpu;
    CPU_ZERO(&set);
    CPU_SET((size_t)cpu, &set);
    sched_setaffinity(apart->pid, sizeof(set), &set);
}

/* It died, and said nothing. */
static void lose(struct host *place, const char *how)
{
    place_doom(place, END_CRASHED, how);
    place->end = END_CRASHED;
    place->apart->pid = 0;
}

static void lose_dead(struct host *place, int status)
{
    char how[128];

    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGXFSZ)
        snprintf(how, sizeof(how), "flooded its output and was stopped");
    else if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
        snprintf(how, sizeof(how),
                 "was stopped by the sandbox: it made a system call that is "
                 "not for nodes");
    else if (WIFSIGNALED(status))
        snprintf(how, sizeof(how),
                 "crashed: its process died by signal %d (%s)",
                 WTERMSIG(status), strsignal(WTERMSIG(status)));
    else
        snprintf(how, sizeof(how), "crashed: its process ended with status %d",
                 WEXITSTATUS(status));
    lose(place, how);
}

static void kill_for(struct host *place, const char *how)
{
    int status;

    kill(place->apart->pid, SIGKILL);
    waitpid(place->apart->pid, &status, 0);
    lose(place, how);
}

/* Waits for the turn; false: the process is gone. */
static bool await_turn(struct host *place)
{
    struct apart *apart = place->apart;
    const char *wrong = custody_upcall(&apart->custody);
    int wait_ms = FIRST_LOOK_MS;
    int status;

    while (wrong == NULL && !cell_await(apart->cell, TURN_WORLD, wait_ms)) {
        wait_ms = LOOK_MS;
        if (waitpid(apart->pid, &status, WNOHANG) == apart->pid) {
            if (atomic_load(&apart->cell->turn) == TURN_WORLD)
                return true; /* its last words */
            lose_dead(place, status);
            return false;
        }
        wrong = custody_look(&apart->custody);
    }
    if (wrong != NULL)
        kill_for(place, wrong);
    return wrong == NULL;
}

void apart_end(struct host *place)
{
    struct apart *apart = place->apart;

    if (apart == NULL)
        return;
    place->apart = NULL;
    if (apart->pid != 0) {
        kill(apart->pid, SIGKILL);
        while (waitpid(apart->pid, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    custody_end(&apart->custody);
    munmap(apart->cell, sizeof(*apart->cell));
    free(apart);
}

/* Who is forked off later has no business with this one's cell; and nobody but
 * its parent looks into what this process has open. */
static void close_up(const struct host *place, struct cell *cell)
{
    madvise(cell, sizeof(*cell), MADV_DONTFORK);
    if (place->world->code->copies == NULL) /* no debugger looks, either */
        prctl(PR_SET_DUMPABLE, 0);
}

bool apart_start(struct host *place, char error[LOADER_MAX_ERROR])
{
    struct apart *apart = alloc_new(sizeof(*apart));
    struct cell *cell = mmap(NULL, sizeof(*cell), PROT_READ | PROT_WRITE,
                             MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    uint32_t said;

    if (cell != MAP_FAILED) {
        atomic_store(&cell->turn, TURN_NODE);
        apart->pid = fork();
    }
    if (cell == MAP_FAILED || apart->pid < 0) {
        fprintf(stderr, "sim: no process for a node: %s\n", strerror(errno));
        abort();
    }
    if (apart->pid == 0)
        tenant_run(place, cell);
    close_up(place, cell);
    custody_begin(&apart->custody, apart->pid);
    apart->cell = cell;
    apart->cpu = -1;
    place->apart = apart;
    follow(apart);
    if (!await_turn(place)) {
        snprintf(error, LOADER_MAX_ERROR, "%.500s", place->how);
        place->is_dying = false;
        apart_end(place);
        return false;
    }
    said = cell->said;
    if (said == CELL_DONE)
        return true;
    snprintf(error, LOADER_MAX_ERROR, "%.*s", LOADER_MAX_ERROR - 1, cell->how);
    report_resolve(place, error, LOADER_MAX_ERROR);
    apart_end(place);
    return false;
}

/* ---- Upcalls ----------------------------------------------------------- */

/* Gives the node its turns until it has done what it is to do. */
static void give_turns(struct host *place, bool is_description)
{
    struct cell *cell = place->apart->cell;
    uint32_t said;

    follow(place->apart);
    do {
        part = PART_NODE;
        cell_give(cell, TURN_NODE);
        if (!await_turn(place))
            break;
        part = PART_WORLD;
        said = cell->said;
        if (!is_description || said == CELL_CRASHED)
            apart_obey(place, cell);
        if (said == CELL_CRASHED) {
            place->is_dying = true;
            place->end = END_CRASHED;
            memcpy(place->how, cell->how, sizeof(place->how));
            place->how[sizeof(place->how) - 1] = '\0';
            report_resolve(place, place->how, sizeof(place->how));
        }
    } while (said == CELL_ASK);
    part = PART_WORLD;
}

void apart_upcall(struct host *place, const struct upcall *upcall)
{
    struct cell *cell = place->apart->cell;

    if (upcall->len > CELL_AREA_BYTES) {
        place_doom(place, END_WRONG, "was given more than 32 MiB at once");
        return;
    }
    cell->upcall = (struct cell_upcall){
        .upcall = *upcall,
        .now_us = place->world->now_us,
        .clock_us = clock_now_us(place),
        .wall_offset_us = place->wall_offset_us,
        .upcalls = place->upcalls,
        .incarnation = place->incarnation,
        .streams = place->conn_count,
        .queued_bytes = place->queued_bytes,
        .chance = place->chance,
        .libc_chance = place->libc_chance,
    };
    if (upcall->len > 0 && upcall->data != NULL)
        memcpy(cell->to_node, upcall->data, upcall->len);
    give_turns(place, false);
}

void apart_describe(struct host *place, char *text, size_t size_bytes)
{
    struct cell *cell = place->apart->cell;

    cell->upcall.is_description = true;
    give_turns(place, true);
    cell->upcall.is_description = false;
    if (!place->is_dying && size_bytes > 0)
        snprintf(text, size_bytes, "%.*s", (int)(CELL_AREA_BYTES - 1),
                 cell->to_world);
}
