/*
 * fake_host.h - the smallest host that a node can live in, for unit tests.
 *
 * One node, id 1, with a virtual clock that only the test moves, a disk whose
 * operations the test ends, and clients whose replies the test reads. Above the
 * runtime stands nothing: no calls, no stages.
 *
 *     fake_boot();
 *     fake_spawn(body, NULL);      // in a coroutine, until it waits
 *     fake_pass_ms(100);           // all timers of the next 100 ms
 */
#ifndef CONCLAVE_FAKE_HOST_H
#define CONCLAVE_FAKE_HOST_H

#include <stdint.h>

#include "host.h"
#include "wire.h"

/* Starts the node. Once. */
void fake_boot(void);

/* Starts a coroutine and runs until all wait. */
void fake_spawn(void (*fn)(void *), void *arg);

/* Runs fn in a coroutine and moves the clock until fn has returned. */
void fake_await(void (*fn)(void));

/* Moves the clock; alarms ring on the way, each at its time. */
void fake_pass_ms(uint64_t ms);
uint64_t fake_now_us(void);

/* Clients of this number and more came by the plain text port. */
#define FAKE_TEXT_CLIENT 8

/* A client's bytes; what it was sent since the last look, NUL-ended. */
void fake_client_send(uint64_t client, struct bytes bytes);
void fake_client_say(uint64_t client, const char *text);
const char *fake_client_heard(uint64_t client);
/* Both: what it hears when it says this. */
const char *fake_client_asks(uint64_t client, const char *text);
void fake_client_leave(uint64_t client);
bool fake_client_is_closed(uint64_t client);

/* From now on client_write answers this instead of OK. */
void fake_client_write_fails(int outcome);

/* Disk operations that were issued and not ended, oldest first. */
int fake_disk_count(void);
const struct disk_op *fake_disk_op(int at);
void fake_disk_end(int at, int outcome, const char *data, uint64_t size);

/* The latest trace line, "topic|term|text", and the node's shutdown. */
const char *fake_traced(void);
void fake_shut_down(void);
bool fake_is_stopped(void);

/* Whom the app, which is none, takes for the leader; NO_NODE: nobody. */
void fake_leader_is(int id);

#endif
