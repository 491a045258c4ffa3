/*
 * lin_config.h - a configuration of the search: which operations have been
 * taken, in which order, and the state they lead to. Taking and undoing cost
 * the same whatever the length of the history.
 *
 * The operations not yet taken are two lists in order of calls: those that must
 * be taken, and the optional ones. Operations are named by their place in the
 * order of calls. A configuration's hash is the XOR of a random number for each
 * operation taken and one for each key's state: 128 bits, so that to take two
 * configurations for one is out of the question.
 */
#ifndef CONCLAVE_LIN_CONFIG_H
#define CONCLAVE_LIN_CONFIG_H

#include "lin_search.h"

#define NOBODY UINT32_MAX /* the end of a list */

struct hash {
    uint64_t a, b; /* two independent halves */
};

struct config_op {
    const struct search_item *item; /* what it is */
    struct hash hash;               /* stands for it in sets */
    uint32_t kind;                  /* optional: equal numbers do the same */
    uint32_t next, previous;        /* in its list; NOBODY at the ends */
    bool is_optional;               /* which list it is in */
    bool is_single;                 /* it has one step */
    bool only_looks;                /* it was answered, and wrote nothing */
};

struct undo {
    uint32_t slot;           /* a key that a step changed */
    struct key_state before; /* its state before */
};

struct taken {
    uint32_t op;         /* the operation taken */
    uint32_t undo_count; /* of the undo list before */
};

struct config {
    struct values *values;    /* of the history */
    const uint32_t *slots;    /* places of keys in the state */
    struct key_state *states; /* by slot */
    bool *is_growing;         /* by slot: only appended to, and read */
    struct needs *needs;      /* of answers to come (lin_needs.h), or NULL */
    uint32_t slot_count;      /* keys */
    struct config_op *ops;    /* in order of calls */
    uint32_t count;           /* of them */
    uint32_t first;           /* of the list of those that must be taken */
    uint32_t first_optional;  /* of the other list */
    uint32_t left;            /* that must still be taken */
    uint32_t optional_taken;  /* optional ones that have been taken */
    bool has_optional_multi;  /* an optional one has several steps */
    bool has_versions;        /* some step tells a version or depends on one */
    struct taken *trail;      /* what was taken, in order */
    uint32_t trail_count;     /* how many */
    struct undo *undos;       /* changes of the state, in order */
    uint32_t undo_count;      /* how many */
    uint32_t undo_room;       /* how many fit */
    struct hash hash;         /* of what is taken and of the state */
};

/* What became of an attempt to take an operation. */
enum take { TAKE_NOT, TAKE_SAME, TAKE_CHANGED };

void config_init(struct config *config, const struct search_task *task);
void config_free(struct config *config);

/*
 * Takes an operation. TAKE_NOT: its answers do not fit this state, nothing
 * happened. TAKE_SAME: it left the state as it was; with `only_same`, an
 * operation that would change what is known of it is not taken.
 */
enum take config_take(struct config *config, uint32_t op, bool only_same);

/* Undoes what was taken last until `trail_count` operations are left. */
void config_undo(struct config *config, uint32_t trail_count);

/* A number for a state of a key, and for any pair of numbers. */
struct hash config_hash_state(uint32_t slot, const struct key_state *state);

#endif
