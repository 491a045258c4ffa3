/*
 * lease.c - Elective: the promise of a voter, and what it is worth to a leader.
 *
 *     real time ------------------------------------------------------------->
 *
 *     leader     sends          answered
 *                  |---------------|
 *                  |<--- the lease: lease_us() of its clock --->|
 *                   \             /
 *     voter           `-- heard --'
 *                           |<---- the promise: promise_us() of its clock --->|
 *
 * The promise begins later than the lease, since a message cannot arrive before
 * it was sent, and lasts longer, however fast the voter's clock is and however
 * slow the leader's. So, of each voter that counts,
 *
 *     the invariant: while the lease holds, the promise stands.
 *
 * Whoever wants to lead needs the votes of a majority, one of whom is among the
 * majority that has promised; and the leader itself, who votes for nobody while
 * it leads its term. A voter's own candidacy keeps the promise as well: an
 * election timeout is at least election_min, and the leader's voice starts it
 * anew (Figure 2, Followers, rule 2).
 *
 * A process that was stopped finds out from its clock, which went on. What was
 * promised is not on disk; a node that starts does not know what it was, and so
 * keeps the longest that it can have been.
 */
#include "lease.h"

#include "event.h"
#include "node.h"
#include "raft.h"
#include "raft_msg.h"
#include "retry.h"
#include "store.h"

/* Your code here: what the stage remembers. */

/* How long a voter's promise lasts, on the voter's clock. */
static uint64_t promise_us(void)
{
    return 1000 * (uint64_t)node_config()->election_min_ms;
}

/* How much of it a leader may count on, by its own clock: as long as the
 * promise of a voter whose clock is as fast as a clock can be, told by one that
 * is as slow. */
static uint64_t lease_us(void)
{
    /* Your code here. */
    (void)promise_us;
    return 0;
}

/* ---- The leader ---------------------------------------------------------- */

bool lease_holds(void)
{
    /* Your code here. */
    (void)lease_us;
    return false;
}

/* Every call that this node makes. */
static int await_calling(void *arg, struct rpc_chain rest,
                         const struct rpc_call *call, struct buf *reply)
{
    (void)arg;
    /* Your code here. */
    return await_next_client(rest, call, reply);
}

/* ---- The voter ----------------------------------------------------------- */

/* Your code here: when it is promised, by what, and how to refuse. */

/* Every request that this node serves. */
static int await_serving(void *arg, struct rpc_chain rest,
                         const struct rpc_request *request, struct buf *reply)
{
    (void)arg;
    /* Your code here. */
    return await_next_server(rest, request, reply);
}

void lease_start(void)
{
    /* Your code here: and what has this node promised? */
    rpc_intercept_server(await_serving, NULL);
    rpc_intercept_client(await_calling, NULL);
}
