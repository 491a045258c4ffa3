/*
 * lin_values.c - strings under numbers. See lin_values.h.
 */
#include "lin_values.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../net/alloc.h"

#define PRIME          ((UINT64_C(1) << 61) - 1) /* hashes are modulo this */
#define INTEGER_MAX    20 /* bytes of the longest integer */
#define TABLE_AT_FIRST 64

static const uint64_t bases[2] = {UINT64_C(0x1a2b7c5d9e3f4605),
                                  UINT64_C(0x0f91b86d27c3e5a9)};

static uint64_t times(uint64_t a, uint64_t b)
{
    unsigned __int128 product = (unsigned __int128)a * b;
    uint64_t sum = (uint64_t)(product & PRIME) + (uint64_t)(product >> 61);

    return sum >= PRIME ? sum - PRIME : sum;
}

static uint64_t plus(uint64_t a, uint64_t b)
{
    return a + b >= PRIME ? a + b - PRIME : a + b;
}

static void grow_table(struct values *values)
{
    values->table_size *= 2;
    free(values->table);
    values->table = alloc_new(values->table_size * sizeof(*values->table));
    for (uint32_t i = 1; i < values->count; i++) {
        uint64_t at = values->all[i].hash[0];

        while (values->table[at & (values->table_size - 1)] != 0)
            at++;
        values->table[at & (values->table_size - 1)] = i;
    }
}

void values_init(struct values *values)
{
    *values = (struct values){
        .count = 1, .room = TABLE_AT_FIRST, .table_size = TABLE_AT_FIRST};
    values->all = alloc_new(TABLE_AT_FIRST * sizeof(*values->all));
    values->table = alloc_new(TABLE_AT_FIRST * sizeof(*values->table));
}

void values_free(struct values *values)
{
    for (uint32_t i = 1; i < values->count; i++)
        free(values->all[i].bytes);
    free(values->all);
    free(values->table);
}

/* Where a string with these hashes stands in the table, or would stand. */
static uint32_t *find(const struct values *values, const struct value *wanted)
{
    uint64_t at = wanted->hash[0];

    for (;; at++) {
        uint32_t *slot = &values->table[at & (values->table_size - 1)];
        const struct value *value = &values->all[*slot];

        if (*slot == 0 || (value->hash[0] == wanted->hash[0] &&
                           value->hash[1] == wanted->hash[1] &&
                           value->len_bytes == wanted->len_bytes))
            return slot;
    }
}

/* Whether these bytes are an integer, written the one way Redis does. */
static bool parse_integer(const char *bytes, size_t len, int64_t *integer)
{
    char text[INTEGER_MAX + 1];
    char again[INTEGER_MAX + 2];

    if (len == 0 || len > INTEGER_MAX)
        return false;
    memcpy(text, bytes, len);
    text[len] = '\0';
    *integer = strtoll(text, NULL, 10);
    snprintf(again, sizeof(again), "%" PRId64, *integer);
    return strlen(again) == len && memcmp(again, text, len) == 0;
}

static uint32_t add(struct values *values, uint32_t *slot, struct value value)
{
    uint32_t number = values->count++;
    char digits[INTEGER_MAX];

    if (values->count > values->room) {
        values->room *= 2;
        values->all = alloc_resize(values->all,
                                   values->room * sizeof(*values->all));
    }
    values->all[number] = value;
    *slot = number;
    if (value.len_bytes <= INTEGER_MAX) {
        size_t len = values_bytes(values, number, digits, sizeof(digits));
        struct value *new = &values->all[number];
        new->is_integer = parse_integer(digits, len, &new->integer);
    }
    if (values->count * 2 > values->table_size)
        grow_table(values);
    return number;
}

uint32_t values_text(struct values *values, const char *bytes, size_t len)
{
    struct value value = {.power = {1, 1}, .len_bytes = len};
    uint32_t *slot;

    for (size_t i = 0; i < len; i++) {
        for (int h = 0; h < 2; h++) {
            value.hash[h] = plus(times(value.hash[h], bases[h]),
                                 (unsigned char)bytes[i] + 1u);
            value.power[h] = times(value.power[h], bases[h]);
        }
    }
    slot = find(values, &value);
    if (*slot != 0)
        return *slot;
    value.bytes = alloc_new(len + 1);
    if (len > 0)
        memcpy(value.bytes, bytes, len);
    return add(values, slot, value);
}

uint32_t values_join(struct values *values, uint32_t left, uint32_t right)
{
    const struct value *a = &values->all[left];
    const struct value *b = &values->all[right];
    struct value value = {.left = left, .right = right};
    uint32_t *slot;

    value.len_bytes = a->len_bytes + b->len_bytes;
    for (int h = 0; h < 2; h++) {
        value.hash[h] = plus(times(a->hash[h], b->power[h]), b->hash[h]);
        value.power[h] = times(a->power[h], b->power[h]);
    }
    slot = find(values, &value);
    return *slot != 0 ? *slot : add(values, slot, value);
}

uint32_t values_integer(struct values *values, int64_t integer)
{
    char text[INTEGER_MAX + 2];
    int len = snprintf(text, sizeof(text), "%" PRId64, integer);

    return values_text(values, text, (size_t)len);
}

/*
 * A pair's first part may be a pair again, thousands deep, and its second part
 * is what one APPEND added: so from the right, by iteration along the left.
 */
size_t values_bytes(const struct values *values, uint32_t number, char *bytes,
                    size_t max)
{
    const struct value *value = &values->all[number];
    uint64_t len = value->len_bytes;

    while (value->bytes == NULL) {
        uint64_t start = values->all[value->left].len_bytes;
        if (start < max)
            values_bytes(values, value->right, bytes + start, max - start);
        value = &values->all[value->left];
    }
    memcpy(bytes, value->bytes,
           value->len_bytes < max ? value->len_bytes : max);
    return len < max ? len : max;
}

bool values_begin(const struct values *values, uint32_t whole, uint32_t start)
{
    const struct value *string = &values->all[whole];
    const struct value *value = &values->all[start];

    if (start == VALUE_NONE || start == whole)
        return true;
    if (whole == VALUE_NONE || value->len_bytes > string->len_bytes)
        return false;
    if (string->bytes == NULL)
        return true; /* not at hand */
    for (; value->bytes == NULL; value = &values->all[value->left]) {
        const struct value *end = &values->all[value->right];

        if (end->bytes != NULL &&
            memcmp(string->bytes + values->all[value->left].len_bytes,
                   end->bytes, end->len_bytes) != 0)
            return false;
    }
    return memcmp(string->bytes, value->bytes, value->len_bytes) == 0;
}
