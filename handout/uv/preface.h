/*
 * preface.h - what the host of a dialler says before the first lab byte.
 *
 *      0          8         16       20       24             32
 *      +----------+---------+--------+--------+--------------+
 *      |"CNCLAVE1"| cluster | from   | to     | incarnation  |
 *      +----------+---------+--------+--------+--------------+
 *
 * See docs/protocol.md. The side that was dialled sends none.
 */
#ifndef CONCLAVE_UV_PREFACE_H
#define CONCLAVE_UV_PREFACE_H

#include <stdint.h>

#include "wire.h"

#define PREFACE_MAGIC "CNCLAVE1" /* its first eight bytes */
#define PREFACE_BYTES 32         /* all of it */

struct preface {
    uint64_t cluster;     /* the cluster's number */
    uint32_t from;        /* the node that dialled */
    uint32_t to;          /* the node that it meant */
    uint64_t incarnation; /* rises with every start of from */
};

void put_preface(struct buf *out, const struct preface *preface);

/* OK, or BAD_BYTES. */
int get_preface(struct bytes bytes, struct preface *preface);

#endif
