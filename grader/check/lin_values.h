/*
 * lin_values.h - the strings of a history, each under a small number.
 *
 * Equal strings have the same number, so that comparing and remembering states
 * of the store costs nothing. APPEND makes strings from strings: these are kept
 * as pairs, not as bytes, and told apart by two 61-bit polynomial hashes, which
 * a pair's parts give at once. (Two strings of a history that agree in length
 * and in both hashes are taken for equal.)
 */
#ifndef CONCLAVE_LIN_VALUES_H
#define CONCLAVE_LIN_VALUES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VALUE_NONE 0u /* stands for no string at all: the key is absent */

struct value {
    uint64_t hash[2];   /* of its bytes */
    uint64_t power[2];  /* each hash's base to the power of the length */
    uint64_t len_bytes; /* its length */
    uint32_t left;      /* of a pair: the first part; else VALUE_NONE */
    uint32_t right;     /* of a pair: the second part */
    char *bytes;        /* if it is no pair; owned */
    bool is_integer;    /* it is a 64-bit integer as Redis writes them */
    int64_t integer;    /* that integer */
};

struct values {
    struct value *all;   /* by number; [0] is unused */
    uint32_t count;      /* numbers given, with 0 */
    uint32_t room;       /* numbers that fit */
    uint32_t *table;     /* hash index: numbers, 0 is empty */
    uint32_t table_size; /* a power of two, at least twice the count */
};

void values_init(struct values *values);
void values_free(struct values *values);

/* The number of a string; of two strings in a row; of an integer's digits. */
uint32_t values_text(struct values *values, const char *bytes, size_t len);
uint32_t values_join(struct values *values, uint32_t left, uint32_t right);
uint32_t values_integer(struct values *values, int64_t integer);

/* Copies at most `max` first bytes of a string; returns how many. */
size_t values_bytes(const struct values *values, uint32_t value, char *bytes,
                    size_t max);

/* Whether a string begins with another; none at all begins only with none, and
 * every string with none. */
bool values_begin(const struct values *values, uint32_t whole, uint32_t start);

#endif
