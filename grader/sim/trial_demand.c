/*
 * trial_demand.c - how a trial must end, once all is well. See trial.h.
 */
#include <stdio.h>
#include <string.h>

#include "orders.h"
#include "trial_run.h"

#define ASK_AGAIN_US 200000 /* a proposal without an answer is given up */
#define APPLY_US     50000  /* longer than any apply_ms that is drawn */
#define LAST_BYTES   40     /* of the commands that must commit */

/* Something has gone wrong, or it was to end here anyway. */
static bool is_over(const struct run *run)
{
    return run->result->has_failed ||
           (run->trial->until_us != 0 &&
            world_now_us(run->world) >= run->trial->until_us);
}

static void demand_leader(struct run *run)
{
    uint64_t limit_us = world_now_us(run->world) + TRIAL_PROGRESS_US;

    world_forget_leaders(run->world);
    while (world_acknowledged(run->world) == NO_NODE) {
        if (is_over(run))
            return;
        if (run_pass(run, world_next_us(run->world)) &&
            world_now_us(run->world) < limit_us &&
            world_next_us(run->world) != UINT64_MAX)
            continue;
        if (is_over(run))
            return;
        run_fail(run, "progress", NO_NODE,
                 "once all is well a majority acknowledges a leader within "
                 "30 s of virtual time",
                 "%s",
                 world_next_us(run->world) == UINT64_MAX
                     ? "nothing can happen any more"
                     : "nobody leads");
        run_describe(run);
    }
}

static void demand_calm(struct run *run)
{
    uint64_t term;
    uint64_t later_term;
    int leader;
    int later;

    if (!run_pass(run, world_now_us(run->world) + TRIAL_SETTLE_US))
        return;
    leader = world_leader(run->world, &term);
    world_forget_leaders(run->world);
    if (!run_pass(run, world_now_us(run->world) + TRIAL_CALM_US))
        return;
    later = world_leader(run->world, &later_term);
    if (later == leader && later_term == term &&
        world_acknowledged(run->world) == leader)
        return;
    run_fail(run, "calm", NO_NODE,
             "once all is well an elected leader stays, and is acknowledged",
             "node %d led in term %llu; 1.5 s later node %d leads in term "
             "%llu, and %s",
             leader, (unsigned long long)term, later,
             (unsigned long long)later_term,
             world_acknowledged(run->world) == NO_NODE
                 ? "no majority acknowledges it"
                 : "a majority acknowledges it");
    run_describe(run);
}

/* ---- Commits ----------------------------------------------------------- */

/* The nodes that have not come so far; "": none. */
static void list_behind(const struct run *run, uint64_t index, char *text,
                        size_t size_bytes)
{
    const int *ids;
    int count = world_ids(run->world, &ids);
    size_t used = 0;

    text[0] = '\0';
    for (int i = 0; i < count; i++) {
        uint64_t at = witness_at(run->witness, ids[i]);

        if (at < index && used < size_bytes)
            used += (size_t)snprintf(
                text + used, size_bytes - used, "%snode %d is at %llu",
                used > 0 ? ", " : "", ids[i], (unsigned long long)at);
    }
}

static bool all_at(const struct run *run, uint64_t index)
{
    const int *ids;
    int count = world_ids(run->world, &ids);

    for (int i = 0; i < count; i++)
        if (witness_at(run->witness, ids[i]) < index)
            return false;
    return true;
}

/* One new command, proposed to whoever leads until it is answered. */
static bool commit_one(struct run *run, uint64_t limit_us)
{
    while (world_now_us(run->world) < limit_us) {
        int leader = world_leader(run->world, NULL);
        uint64_t give_up_us = world_now_us(run->world) + ASK_AGAIN_US;
        uint64_t number = load_propose(run->load, leader, 1, LAST_BYTES);

        while (!witness_is_answered(run->witness, number) &&
               world_now_us(run->world) < give_up_us)
            if (!run_pass(run, world_now_us(run->world) + ASK_AGAIN_US / 50))
                return false;
        if (witness_is_answered(run->witness, number))
            return true;
    }
    run_fail(run, "commits", NO_NODE,
             "once all is well a new command commits within 30 s of virtual "
             "time",
             "none was answered; the highest index applied anywhere is %llu",
             (unsigned long long)witness_highest(run->witness));
    run_describe(run);
    return false;
}

