/*
 * ledger_app.c - the node of labs 3 and 4: all the student's stages, and above
 * them the ledger (ledger.h) with the commands that tests and people give.
 *
 *     PROPOSE bytes    -> [index, term] once the command has been applied here
 *     CONFIRM          -> OK once this node is known to lead
 *     LEDGER           -> [commands applied, their digest]
 *     SNAPSHOT         -> OK once a snapshot has been taken
 *
 * Whoever does not lead answers as a Redis Cluster would: -MOVED 0 host:port if
 * it knows the leader, else -CLUSTERDOWN. -LOST means that the leadership ended
 * first: the command may yet be committed, or never. -BUSY means not now.
 */
#include "app.h"
#include "boot.h"
#include "client.h"
#include "ledger.h"
#include "node.h"

static void propose(struct client_request *request)
{
    struct proposal proposal;

    if (request->argv[1].len == 0) {
        resp_error(request->reply, "ERR a command has at least one byte");
        return;
    }
    enum proposed proposed = await_propose(request->argv[1], &proposal, NULL);
    if (proposed != PROPOSED_OK) {
        boot_answer_refusal(request->reply, proposed);
        return;
    }
    resp_array(request->reply, 2);
    resp_int(request->reply, (int64_t)proposal.index);
    resp_int(request->reply, (int64_t)proposal.term);
}

static void confirm(struct client_request *request)
{
    enum proposed proposed = await_leadership();

    if (proposed == PROPOSED_OK)
        resp_simple(request->reply, "OK");
    else
        boot_answer_refusal(request->reply, proposed);
}

static void ledger(struct client_request *request)
{
    resp_array(request->reply, 2);
    resp_int(request->reply, (int64_t)ledger_count());
    resp_int(request->reply, (int64_t)ledger_digest());
}

void app_start(void)
{
    client_command("PROPOSE", 2, 2, propose);
    client_command("CONFIRM", 1, 1, confirm);
    client_command("LEDGER", 1, 1, ledger);
    boot_start(&ledger_machine);
}
