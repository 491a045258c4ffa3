/*
 * plan.c - the words of explore and shrink. See explore.h.
 */
#define _GNU_SOURCE

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "explore.h"
#include "swarm.h"

#define MIN_NODES_DRAWN 2
#define MAX_NODES_DRAWN 5

int plan_nodes(const struct plan *plan, uint64_t seed)
{
    if (plan->kind == TRIAL_CRASHES)
        return CRASHES_NODES;
    if (plan->nodes != 0)
        return plan->nodes;
    if (plan->kind == TRIAL_ELECTION)
        return MIN_NODES_DRAWN +
               (int)(seed % (MAX_NODES_DRAWN - MIN_NODES_DRAWN + 1));
    return seed % 2 == 0 ? 3 : 5; /* what can lose one goes on */
}

void plan_draw(const struct plan *plan, uint64_t seed,
               struct schedule *schedule)
{
    int nodes = plan_nodes(plan, seed);

    if (plan->file != NULL)
        schedule_copy(schedule, &plan->fixed);
    else if (plan->kind == TRIAL_CRASHES)
        crashes_draw(plan->crashes, seed, schedule);
    else if (plan->kind == TRIAL_FIGURE8 || plan->kind == TRIAL_FIGURE8_DISK)
        figure8_draw(schedule, plan->kind, seed, nodes);
    else
        swarm_draw(schedule, plan->kind, seed, nodes);
}

struct trial plan_trial(const struct plan *plan, uint64_t seed,
                        const struct schedule *schedule)
{
    bool is_point = plan->kind == TRIAL_CRASHES;

    return (struct trial){.code = plan->code,
                          .kind = plan->kind,
                          .seed = is_point ? crashes_seed(seed) : seed,
                          .nodes = plan_nodes(plan, seed),
                          .fastest = SWARM_FASTEST,
                          .schedule = schedule};
}

void plan_try(const struct plan *plan, uint64_t seed,
              const struct schedule *schedule, struct trial_result *result)
{
    struct trial trial = plan_trial(plan, seed, schedule);

    trial_run(&trial, result);
}

static void put_sentence(const char *text, FILE *out)
{
    fputs(" | ", out);
    for (; *text != '\0'; text++)
        if (*text == '\n')
            fputs(" /", out);
        else /* it may be a node's: it must not look like a line of ours */
            fputc((unsigned char)*text < ' ' ? '?' : *text, out);
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
    if (strncmp(word, "plan=", 5) == 0) {
        plan->kind = trial_kind(word + 5);
        return plan->kind != TRIAL_KINDS;
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
    else if (strncmp(word, "acts=", 5) == 0)
        plan->has_acts = n != 0;
    else if (strncmp(word, "until=", 6) == 0)
        plan->until_us = n;
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
    if (plan->kind == TRIAL_CRASHES)
        crashes_find(plan);
    return plan->file == NULL || read_file(plan);
}
