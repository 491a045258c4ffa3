/*
 * plan.c - the words of explore and shrink. See explore.h.
 */
#define _GNU_SOURCE

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "explore.h"
#include "swarm.h"

#define MIN_NODES_DRAWN 2
#define MAX_NODES_DRAWN 5

int plan_nodes(const struct plan *plan, uint64_t seed)
{
    if (plan->nodes != 0)
        return plan->nodes;
    return MIN_NODES_DRAWN +
           (int)(seed % (MAX_NODES_DRAWN - MIN_NODES_DRAWN + 1));
}

void plan_try(const struct plan *plan, uint64_t seed,
              const struct schedule *schedule, struct trial_result *result)
{
    trial_run(&(struct trial){.code = plan->code,
                              .seed = seed,
                              .nodes = plan_nodes(plan, seed),
                              .fastest = SWARM_FASTEST,
                              .schedule = schedule},
              result);
}

static void put_sentence(const char *text, FILE *out)
{
    fputs(" | ", out);
    for (; *text != '\0'; text++)
        if (*text == '\n')
            fputs(" /", out);
        else
            fputc(*text, out);
}

void plan_print_failure(const struct plan *plan, uint64_t seed,
                        const struct trial_result *result, FILE *out)
{
    fprintf(out,
            "FAIL seed=%llu nodes=%d rule=%s node=%d at_us=%llu event=%llu "
            "hash=%016llx",
            (unsigned long long)seed, plan_nodes(plan, seed), result->rule,
            result->node, (unsigned long long)result->at_us,
            (unsigned long long)result->event,
            (unsigned long long)result->counts.hash);
    put_sentence(result->expected, out);
    put_sentence(result->observed, out);
    fputc('\n', out);
    fflush(out);
}

/* One "key=value". */
static bool read_word(struct plan *plan, const char *word)
{
    unsigned long long n;
    char rest;

    if (strncmp(word, "schedule=", 9) == 0) {
        plan->file = word + 9;
        return true;
    }
    if (sscanf(word, "%*[a-z]=%llu%c", &n, &rest) != 1)
        return false;
    if (strncmp(word, "seed=", 5) == 0)
        plan->seed = n;
    else if (strncmp(word, "seeds=", 6) == 0)
        plan->seeds = n;
    else if (strncmp(word, "nodes=", 6) == 0 && n != 1 && n <= MAX_NODES)
        plan->nodes = (int)n;
    else if (strncmp(word, "hashes=", 7) == 0)
        plan->has_hashes = n != 0;
    else if (strncmp(word, "show=", 5) == 0)
        plan->is_shown = n != 0;
    else if (strncmp(word, "stop=", 5) == 0)
        plan->stops = n != 0;
    else
        return false;
    return true;
}

static bool read_file(struct plan *plan)
{
    FILE *file = fopen(plan->file, "re");
    int wrong;

    if (file == NULL) {
        fprintf(stderr, "sim: %s: %s\n", plan->file, strerror(errno));
        return false;
    }
    wrong = schedule_read(&plan->fixed, file);
    fclose(file);
    if (wrong != 0)
        fprintf(stderr,
                "sim: %s: line %d is no action; write a time in microseconds "
                "and an order\n",
                plan->file, wrong);
    return wrong == 0;
}

bool plan_read(struct plan *plan, const struct code *code, int argc,
               char **argv)
{
    *plan = (struct plan){.code = code, .seed = 1, .seeds = 100, .nodes = 5};
    for (int i = 0; i < argc; i++) {
        if (read_word(plan, argv[i]))
            continue;
        fprintf(stderr, "sim: '%s' makes no sense here; see explore.h\n",
                argv[i]);
        return false;
    }
    return plan->file == NULL || read_file(plan);
}
