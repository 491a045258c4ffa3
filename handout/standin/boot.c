/*
 * boot.c - see boot.h.
 */
#include "boot.h"

#include "app.h"
#include "client.h"
#include "co.h"
#include "election.h"
#include "lease.h"
#include "node.h"
#include "raft.h"
#include "resp.h"
#include "rpc.h"
#include "snapshot.h"
#include "store.h"

/* Everything that has to wait for the disk. */
static void boot(void *arg)
{
    (void)arg;
    int outcome = await_store_open();
    if (outcome == OK) {
        raft_init(store_term(), store_voted_for());
        outcome = await_snapshot_open();
    }
    if (outcome != OK)
        node_fatal("the store does not open: %s; remove the node's data "
                   "folder, or repair its disk, and start it again",
                   outcome_name(outcome));
    lease_start();
    replication_start();
    snapshot_start();
    election_start();
    /* Last: a peer that has been dialled by this node knows that it is ready.
     * Raft's requests may safely come twice, so that of lab 1 part A is
     * enough. */
    rpc_start();
}

/* SNAPSHOT: OK once one has been taken. */
static void snapshot(struct client_request *request)
{
    int outcome = await_snapshot_take();

    if (outcome == OK)
        resp_simple(request->reply, "OK");
    else
        resp_error(request->reply, "ERR no snapshot was taken: %s",
                   outcome_name(outcome));
}

void boot_start(const struct machine *machine)
{
    raft_init(0, NO_NODE);
    machine_start(machine);
    client_command("SNAPSHOT", 1, 1, snapshot);
    co_spawn("boot", boot, NULL);
}

/* Says where the leader is, or that there is none. */
static void answer_not_leader(struct buf *out)
{
    const struct config_node *leader = config_find(node_config(), raft.leader);

    if (leader && raft.leader != node_id())
        resp_error(out, "MOVED 0 %s", leader->client);
    else
        resp_error(out, "CLUSTERDOWN no leader is known; try again");
}

void boot_answer_refusal(struct buf *out, enum proposed proposed)
{
    switch (proposed) {
    case PROPOSED_NOT_LEADER:
        answer_not_leader(out);
        break;
    case PROPOSED_BUSY:
        resp_error(out, "BUSY %u proposals are waiting; try again later",
                   node_config()->proposals_max);
        break;
    case PROPOSED_TOO_LARGE:
        resp_error(out, "TOOLARGE a command has at most %d bytes",
                   MAX_COMMAND_BYTES);
        break;
    default:
        resp_error(out, "LOST the leadership ended first; this may yet take "
                        "effect, or never");
        break;
    }
}
