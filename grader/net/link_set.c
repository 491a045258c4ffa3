/*
 * link_set.c - reading a link's settings, "key=value". See link.h.
 *
 * One table says what may be set, to what, and where it goes; the sentences
 * about bad input come out of it too.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "link.h"

/* How a value is written. */
enum kind {
    PROBABILITY,    /* 0.25 */
    PROBABILITY_MS, /* 0.25,400 */
    NUMBER,         /* 40 */
    FLAG,           /* 0 or 1 */
};

/* One key. */
struct setting {
    const char *key; /* its name */
    enum kind kind;  /* how its value is written */
    size_t at;       /* offset of its field */
    size_t ms_at;    /* PROBABILITY_MS: offset of the second field */
    uint32_t limit;  /* largest number */
};

#define AT(field) offsetof(struct link_faults, field)

static const struct setting settings[] = {
    {"loss", PROBABILITY, AT(loss), 0, 0},
    {"dup", PROBABILITY, AT(dup), 0, 0},
    {"delay_ms", NUMBER, AT(delay_ms), 0, LINK_MAX_FAULT_MS},
    {"jitter_ms", NUMBER, AT(jitter_ms), 0, LINK_MAX_FAULT_MS},
    {"tail", PROBABILITY_MS, AT(tail), AT(tail_ms), LINK_MAX_FAULT_MS},
    {"reorder", PROBABILITY_MS, AT(reorder), AT(reorder_ms), LINK_MAX_FAULT_MS},
    {"cut", FLAG, AT(is_cut), 0, 0},
    {"clog", FLAG, AT(is_clogged), 0, 0},
    {"chunk", NUMBER, AT(chunk), 0, LINK_MAX_CHUNK_BYTES},
};

#define SETTINGS (sizeof(settings) / sizeof(settings[0]))

static bool read_number(const char *text, uint32_t limit, uint32_t *number)
{
    unsigned long value;
    char *end;

    if (*text < '0' || *text > '9')
        return false;
    errno = 0;
    value = strtoul(text, &end, 10);
    if (errno != 0 || *end != '\0' || value > limit)
        return false;
    *number = (uint32_t)value;
    return true;
}

/* A number from 0 to 1 that ends at the character `until`. */
static bool read_probability(const char *text, char until, double *number,
                             const char **rest)
{
    char *end;
    double value = strtod(text, &end);

    if (end == text || *end != until || !isfinite(value) || value < 0 ||
        value > 1)
        return false;
    *number = value;
    *rest = end;
    return true;
}

/* Writes the value's field or fields, or none of them. */
static bool read_value(const struct setting *setting, const char *text,
                       struct link_faults *faults)
{
    char *base = (char *)faults;
    uint32_t number = 0;
    double probability = 0;
    const char *rest;

    switch (setting->kind) {
    case PROBABILITY:
        if (!read_probability(text, '\0', &probability, &rest))
            return false;
        memcpy(base + setting->at, &probability, sizeof(probability));
        return true;
    case PROBABILITY_MS:
        if (!read_probability(text, ',', &probability, &rest) ||
            !read_number(rest + 1, setting->limit, &number))
            return false;
        memcpy(base + setting->at, &probability, sizeof(probability));
        memcpy(base + setting->ms_at, &number, sizeof(number));
        return true;
    case NUMBER:
        if (!read_number(text, setting->limit, &number))
            return false;
        memcpy(base + setting->at, &number, sizeof(number));
        return true;
    case FLAG:
        if (!read_number(text, 1, &number))
            return false;
        *(bool *)(void *)(base + setting->at) = number == 1;
        return true;
    }
    return false;
}

/* Says what a setting's value may be. */
static void explain(const struct setting *setting, const char *word,
                    char error[LINK_MAX_ERROR])
{
    switch (setting->kind) {
    case PROBABILITY:
        snprintf(error, LINK_MAX_ERROR,
                 "'%.40s': %s is a probability from 0 to 1, as in %s=0.1", word,
                 setting->key, setting->key);
        break;
    case PROBABILITY_MS:
        snprintf(error, LINK_MAX_ERROR,
                 "'%.40s': %s is a probability from 0 to 1 and a time of at "
                 "most %u ms, as in %s=0.1,200",
                 word, setting->key, (unsigned)setting->limit, setting->key);
        break;
    case NUMBER:
        snprintf(error, LINK_MAX_ERROR,
                 "'%.40s': %s is a whole number from 0 to %u", word,
                 setting->key, (unsigned)setting->limit);
        break;
    case FLAG:
        snprintf(error, LINK_MAX_ERROR, "'%.40s': %s is 0 or 1", word,
                 setting->key);
        break;
    }
}

bool link_set(struct link_faults *faults, const char *word,
              char error[LINK_MAX_ERROR])
{
    const char *equals = strchr(word, '=');
    size_t key_len = equals == NULL ? strlen(word) : (size_t)(equals - word);

    for (size_t i = 0; i < SETTINGS; i++) {
        const struct setting *setting = &settings[i];

        if (strlen(setting->key) != key_len ||
            memcmp(setting->key, word, key_len) != 0)
            continue;
        if (equals != NULL && read_value(setting, equals + 1, faults))
            return true;
        explain(setting, word, error);
        return false;
    }
    snprintf(error, LINK_MAX_ERROR,
             "'%.40s' is no setting of a link; there are loss, dup, delay_ms, "
             "jitter_ms, tail, reorder, cut, clog and chunk",
             word);
    return false;
}
