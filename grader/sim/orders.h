/*
 * orders.h - orders to a world, in words: what a test gives and what schedules
 * are made of.
 *
 *     link FROM TO key=value ...    faults of a link (grader/net/link.h)
 *     partition 1,2 3,4,5           cuts between sets, uncuts inside; a node in
 *                                   no set is alone
 *     bridge 3 1,2 4,5              the two sets hear each other through 3 only
 *     star 3                        all hear 3 only
 *     mend                          no link is cut or clogged any more
 *     heal                          every link is perfect again
 *     reset FROM TO                 streams that FROM dialled to TO are reset
 *     start ID [INCARNATION|- [RATE [WALL_OFFSET_MS]]]
 *     kill ID   pause ID   resume ID   terminate ID
 *     crash ID send|write|sync|synced|apply N     it dies at the N-th from now
 *                                   on; 0: it does not
 *     rate ID R    wall ID MS    jitter ID US        its clocks
 *     disk ID key=value ...         its disk (disk_set in disk.h); also
 *          flip=FILE,OFFSET,BIT     of what is durable, while ID is down
 *
 * In place of an id there may stand `leader`: who was last seen to lead, the
 * first node if nobody was; or `other:K`: the K-th (from 0) of the rest. FROM,
 * TO and the ID of resume, start, rate, jitter and disk may be `*`: all. A set
 * may hold `rest`: all that no set names.
 */
#ifndef CONCLAVE_SIM_ORDERS_H
#define CONCLAVE_SIM_ORDERS_H

#include <stdbool.h>

#include "world.h"

#define ORDER_MAX_BYTES 1024 /* of one order */
#define ORDER_MAX_ERROR 256  /* a sentence, with its NUL */

/* Obeys one order. False, and a sentence in error, if it cannot be. */
bool order_obey(struct world *world, const char *line,
                char error[ORDER_MAX_ERROR]);

#endif
