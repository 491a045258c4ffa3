/*
 * main.c - the command line of the simulator.
 */
#define _GNU_SOURCE

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "drive.h"
#include "explore.h"
#include "replay.h"
#include "symbols.h"

static const char usage[] =
    "usage: sim [--isolate] COMMAND NODE.so [WORD ...]\n"
    "  --isolate                    each node in a process of its own\n"
    "  check NODE.so [OBJECT ...]   is it made of what a node may call?\n"
    "  drive NODE.so                a world, driven by lines (drive.h)\n"
    "  bench NODE.so [NODES [SECONDS [PROPOSALS/S]]]  how fast it goes\n"
    "  explore NODE.so [key=value ...]  many seeds (explore.h)\n"
    "  shrink NODE.so seed=S [key=value ...]  a seed's failure made short\n"
    "  tell NODE.so seed=S [key=value ...]  one trial, and all it shows\n"
    "  replay NODE.so WORD ...      for a debugger (replay.h)\n";

static int run_bench(const struct code *code, int argc, char **argv)
{
    int nodes = argc > 0 ? atoi(argv[0]) : 5;
    int seconds = argc > 1 ? atoi(argv[1]) : 20000;
    int proposals = argc > 2 ? atoi(argv[2]) : 0;

    if (nodes < 1 || nodes > MAX_NODES || seconds < 1 || proposals < 0 ||
        proposals > 1000) {
        fputs(usage, stderr);
        return 2;
    }
    return bench_run(code, nodes, (unsigned)seconds, (unsigned)proposals);
}

int main(int argc, char **argv)
{
    char error[LOADER_MAX_ERROR];
    struct code *code;
    int status = 2;
    bool is_isolated = argc > 1 && strcmp(argv[1], "--isolate") == 0;

    argc -= is_isolated;
    argv += is_isolated;
    if (argc < 3) {
        fputs(usage, stderr);
        return 2;
    }
    code = code_read(argv[2], error);
    if (code == NULL) {
        fprintf(stderr, "sim: %s\n", error);
        return 2;
    }
    code->is_isolated = is_isolated;
    if (strcmp(argv[1], "check") == 0)
        status = symbols_check(code, argv + 3, argc - 3) == 0 ? 0 : 1;
    else if (strcmp(argv[1], "drive") == 0)
        status = drive_run(code);
    else if (strcmp(argv[1], "bench") == 0)
        status = run_bench(code, argc - 3, argv + 3);
    else if (strcmp(argv[1], "explore") == 0)
        status = explore_main(code, argc - 3, argv + 3);
    else if (strcmp(argv[1], "shrink") == 0)
        status = shrink_main(code, argc - 3, argv + 3);
    else if (strcmp(argv[1], "tell") == 0)
        status = tell_main(code, argc - 3, argv + 3);
    else if (strcmp(argv[1], "replay") == 0)
        status = replay_main(code, argc - 3, argv + 3);
    else
        fputs(usage, stderr);
    code_free(code);
    return status;
}
