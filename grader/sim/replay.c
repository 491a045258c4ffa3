/*
 * replay.c - see replay.h.
 *
 * Before its first upcall a world's watcher is replaced by one that passes all
 * on, and remembers in which upcall it happened. What it remembers outlives a
 * crash: it lies in memory that the parent shares.
 */
#define _GNU_SOURCE

#include "replay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "conns.h"
#include "drive.h"
#include "explore.h"
#include "lines.h"
#include "report.h"

#define MAX_PENDING 4096 /* frames and answers on their way to the test */

/* Which upcall did it. */
struct finding {
    uint64_t wrong;     /* broke a rule; 0: none has */
    uint64_t answer;    /* sent what the test heard last */
    uint64_t answer_us; /* when it heard that */
    uint64_t last;      /* was the last that was made */
};

/* Something on its way to the test. */
struct pending {
    uint64_t number; /* of the frame, or of the client */
    bool is_frame;   /* which of the two */
    uint64_t upcall; /* in which it was sent */
};

static struct finding *finding;  /* shared with the parent */
static struct world *world;      /* the one that is watched */
static struct world_watch inner; /* who was told before us */
static uint64_t stop_at;         /* the upcall to stop before; 0: none */
static FILE *told;               /* takes the STOP line */
static struct pending pending[MAX_PENDING]; /* oldest first */
static size_t pending_count;                /* how many */

/* ---- What happens in which upcall -------------------------------------- */

static void is_wrong(void)
{
    if (finding->wrong == 0)
        finding->wrong = finding->last;
}

static void set_out(bool is_frame, uint64_t number)
{
    if (pending_count < MAX_PENDING)
        pending[pending_count++] = (struct pending){
            .number = number, .is_frame = is_frame, .upcall = finding->last};
}

static void has_come(bool is_frame, uint64_t number)
{
    for (size_t i = 0; i < pending_count; i++) {
        if (pending[i].is_frame != is_frame || pending[i].number != number)
            continue;
        finding->answer = pending[i].upcall;
        finding->answer_us = world_now_us(world);
        pending_count--;
        memmove(&pending[i], &pending[i + 1],
                (pending_count - i) * sizeof(pending[0]));
        return;
    }
}

static void on_violation(void *arg, const struct violation *violation)
{
    is_wrong();
    if (inner.violation != NULL)
        inner.violation(arg, violation);
}

static void on_ended(void *arg, int id, enum world_end end, const char *how)
{
    if (end == END_FATAL || end == END_WRONG)
        is_wrong();
    if (inner.ended != NULL)
        inner.ended(arg, id, end, how);
}

static void on_sent(void *arg, const struct seen_frame *seen)
{
    if (place_of(world, seen->to)->is_seat)
        set_out(true, seen->number);
    if (inner.sent != NULL)
        inner.sent(arg, seen);
}

static void on_delivered(void *arg, uint64_t number, int copy)
{
    has_come(true, number);
    if (inner.delivered != NULL)
        inner.delivered(arg, number, copy);
}

static void on_act(void *arg, int id, const char *what, uint64_t a, uint64_t b,
                   const void *data, size_t len)
{
    if (strcmp(what, "answer") == 0)
        set_out(false, a);
    if (inner.act != NULL)
        inner.act(arg, id, what, a, b, data, len);
}

static void on_client(void *arg, uint64_t client, const void *data, size_t len)
{
    has_come(false, client);
    if (inner.client != NULL)
        inner.client(arg, client, data, len);
}

static void watch_too(struct world *watched)
{
    world = watched;
    inner = watched->watch;
    watched->watch.violation = on_violation;
    watched->watch.ended = on_ended;
    watched->watch.sent = on_sent;
    watched->watch.delivered = on_delivered;
    watched->watch.act = on_act;
    watched->watch.client = on_client;
}

/* ---- The moment before ------------------------------------------------- */

void replay_stop_here(const struct host *place, const struct upcall *upcall)
{
    (void)place;
    (void)upcall;
}

