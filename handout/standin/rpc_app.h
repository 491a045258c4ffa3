/*
 * rpc_app.h - lab 1's node: how the files rpc_*.c of this folder fit together.
 *
 *      rpc_app.c       starts the stage; the interceptors of the tests
 *      rpc_services.c  the test services of docs/protocol.md
 *      rpc_words.c     from a client's words to calls and back
 *      rpc_commands.c  RPC.CALL and its kind: calls on a client's order
 *      rpc_group.c     GROUP.CALL and its kind
 *      rpc_warmup.c    WARMUP.ALL and its kind
 *
 * Each *_start registers what its file has to offer. A client drives them with
 * any Redis client:
 *
 *     redis-cli -p PORT rpc.call 2 echo hi
 */
#ifndef CONCLAVE_RPC_APP_H
#define CONCLAVE_RPC_APP_H

#include <stdbool.h>
#include <stdint.h>

#include "client.h"
#include "retry.h"

/* The test services; health is the student's. */
#define METHOD_ECHO  32
#define METHOD_ADD   33
#define METHOD_SLEEP 34
#define METHOD_FAIL  35
#define METHOD_HOLD  36

#define APP_PATIENCE_MS 20000 /* the timeout of a call that names none */

void rpc_services_start(void);
void rpc_commands_start(void);
void rpc_group_start(void);
void rpc_warmup_start(void);

/* What a call command was given behind its fixed words; see app_options. */
struct call_options {
    uint64_t timeout_ms;  /* TIMEOUT: of the call */
    uint64_t within_ms;   /* WITHIN: a deadline around the call; 0: none */
    uint64_t attempt_ms;  /* ATTEMPT: of one attempt; 0: no retries */
    uint64_t window;      /* WINDOW: calls under way at once */
    struct bytes session; /* SESSION: whose call counts once; or empty */
    struct bytes name;    /* NAME: what RPC.CANCEL calls it; or empty */
    struct bytes agree;   /* AGREE: the reply that counts as a yes */
    bool is_picky;        /* AGREE was given */
};

/* Reads the options from word number first on. On false the request has its
 * reply: an error that names the word. */
bool app_options(struct client_request *request, int first,
                 struct call_options *options);

/* Reads a whole number. On false the request has its reply. */
bool app_number(struct client_request *request, int place, uint64_t max,
                uint64_t *value);

/* Reads a method, "echo" or a number, and encodes the word behind it as its
 * body (appended). On false the request has its reply. */
bool app_question(struct client_request *request, int place, uint16_t *method,
                  struct buf *body);

/* Writes what a call came to: a service's reply as number or bytes, else an
 * error that begins with the outcome's name. */
void app_answer(struct buf *out, uint16_t method, int outcome,
                struct bytes reply);

#endif
