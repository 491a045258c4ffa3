/*
 * rpc_steps.h - lab 1's node: what a warm-up exercise did, step by step.
 *
 * A step is a short text; a command answers with the result of the function
 * that it ran and then all steps. See rpc_warmup.c and rpc_pace.c.
 */
#ifndef CONCLAVE_RPC_STEPS_H
#define CONCLAVE_RPC_STEPS_H

#include "client.h"

#define MAX_STEPS      256 /* of one command; more are dropped */
#define MAX_STEP_BYTES 64  /* its NUL included */

/* The steps of one command; {0} at first. */
struct steps {
    int count;                            /* so far */
    char text[MAX_STEPS][MAX_STEP_BYTES]; /* in order */
};

/* Adds a step. */
void step(struct steps *steps, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Writes the reply: the result, then the steps. */
void steps_answer(const struct steps *steps, struct client_request *request,
                  const char *result);

/* Reads "1,-2,3" into values: how many, or -1. */
int steps_read_list(struct bytes word, int max, int64_t values[]);

void rpc_pace_start(void);

#endif