static void demand_commits(struct run *run)
{
    uint64_t limit_us = world_now_us(run->world) + TRIAL_PROGRESS_US;
    uint64_t index;
    char behind[300];

    for (int i = 0; i < TRIAL_LAST_COMMANDS; i++)
        if (!commit_one(run, limit_us))
            return;
    index = witness_highest_answered(run->witness);
    while (!all_at(run, index) && world_now_us(run->world) < limit_us)
        if (!run_pass(run, world_now_us(run->world) + ASK_AGAIN_US / 10))
            return;
    if (all_at(run, index))
        return;
    list_behind(run, index, behind, sizeof(behind));
    run_fail(run, "commits", NO_NODE,
             "once all is well every node applies what is committed, within "
             "30 s of virtual time",
             "index %llu is committed, but %s", (unsigned long long)index,
             behind);
    run_describe(run);
}

/* What a node answers to LEDGER. */
static bool demand_ledger(struct run *run, int id, uint64_t give_up_us)
{
    uint64_t connection = load_ask(run->load, id, "LEDGER");
    const char *reply;
    unsigned long long seen;
    long long seen_digest;
    uint64_t count;
    uint64_t digest;

    while ((reply = load_reply(run->load, connection)) == NULL &&
           world_now_us(run->world) < give_up_us)
        if (!run_pass(run, world_now_us(run->world) + 1000))
            return false;
    witness_ledger(run->witness, witness_at(run->witness, id), &count, &digest);
    if (reply != NULL &&
        sscanf(reply, "*2\r\n:%llu\r\n:%lld\r\n", &seen, &seen_digest) == 2 &&
        seen == count && (uint64_t)seen_digest == digest)
        return true;
    run_fail(run, "state", id,
             "every machine is in the state that the commands make, in their "
             "order",
             "node %d, up to index %llu, answers LEDGER with %.60s; the %llu "
             "commands up to there make the digest %lld",
             id, (unsigned long long)witness_at(run->witness, id),
             reply != NULL ? reply : "nothing", (unsigned long long)count,
             (long long)digest);
    return false;
}

static void demand_state(struct run *run)
{
    const int *ids;
    int count = world_ids(run->world, &ids);
    uint64_t give_up_us = world_now_us(run->world) + TRIAL_SETTLE_US;

    /* An entry that has just been given to the machine takes apply_ms. */
    if (!run_pass(run, world_now_us(run->world) + APPLY_US))
        return;
    for (int i = 0; i < count; i++)
        if (!demand_ledger(run, ids[i], give_up_us))
            return;
}

/* A disk that failed is replaced, so to say: its node starts anew, since it may
 * have resolved to trust the old one no more. */
static void replace_disk(struct run *run, int id)
{
    static const char *const orders[] = {
        "disk %d fail=0 fail_at=0 full=1073741824", "kill %d", "start %d"};
    char line[80];
    char error[ORDER_MAX_ERROR];

    for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
        snprintf(line, sizeof(line), orders[i], id);
        trial_order(run, line, error);
    }
}

static void replace_bad_disks(struct run *run)
{
    const int *ids;
    int count = world_ids(run->world, &ids);

    for (int i = 0; i < count; i++)
        if (run->had_bad_disk[i])
            replace_disk(run, ids[i]);
}

void trial_demand(struct run *run)
{
    if (run->load != NULL) {
        load_clients(run->load, 0, 1); /* whatever a shrunk schedule says */
        replace_bad_disks(run);
    }
    demand_leader(run);
    if (!is_over(run))
        demand_calm(run);
    if (run->load == NULL)
        return;
    if (!is_over(run))
        demand_commits(run);
    if (!is_over(run))
        demand_state(run);
}
