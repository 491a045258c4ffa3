/*
 * config_check.h - whether the parts of a configuration fit together.
 */
#ifndef CONCLAVE_CONFIG_CHECK_H
#define CONCLAVE_CONFIG_CHECK_H

#include "config.h"

/* Checks what concerns the file as a whole, as config_parse says. OK, or
 * BAD_BYTES with a sentence in error. */
int config_check(const struct config *config, char error[MAX_CONFIG_ERROR]);

#endif
