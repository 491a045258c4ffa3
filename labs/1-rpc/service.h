/*
 * service.h - Lab 1, part C: a server that lasts.
 *
 * What keeps a server alive among careless callers and dying peers: it refuses
 * what it cannot do in time, says how it is, notices silent peers, and leaves
 * in an orderly way.
 */
#ifndef CONCLAVE_SERVICE_H
#define CONCLAVE_SERVICE_H

#include "retry.h"

#define METHOD_HEALTH 16 /* empty request; reply: a byte, enum health */

enum health { HEALTH_SERVING = 1, HEALTH_DRAINING = 2 };

/*
 * Registers, in this order: the admission interceptor, the health method, and
 * one keepalive coroutine a peer. Called once, before any other interceptor
 * is added.
 *
 * Admission refuses (RPC_REFUSED, with a text that says why) while draining,
 * while serve_max requests are being served, and when the rate of serve_rate a
 * second (a token bucket that holds up to one second's worth; 0: no limit) is
 * used up. The health method and Raft's methods are never refused.
 *
 * Keepalive pings each peer that is up every keepalive_ms; the PONG is due
 * within another keepalive_ms, else the stream is closed and dialled anew.
 */
void service_start(void);

/* Requests being served now, those of health not counted. */
int service_busy(void);

/*
 * Drains: refuses what is new, waits until nothing is being served or drain_ms
 * are over. OK, or TIMED_OUT if something was still under way.
 */
int await_service_drain(void);

#endif
