/*
 * hold.h - a client command for tests: HOLD ms answers its own argument, after
 * so long.
 */
#ifndef CONCLAVE_SELFTEST_HOLD_H
#define CONCLAVE_SELFTEST_HOLD_H

/* Adds the command. */
void hold_start(void);

/* How many wait now, and how many have waited. */
int hold_waiting(void);
int hold_ended(void);

#endif
