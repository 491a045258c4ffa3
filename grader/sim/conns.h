/*
 * conns.h - streams between places, for streams.c and conns.c alone.
 */
#ifndef CONCLAVE_SIM_CONNS_H
#define CONCLAVE_SIM_CONNS_H

#include "inside.h"

/* The link that what an end sends goes over, and the time that takes. */
struct link_state *conn_link(const struct conn *conn, int end);
uint64_t conn_travel_us(struct link_state *link);

/* The conn that a place calls so, or NULL; which of its ends the place is. */
struct conn *conn_find(const struct host *place, uint64_t stream);
int conn_end(const struct conn *conn, const struct host *place,
             uint64_t stream);

/* Lets an event of the conn happen at an end. */
struct event *conn_put(struct conn *conn, int from_end, int to_end,
                       enum event_kind kind, uint64_t at_us, const void *data,
                       size_t len);

/* What arrives: a dial, its answers, the end of the stream at one end. */
void conn_on_dial(struct conn *conn);
void conn_on_dialled(struct conn *conn);
void conn_on_refused(struct conn *conn);
void conn_on_gone(struct conn *conn, int end);

/* What is sent and is no frame passes untouched, and then the end, if so. */
void streams_send_rest(struct conn *conn, int end, bool with_end);

#endif
