/*
 * retry.h - Lab 1, part B: a call that counts once.
 *
 * A lost reply and a lost request look alike to the caller, so it must ask
 * again; and the server must not do the work again. Retries live on the
 * client's side, the memory of what was done on the server's, and both hook in
 * as interceptors, the functions that every call passes through:
 *
 *     caller -> client interceptors -> wire -> server interceptors -> handler
 */
#ifndef CONCLAVE_RETRY_H
#define CONCLAVE_RETRY_H

#include "rpc.h"

#define RPC_MAX_INTERCEPTORS 8   /* on each side */
#define RETRY_BASE_MS        10  /* longest first pause between attempts */
#define RETRY_CAP_MS         500 /* longest pause */

/* The rest of the way of a request; see await_next_server. */
struct rpc_chain {
    int next; /* which interceptor comes next */
};

/*
 * Sees every request that this node serves, before the handler. It may look,
 * change the reply, or answer by itself; it goes on with await_next_server.
 */
typedef int (*rpc_server_interceptor)(void *arg, struct rpc_chain rest,
                                      const struct rpc_request *request,
                                      struct buf *reply);

/* The same for every call that this node makes through await_call. */
typedef int (*rpc_client_interceptor)(void *arg, struct rpc_chain rest,
                                      const struct rpc_call *call,
                                      struct buf *reply);

/* Adds an interceptor behind those already there; first added, first asked. */
void rpc_intercept_server(rpc_server_interceptor await_intercept, void *arg);
void rpc_intercept_client(rpc_client_interceptor await_intercept, void *arg);

/* Goes on: to the next interceptor, and after the last to the handler (server,
 * await_rpc_handler) or the wire (client, await_rpc_call). */
int await_next_server(struct rpc_chain rest, const struct rpc_request *request,
                      struct buf *reply);
int await_next_client(struct rpc_chain rest, const struct rpc_call *call,
                      struct buf *reply);

/*
 * Serves a request that has arrived: through all server interceptors to its
 * handler. A request whose deadline has passed is not run: RPC_TIMEOUT. Part A
 * calls this for every request.
 */
int await_serve(const struct rpc_request *request, struct buf *reply);

/* One attempt through all client interceptors: await_rpc_call with manners. */
int await_call(const struct rpc_call *call, struct buf *reply);

/*
 * Somebody whose updates count once. Calls of a session are made one at a
 * time. Each client number is used by one session, ever.
 */
struct rpc_session {
    uint64_t client;   /* unique over nodes and restarts */
    uint64_t sequence; /* of the latest call; 0 before the first */
};

void rpc_session_open(struct rpc_session *session);

/*
 * Calls until an answer comes or call->timeout_ms is over. An attempt takes at
 * most attempt_ms and at most what is left. RPC_TIMEOUT, RPC_UNREACHABLE and
 * RPC_REFUSED are worth another attempt, any other outcome is final. Pauses
 * between attempts: a random time up to RETRY_BASE_MS, the bound doubling with
 * each attempt up to RETRY_CAP_MS ("full jitter"). All attempts carry the same
 * client and sequence. session may be NULL for calls that may safely be
 * executed twice. Returns the last attempt's outcome; RPC_TIMEOUT when time is
 * up.
 */
int await_call_retry(const struct rpc_call *call, uint32_t attempt_ms,
                     struct rpc_session *session, struct buf *reply);

/*
 * Registers the server interceptor that executes a request with a sequence at
 * most once. It remembers the latest sequence of every client with its outcome
 * and reply:
 *   - the same sequence again: the remembered answer (waiting for it if the
 *     first execution is still running), never another execution;
 *   - an older sequence: RPC_REFUSED, its caller has long had its answer;
 *   - a newer one: executed.
 * Whatever its deadline, an execution once begun is seen to its end.
 * It holds once_max clients at most. A client may be forgotten once_keep_ms
 * after its latest request and no sooner; when there is no room, a new client
 * is answered RPC_REFUSED, to try again.
 */
void once_start(void);

/* Clients remembered now. */
size_t once_count(void);

#endif