static void tell(const struct host *place, const struct upcall *upcall)
{
    static const char *const names[] = {
        "start",     "stream_up",    "stream_bytes",  "stream_down", "alarm",
        "disk_done", "client_bytes", "client_closed", "shut_down"};
    bool is_stream = upcall->kind == UPCALL_STREAM_BYTES ||
                     upcall->kind == UPCALL_STREAM_DOWN;
    const struct conn *conn = is_stream ? conn_find(place, upcall->id) : NULL;
    int peer = upcall->kind == UPCALL_STREAM_UP ? upcall->peer : NO_NODE;

    if (conn != NULL)
        peer = conn->end[1 - conn_end(conn, place, upcall->id)]->id;
    fprintf(told, "STOP at_us=%llu node=%d what=%s peer=",
            (unsigned long long)world_now_us(world), place->id,
            names[upcall->kind]);
    if (peer != NO_NODE)
        fprintf(told, "%d", peer);
    else
        fputc('-', told);
    fputs(" data=", told);
    lines_hex(told, upcall->data, upcall->data != NULL ? upcall->len : 0);
    fputc('\n', told);
    fflush(told);
}

static void before(struct host *place, const struct upcall *upcall)
{
    if (place->world != world)
        watch_too(place->world);
    finding->last = world_counts(world).upcalls;
    if (finding->last != stop_at)
        return;
    tell(place, upcall);
    replay_stop_here(place, upcall);
}

/* ---- The command ------------------------------------------------------- */

static void run_trial(const struct plan *plan)
{
    struct trial_result result;
    struct schedule drawn = {0};

    report_start(NULL);
    plan_draw(plan, plan->seed, &drawn);
    plan_try(plan, plan->seed, &drawn, &result);
    if (result.has_failed && finding->wrong == 0)
        finding->wrong = finding->last;
    schedule_free(&drawn);
}

/* Runs it; what the world itself has to say is of no interest. */
static int run(struct code *code, const char *script, const struct plan *plan)
{
    before_upcall = before;
    told = fdopen(dup(STDOUT_FILENO), "w");
    if (told == NULL || freopen("/dev/null", "w", stdout) == NULL ||
        (script != NULL && freopen(script, "r", stdin) == NULL)) {
        perror("sim: no replay");
        return 2;
    }
    if (script != NULL)
        drive_run(code);
    else
        run_trial(plan);
    return 0;
}

/* In a child: it may crash. */
static int find(struct code *code, const char *script, const struct plan *plan)
{
    pid_t child = fork();
    int status = 0;

    if (child < 0) {
        perror("sim: no child process");
        return 2;
    }
    if (child == 0)
        _exit(run(code, script, plan));
    while (waitpid(child, &status, 0) < 0)
        ;
    if (finding->wrong == 0 && status != 0)
        finding->wrong = finding->last; /* it crashed */
    printf("FOUND wrong=%llu answer=%llu answer_us=%llu last=%llu\n",
           (unsigned long long)finding->wrong,
           (unsigned long long)finding->answer,
           (unsigned long long)finding->answer_us,
           (unsigned long long)finding->last);
    return 0;
}

int replay_main(struct code *code, int argc, char **argv)
{
    const char *script = NULL;
    struct plan plan;
    int rest = 0;

    for (int i = 0; i < argc; i++) {
        if (strncmp(argv[i], "script=", 7) == 0)
            script = argv[i] + 7;
        else if (strncmp(argv[i], "at=", 3) == 0)
            stop_at = strtoull(argv[i] + 3, NULL, 10);
        else if (strncmp(argv[i], "copies=", 7) == 0)
            code->copies = argv[i] + 7;
        else
            argv[rest++] = argv[i];
    }
    finding = mmap(NULL, sizeof(*finding), PROT_READ | PROT_WRITE,
                   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (finding == MAP_FAILED || !plan_read(&plan, code, rest, argv))
        return 2;
    return stop_at == 0 ? find(code, script, &plan) : run(code, script, &plan);
}
