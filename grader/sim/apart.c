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
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../net/alloc.h"
#include "cell.h"
#include "report.h"

#define LOOK_MS     100 /* between looks at a process that does not answer */
#define CPU_LIMIT_S (3 * REPORT_LIMIT_S) /* then it cannot tell of itself */

struct apart {
    struct cell *cell; /* what is shared */
    pid_t pid;         /* the process; 0: it is known to be gone */
    int cpu;           /* where it runs */
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

    if (WIFSIGNALED(status))
        snprintf(how, sizeof(how),
                 "crashed: its process died by signal %d (%s)",
                 WTERMSIG(status), strsignal(WTERMSIG(status)));
    else
        snprintf(how, sizeof(how), "crashed: its process ended with status %d",
                 WEXITSTATUS(status));
    lose(place, how);
}

static double cpu_seconds(pid_t pid)
{
    struct timespec used;
    clockid_t clock;

    if (clock_getcpuclockid(pid, &clock) != 0 ||
        clock_gettime(clock, &used) != 0)
        return 0;
    return (double)used.tv_sec + (double)used.tv_nsec / 1e9;
}

/* Waits for the turn; false: the process is gone. */
static bool await_turn(struct host *place)
{
    struct apart *apart = place->apart;
    double began_s = -1;
    int status;

    while (!cell_await(apart->cell, TURN_WORLD, LOOK_MS)) {
        if (waitpid(apart->pid, &status, WNOHANG) == apart->pid) {
            if (atomic_load(&apart->cell->turn) == TURN_WORLD)
                return true; /* its last words */
            lose_dead(place, status);
            return false;
        }
        if (began_s < 0)
            began_s = cpu_seconds(apart->pid);
        if (cpu_seconds(apart->pid) - began_s > CPU_LIMIT_S) {
            kill(apart->pid, SIGKILL);
            waitpid(apart->pid, &status, 0);
            lose(place, "endless loop: it has run for 15 s without waiting");
            return false;
        }
    }
    return true;
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
    munmap(apart->cell, sizeof(*apart->cell));
    free(apart);
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
    apart_end(place);
    return false;
}

/* ---- Calls ------------------------------------------------------------- */

/* The bytes of a call, after its texts are taken off. */
struct rest {
    const char *at; /* the first */
    size_t len;     /* how many */
};

/* Takes a text off; NULL: there is none. */
static const char *take_text(struct rest *rest)
{
    const char *text = rest->at;
    const char *end = memchr(text, '\0', rest->len);

    if (end == NULL)
        return NULL;
    rest->len -= (size_t)(end - text) + 1;
    rest->at = end + 1;
    return text;
}

static bool obey_disk(struct host *place, const struct cell_call *call,
                      struct rest rest)
{
    struct disk_op op = {.kind = (enum disk_kind)call->disk,
                         .token = call->a,
                         .offset = call->b,
                         .len = call->c};
    bool has_data = op.kind == DISK_APPEND || op.kind == DISK_WRITE;

    if (call->disk > DISK_SYNC_DIR || (op.path = take_text(&rest)) == NULL ||
        (op.to = take_text(&rest)) == NULL || (has_data && op.len != rest.len))
        return false;
    op.data = rest.at;
    sim_host_ops.disk(place, &op);
    return true;
}

/* Calls whose bytes are texts. */
static bool obey_text(struct host *place, const struct cell_call *call,
                      struct rest rest)
{
    const struct world_watch *watch = &place->world->watch;
    const char *text = take_text(&rest);
    const char *more = call->kind == CALL_TRACE && text != NULL
                           ? take_text(&rest)
                           : text;

    if (more == NULL)
        return false;
    switch (call->kind) {
    case CALL_TRACE:
        sim_host_ops.trace(place, text, call->a, more);
        return true;
    case CALL_FATAL:
        door_give_up(place, text);
        return true;
    case CALL_ADVICE:
        if (watch->advice != NULL)
            watch->advice(watch->arg, place->id, text);
        return true;
    case CALL_DOOM:
        place_doom(place, END_WRONG, text);
        return true;
    default:
        return false;
    }
}

/* Obeys one call; false: it makes no sense. */
static bool obey(struct host *place, const struct cell_call *call,
                 struct rest rest, int64_t *answer)
{
    const struct host_ops *door = &sim_host_ops;

    switch (call->kind) {
    case CALL_OPEN:
        door->stream_open(place, (int)call->a);
        return true;
    case CALL_WRITE:
        *answer = door->stream_write(place, call->a, rest.at, rest.len);
        return true;
    case CALL_CLOSE:
        door->stream_close(place, call->a);
        return true;
    case CALL_ALARM:
        door->alarm(place, call->a);
        return true;
    case CALL_DISK:
        return obey_disk(place, call, rest);
    case CALL_CLIENT_WRITE:
        *answer = door->client_write(place, call->a, rest.at, rest.len);
        return true;
    case CALL_CLIENT_CLOSE:
        door->client_close(place, call->a);
        return true;
    case CALL_APPLY:
        door->apply(place, call->a, call->b, rest.at, rest.len);
        return true;
    case CALL_SNAPSHOT:
        door->snapshot(place, call->a, call->b, rest.at, rest.len);
        return true;
    case CALL_RESTORE:
        door->restore(place, call->a, call->b, rest.at, rest.len);
        return true;
    case CALL_STOPPED:
        door->stopped(place);
        return true;
    default:
        return obey_text(place, call, rest);
    }
}

/* Obeys all calls that were noted. */
static void obey_all(struct host *place)
{
    struct cell *cell = place->apart->cell;
    size_t used = cell->used;
    size_t at = 0;
    int64_t answer = 0;

    while (at < used) {
        struct cell_call call = {0};
        bool is_whole = used <= CELL_AREA_BYTES && used - at >= sizeof(call);

        if (is_whole) {
            memcpy(&call, cell->to_world + at, sizeof(call));
            is_whole = call.len <= used - at - sizeof(call);
        }
        if (!is_whole ||
            !obey(place, &call,
                  (struct rest){cell->to_world + at + sizeof(call), call.len},
                  &answer)) {
            place_doom(place, END_CRASHED,
                       "crashed: it wrote over what it shares with its host");
            break;
        }
        at += cell_call_bytes(call.len);
    }
    cell->used = 0;
    cell->answer = answer;
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
            obey_all(place);
        if (said == CELL_CRASHED) {
            place->is_dying = true;
            place->end = END_CRASHED;
            memcpy(place->how, cell->how, sizeof(place->how));
            place->how[sizeof(place->how) - 1] = '\0';
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
