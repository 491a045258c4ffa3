/*
 * lin_model.h - one key of the store, and what a step does to it.
 *
 * A key has a value, or none, and a version that rises with every write by an
 * amount that nobody promises. So a state says what is known of the version:
 * that it is some number, or that it is at least some number and none of a few
 * others (which failed compare-and-sets have ruled out). Such a state stands
 * for all stores that agree with it, no more and no fewer: a checker that goes
 * from state to state never has to guess versions.
 */
#ifndef CONCLAVE_LIN_MODEL_H
#define CONCLAVE_LIN_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "lin_values.h"

/* What a step does. */
enum step_kind {
    STEP_GET,    /* value or nil */
    STEP_GETM,   /* value and version, or nil */
    STEP_EXISTS, /* 1 or 0 */
    STEP_SET,    /* writes a value */
    STEP_DEL,    /* 1: it was there; or 0 */
    STEP_INCRBY, /* adds to a number (absent: 0); the sum, or an error */
    STEP_APPEND, /* writes at the end (absent: empty); the length */
    STEP_CAS,    /* writes if the version is as expected; 1 or 0 */
    STEP_CASV,   /* writes if the value is as expected; 1 or 0 */
};

/* A request to one key, and its answer. */
struct step {
    enum step_kind kind;   /* what it does */
    uint32_t key;          /* to which */
    uint32_t value;        /* that it writes or appends */
    uint32_t expected;     /* CASV: the value expected; VALUE_NONE: absent */
    int64_t number;        /* INCRBY: added; CAS: the version expected */
    uint32_t seen_value;   /* answer: the value read, the sum; or none */
    int64_t seen_number;   /* answer: 0 or 1, or the length */
    uint64_t seen_version; /* answer: the version then; 0: not told */
    bool is_refused;       /* answer: an error that says "not a number" */
};

/* What is known of a key. */
struct key_state {
    uint32_t value;   /* its value; VALUE_NONE: absent */
    uint32_t holes;   /* versions ruled out, as a string of numbers; or none */
    uint64_t version; /* its version, or the lowest that it can be */
    bool is_known;    /* it is the version */
};

/*
 * Does a step. False if it cannot be answered as it was in this state. A step
 * that `is_optional` has no answer to agree with. Versions are followed only if
 * `has_versions`; else all writes leave them at 0.
 */
bool step_apply(struct values *values, const struct step *step,
                bool is_optional, bool has_versions,
                const struct key_state *before, struct key_state *after);

/* Whether a step that was answered as it was can only have looked. */
bool step_only_looks(const struct step *step);

bool state_equal(const struct key_state *a, const struct key_state *b);

/* Whether every store that b stands for is one that a stands for. */
bool state_covers(const struct key_state *a, const struct key_state *b);

#endif
