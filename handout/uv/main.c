/*
 * main.c - the command line of a node.
 */
#define _GNU_SOURCE

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "host.h"
#include "uv_host.h"

#define KEPT_BYTES (64 << 20) /* of freed memory, at most */

static const char usage[] =
    "usage: %s --config FILE --id N --data DIR [option ...]\n"
    "  --config FILE        the cluster's configuration, the same for all\n"
    "  --id N               which of its nodes this one is\n"
    "  --data DIR           where it keeps its files; made if missing\n"
    "  --incarnation N      which start of this node it is, from 1 (by "
    "default\n"
    "                       the starts are counted in the data folder)\n"
    "  --wall-offset-ms N   how far its wall clock is off, either way\n"
    "  --clock-rate R       how fast its other clock runs: 1.1 is 10%% fast\n"
    "  --acts               write down what the state machine does, in\n"
    "                       DIR/.acts, which grows (for a grader)\n"
    "  --log-zero-us N      where log times start, on CLOCK_MONOTONIC\n"
    "It prints `ready` when peers and clients may come. SIGTERM lets it "
    "finish\n"
    "and end; SIGUSR1 shows what every coroutine waits for; SIGUSR2 sets the\n"
    "wall clock off by the milliseconds in DIR/.wall-offset-ms.\n";

enum option_code {
    OPTION_CONFIG = 1,
    OPTION_ID,
    OPTION_DATA,
    OPTION_INCARNATION,
    OPTION_WALL_OFFSET,
    OPTION_CLOCK_RATE,
    OPTION_LOG_ZERO,
    OPTION_ACTS,
    OPTION_HELP,
};

static const struct option known[] = {
    {"config", required_argument, NULL, OPTION_CONFIG},
    {"id", required_argument, NULL, OPTION_ID},
    {"data", required_argument, NULL, OPTION_DATA},
    {"incarnation", required_argument, NULL, OPTION_INCARNATION},
    {"wall-offset-ms", required_argument, NULL, OPTION_WALL_OFFSET},
    {"clock-rate", required_argument, NULL, OPTION_CLOCK_RATE},
    {"log-zero-us", required_argument, NULL, OPTION_LOG_ZERO},
    {"acts", no_argument, NULL, OPTION_ACTS},
    {"help", no_argument, NULL, OPTION_HELP},
    {NULL, 0, NULL, 0},
};

_Noreturn static void refuse(const char *program, const char *why,
                             const char *word)
{
    fprintf(stderr, "%s: %s%s\n", program, why, word);
    fprintf(stderr, usage, program);
    exit(EXIT_START);
}

/* A whole decimal integer from low to high. */
static long long to_integer(const char *program, const char *word,
                            long long low, long long high)
{
    char *end;
    long long value = strtoll(word, &end, 10);
    if (end == word || *end != '\0' || value < low || value > high)
        refuse(program, "this number cannot be: ", word);
    return value;
}

/* A rate that a clock may have. */
static double to_rate(const char *program, const char *word)
{
    char *end;
    double value = strtod(word, &end);
    if (end == word || *end != '\0' || !(value >= 0.1 && value <= 10))
        refuse(program, "a clock's rate is from 0.1 to 10, not ", word);
    return value;
}

/*
 * A node's buffers come and go by the megabyte, thousands of times a second.
 * glibc would give their pages back to the system each time, and have every one
 * cleared again at its first touch.
 */
static void keep_freed_memory(void)
{
#ifdef __GLIBC__
    mallopt(M_MMAP_THRESHOLD, KEPT_BYTES / 2);
    mallopt(M_TRIM_THRESHOLD, KEPT_BYTES);
#endif
}

int main(int argc, char **argv)
{
    struct host_options options = {.id = NO_NODE, .clock_rate = 1.0};
    const char *program = argv[0];
    int code;
    while ((code = getopt_long(argc, argv, "", known, NULL)) != -1) {
        switch (code) {
        case OPTION_CONFIG:
            options.config = optarg;
            break;
        case OPTION_ID:
            options.id = (int)to_integer(program, optarg, 0, INT32_MAX);
            break;
        case OPTION_DATA:
            options.data = optarg;
            break;
        case OPTION_INCARNATION:
            options.incarnation = (uint64_t)to_integer(program, optarg, 1,
                                                       INT64_MAX);
            break;
        case OPTION_WALL_OFFSET:
            options.wall_offset_ms = to_integer(program, optarg, -1000000000000,
                                                1000000000000);
            break;
        case OPTION_CLOCK_RATE:
            options.clock_rate = to_rate(program, optarg);
            break;
        case OPTION_LOG_ZERO:
            options.log_zero_us = (uint64_t)to_integer(program, optarg, 0,
                                                       INT64_MAX);
            break;
        case OPTION_ACTS:
            options.has_acts = true;
            break;
        case OPTION_HELP:
            printf(usage, program);
            return 0;
        default:
            refuse(program, "that is not how it is called", "");
        }
    }
    if (optind < argc)
        refuse(program, "this word has no meaning here: ", argv[optind]);
    if (!options.config || !options.data || options.id == NO_NODE)
        refuse(program, "--config, --id and --data are needed", "");
    keep_freed_memory();
    return host_run(conclave_node(), &options);
}
