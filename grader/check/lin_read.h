/*
 * lin_read.h - histories from text, in three formats.
 *
 * conclave (docs/checking.md), a line an operation:
 *
 *     CLIENT CALL_US RETURN_US REQUEST... => ANSWER...
 *     3 1600 1700 GETM x => 4 17
 *     2 1200 - INCRBY n 1
 *
 * porcupine-kv: EDN maps, :invoke and :ok of :get, :put and :append.
 * jepsen-register: Jepsen's log of one register, :read, :write and :cas.
 *
 * The latter two have no times: the number of the line stands for it.
 */
#ifndef CONCLAVE_LIN_READ_H
#define CONCLAVE_LIN_READ_H

#include "lin.h"

#define LIN_LINE_MAX  1000000 /* bytes in a line */
#define LIN_WORDS_MAX 1000    /* words in a line */

enum lin_format { LIN_CONCLAVE, LIN_PORCUPINE_KV, LIN_JEPSEN_REGISTER };

/* A line of the conclave format, without its end. 0 or LIN_E_*; empty lines and
 * those that begin with # say nothing. */
int lin_line(struct lin *lin, const char *line, size_t len_bytes);

/* A whole history; 0 or LIN_E_*, and then the number of the bad line. */
int lin_read(struct lin *lin, enum lin_format format, const char *text,
             size_t len_bytes, uint64_t *bad_line);

/* What a code of LIN_E_* means, in a few words. */
const char *lin_error(int code);

#endif
