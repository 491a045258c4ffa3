/*
 * drive.h - a world driven by lines of text, for tests written in Python.
 *
 * Each line on standard input is a command, answered on standard output by
 * `ok [WORDS]` or `error SENTENCE`. Besides every order of orders.h:
 *
 *     cluster SEED CONFIG   a new world; CONFIG is the text in hexadecimal
 *     connect ID resp|text  a client of a node, by that port: `ok CLIENT`
 *     send CLIENT HEX       its bytes     hangup CLIENT     it goes
 *     seat ID               the test sits in a node's place, and may
 *     dial SEAT PEER        ask for a stream: `ok STREAM`
 *     write SEAT STREAM HEX     close SEAT STREAM
 *     run UNTIL_US          lets virtual time pass until then, or until
 *                           something comes that a test may wait for (a line
 *                           of C, X, U, R or E): `ok NOW_US`, or `ok NOW_US
 *                           stuck` when nothing can happen any more
 *     describe ID           what its coroutines wait for: lines `W ID text`
 *     note ID log 1,1,2     terms of the log that a node starts with
 *     note * raft HEARTBEAT_MS MIN_MS MAX_MS RATE     switches the checker on
 *     note ID TEXT          goes into the record
 *     mark TEXT             goes into the record
 *     watch 0|1   logs 0|1   acts 0|1      which lines come
 *     leader                `ok ID TERM`: who was last seen to lead
 *     hash                  `ok HASH EVENTS UPCALLS FRAMES`
 *
 * and those of drive_disk.h.
 *
 * Before its answer a command may print lines of the record, t in virtual
 * microseconds. As the proxy's (with `watch 1`): F, D, L, S, G, M, B; always:
 *
 *     V t node rule expected | observed    an invariant is broken
 *     C t client HEX|closed                bytes for a client, or its end
 *     X t node killed|stopped|fatal|wrong|crashed TEXT   a node has ended
 *     U t seat stream peer dialled|accepted     a stream of a seat is up
 *     R t seat stream HEX                  it has bytes
 *     E t seat stream                      it is gone
 *     N t node TEXT                        advice: it called rand(), say
 *     P t node apply|snapshot|restore index term length hash HEX
 *                                          its machine did so (host.h): the
 *                                          FNV-1a and the first 64 of its bytes
 *     T t node topic term TEXT             a line of a node's log (`logs 1`)
 *     A t node what a b HEX                an act at the door (`acts 1`)
 *
 * What nodes print themselves goes to standard error. After a crash the program
 * ends with status 70, its X line printed; with nodes in processes of their own
 * (sim --isolate), it goes on.
 */
#ifndef CONCLAVE_SIM_DRIVE_H
#define CONCLAVE_SIM_DRIVE_H

#include "loader.h"

/* Obeys commands until the input ends. 0. */
int drive_run(const struct code *code);

#endif
