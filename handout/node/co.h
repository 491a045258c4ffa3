/*
 * co.h - coroutines: functions that can wait.
 *
 * A node is one thread. Each activity (an election timer, the replication to
 * one peer, one request being served) is a coroutine with a stack of its own,
 * which runs until it waits. Every function that may suspend is named
 * await_...; between two awaits nothing else runs, so no locks are needed.
 * After an await the world may have changed.
 *
 *     static void ticker(void *arg)
 *     {
 *         while (await_sleep(50) == OK)
 *             tick(arg);
 *     }
 *     ...
 *     co_spawn("ticker", ticker, clock);
 *
 * Coroutines that become ready run in the order in which they became so.
 */
#ifndef CONCLAVE_CO_H
#define CONCLAVE_CO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cancel.h"
#include "list.h"

#define MAX_COROUTINES 16384 /* alive at once; one more aborts the node */
#define CO_STACK_BYTES (256u << 10) /* of one stack; a guard page lies below */

struct co;

/*
 * Starts fn(arg) in a coroutine of its own, ready to run after the current one
 * waits. The name must live as long as the node (a literal). Its waits end
 * only when it says so itself.
 */
void co_spawn(const char *name, void (*fn)(void *), void *arg);

/* The same under a token: when that fires, the coroutine's waits end. */
void co_spawn_under(struct cancel *token, const char *name, void (*fn)(void *),
                    void *arg);

/* The token that fires when the current coroutine ends. */
struct cancel *co_scope(void);

/* The token under which the current coroutine waits now; NULL: none. */
struct cancel *co_token(void);

/* Makes another token the current one and returns the former. Scopes
 * (cancel_open) are the usual way; NULL makes waits that nothing ends. */
struct cancel *co_use(struct cancel *token);

/* Lets every other ready coroutine run first. OK, or why it was cancelled. */
int await_yield(void);

/* Waits. OK when the time has passed, or why it was cancelled. */
int await_sleep(uint32_t delay_ms);
int await_sleep_us(uint64_t delay_us);

/* The name of the coroutine that runs, "" outside of any. */
const char *co_name(void);

/* How many are alive. */
size_t co_count(void);

/*
 * For the runtime. co_wait suspends the current coroutine until co_wake or
 * its token's firing, and returns the outcome; what is for reports. co_run
 * runs all that is ready.
 */
int co_wait(const char *what);
void co_wake(struct co *co, int outcome);
struct co *co_of_token_link(struct list *link); /* of cancel.waiting */
struct co *co_self(void);
void co_run(void);
void co_describe(char *text, size_t size_bytes);

/* Whether an address lies in the guard page below a stack: then a fault there
 * is a stack overflow. Signal-safe. */
bool co_is_guard(const void *address);

#endif
