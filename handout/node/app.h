/*
 * app.h - what stands above the stages that a node is linked from.
 *
 * One file of handout/standin/ (or, from lab 5 on, the student's store)
 * defines these. The node calls them; see node.c.
 */
#ifndef CONCLAVE_APP_H
#define CONCLAVE_APP_H

#include <stdint.h>

/* What STATUS and INFO show. */
struct app_status {
    const char *role;      /* "follower", "candidate", "leader", or "none" */
    uint64_t term;         /* current term, 0 without elections */
    int leader;            /* its id, or NO_NODE */
    uint64_t commit_index; /* highest entry known to be committed */
    uint64_t last_applied; /* highest entry applied */
};

/* Starts the stages and registers services and client commands. */
void app_start(void);

/* What the node is up to now. */
struct app_status app_status(void);

/* Finishes what is under way after shut_down. Runs in a coroutine. */
void await_app_drain(void);

#endif
