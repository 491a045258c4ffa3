/*
 * replay.h - one world once more, to be looked at just before an upcall.
 *
 *     sim replay NODE.so script=FILE ...        driven by lines (drive.h)
 *     sim replay NODE.so seed=S [key=value] ... a trial (explore.h)
 *
 * It prints which upcall was the first wrong one, counted from 1,
 *
 *     FOUND wrong=N answer=N answer_us=T last=N
 *
 * wrong: the one in which an invariant broke or a node ended as it must not, 0:
 * there was none. answer: in which a node sent what the test heard last, at
 * answer_us. last: the last that was made. With
 *
 *     at=N          replay_stop_here is called before upcall N is made
 *     copies=DIR    the nodes' code is loaded from files there
 *
 * it prints nothing but what is about to happen then:
 *
 *     STOP at_us=T node=ID what=WHAT peer=ID|- data=HEX|-
 *
 * WHAT is the upcall (host.h): start, stream_up, ... peer is whom its stream
 * leads to, data the bytes that the node is about to be given.
 */
#ifndef CONCLAVE_SIM_REPLAY_H
#define CONCLAVE_SIM_REPLAY_H

#include "loader.h"

struct host;
struct upcall;

/* Does nothing: for a debugger's breakpoint. */
void replay_stop_here(const struct host *place, const struct upcall *upcall);

/* The command: an exit status. */
int replay_main(struct code *code, int argc, char **argv);

#endif
