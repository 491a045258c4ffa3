/*
 * witness.c - see witness.h. A command is "n17" and filler up to its length.
 */
#include "witness.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../net/alloc.h"

/* What stands at an index. */
struct fixed {
    uint64_t term;    /* 0: nothing yet */
    uint64_t command; /* its number; 0: an empty one */
    int node;         /* who applied it first */
};

/* A command that clients gave. */
struct command {
    size_t len;       /* bytes */
    uint64_t index;   /* where it stands; 0: nowhere yet */
    bool is_answered; /* a client has heard that it does */
};

struct witness {
    struct fixed *fixed;       /* by index */
    size_t room;               /* of those */
    struct command *commands;  /* by number */
    uint64_t command_count;    /* the highest number */
    size_t command_room;       /* of those */
    uint64_t at[MAX_NODES];    /* by slot: how far a machine is */
    int ids[MAX_NODES];        /* by slot: whose */
    int count;                 /* of slots */
    uint64_t highest;          /* index applied */
    uint64_t highest_answered; /* index answered */
    uint64_t answers;          /* commands answered */
    struct wrong wrong;        /* the first thing */
};

struct witness *witness_new(void)
{
    return alloc_new(sizeof(struct witness));
}

void witness_free(struct witness *witness)
{
    if (witness == NULL)
        return;
    free(witness->fixed);
    free(witness->commands);
    free(witness);
}

void witness_copy(struct witness *to, const struct witness *from)
{
    struct fixed *fixed = alloc_new((from->room + 1) * sizeof(*fixed));
    struct command *commands = alloc_new((from->command_room + 1) *
                                         sizeof(*commands));

    if (from->room > 0)
        memcpy(fixed, from->fixed, from->room * sizeof(*fixed));
    if (from->command_room > 0)
        memcpy(commands, from->commands,
               from->command_room * sizeof(*commands));
    free(to->fixed);
    free(to->commands);
    *to = *from;
    to->fixed = fixed;
    to->commands = commands;
    memset(to->at, 0, sizeof(to->at));
}

__attribute__((format(printf, 5, 6))) static void fail(
    struct witness *witness, const char *rule, int node, const char *expected,
    const char *observed, ...)
{
    struct wrong *wrong = &witness->wrong;
    va_list args;

    if (wrong->rule != NULL)
        return;
    wrong->rule = rule;
    wrong->node = node;
    snprintf(wrong->expected, sizeof(wrong->expected), "%s", expected);
    va_start(args, observed);
    vsnprintf(wrong->observed, sizeof(wrong->observed), observed, args);
    va_end(args);
}

const struct wrong *witness_wrong(const struct witness *witness)
{
    return witness->wrong.rule != NULL ? &witness->wrong : NULL;
}

/* ---- Commands ---------------------------------------------------------- */

uint64_t witness_command(struct witness *witness, size_t len)
{
    uint64_t number = ++witness->command_count;

    if (number >= witness->command_room) {
        witness->command_room = 2 * number + 64;
        witness->commands = alloc_resize(witness->commands,
                                         witness->command_room *
                                             sizeof(*witness->commands));
    }
    if (len < COMMAND_MIN_BYTES)
        len = COMMAND_MIN_BYTES;
    if (len > COMMAND_MAX_BYTES)
        len = COMMAND_MAX_BYTES;
    witness->commands[number] = (struct command){.len = len};
    return number;
}

size_t witness_len(const struct witness *witness, uint64_t number)
{
    return witness->commands[number].len;
}

void witness_bytes(const struct witness *witness, uint64_t number,
                   uint8_t *bytes)
{
    size_t len = witness->commands[number].len;
    int used = snprintf((char *)bytes, COMMAND_MIN_BYTES, "n%llu ",
                        (unsigned long long)number);

    memset(bytes + used, '.', len - (size_t)used);
}

/* The number of a command, from its bytes; false: no client gave it. */
static bool find_number(const struct witness *witness, const uint8_t *data,
                        size_t len, uint64_t *number)
{
    size_t at = 1;

    *number = 0;
    if (len == 0)
        return true;
    if (data[0] != 'n')
        return false;
    for (; at < len && data[at] >= '0' && data[at] <= '9' && at < 20; at++)
        *number = *number * 10 + (uint64_t)(data[at] - '0');
    if (at == len || data[at++] != ' ' || *number == 0 ||
        *number > witness->command_count ||
        witness->commands[*number].len != len)
        return false;
    while (at < len && data[at] == '.')
        at++;
    return at == len;
}

bool witness_is_answered(const struct witness *witness, uint64_t number)
{
    return witness->commands[number].is_answered;
}

uint64_t witness_answers(const struct witness *witness)
{
    return witness->answers;
}

/* ---- What is applied --------------------------------------------------- */

static uint64_t *at_of(struct witness *witness, int node)
{
    for (int i = 0; i < witness->count; i++)
        if (witness->ids[i] == node)
            return &witness->at[i];
    witness->ids[witness->count] = node;
    return &witness->at[witness->count++];
}

void witness_started(struct witness *witness, int node)
{
    *at_of(witness, node) = 0;
}

void witness_restored(struct witness *witness, int node, uint64_t index)
{
    *at_of(witness, node) = index;
}

uint64_t witness_at(const struct witness *witness, int node)
{
    for (int i = 0; i < witness->count; i++)
        if (witness->ids[i] == node)
            return witness->at[i];
    return 0;
}

uint64_t witness_highest(const struct witness *witness)
{
    return witness->highest;
}

uint64_t witness_highest_answered(const struct witness *witness)
{
    return witness->highest_answered;
}

static struct fixed *fixed_at(struct witness *witness, uint64_t index)
{
    if (index >= witness->room) {
        size_t room = 2 * index + 64;

        witness->fixed = alloc_resize(witness->fixed,
                                      room * sizeof(*witness->fixed));
        memset(witness->fixed + witness->room, 0,
               (room - witness->room) * sizeof(*witness->fixed));
        witness->room = room;
    }
    return &witness->fixed[index];
}

/* "command 17" or "an empty command". */
static const char *name(uint64_t number, char text[48])
{
    if (number == 0)
        return "an empty command";
    snprintf(text, 48, "command n%llu", (unsigned long long)number);
    return text;
}

/* Nothing stood there, so far. */
static void fix(struct witness *witness, int node, uint64_t index,
                struct fixed *fixed, uint64_t term, uint64_t number)
{
    struct command *command = &witness->commands[number];

    *fixed = (struct fixed){.term = term, .command = number, .node = node};
    if (index > witness->highest)
        witness->highest = index;
    if (number == 0)
        return;
    if (command->index != 0 && command->index != index)
        fail(witness, "applied-once", node,
             "a command that was proposed once takes effect once",
             "node %d applied command n%llu at index %llu; it has been "
             "applied at index %llu before",
             node, (unsigned long long)number, (unsigned long long)index,
             (unsigned long long)command->index);
    command->index = index;
}

/* A life of an applied index: another entry than before? */
static void compare(struct witness *witness, int node, uint64_t index,
                    const struct fixed *fixed, uint64_t term, uint64_t number)
{
    bool was_answered = fixed->command != 0 &&
                        witness->commands[fixed->command].is_answered;
    char here[48];
    char there[48];

    if (fixed->term == term && fixed->command == number)
        return;
    fail(witness, was_answered ? "seen-commit" : "state-machine", node,
         was_answered ? "what a client was told is committed stays where it is"
                      : "nodes that apply an entry with the same index apply "
                        "the same entry",
         "node %d applied %s of term %llu at index %llu; node %d had applied "
         "%s of term %llu there%s",
         node, name(number, here), (unsigned long long)term,
         (unsigned long long)index, fixed->node, name(fixed->command, there),
         (unsigned long long)fixed->term,
         was_answered ? ", and its client was told so" : "");
}

void witness_applied(struct witness *witness, int node, uint64_t index,
                     uint64_t term, const void *data, size_t len)
{
    struct fixed *fixed;
    uint64_t number;

    if (index == 0 || index > WITNESS_MAX_ENTRIES || term == 0) {
        fail(witness, "state-machine", node, "entries have indexes from 1",
             "node %d applied an entry of term %llu at index %llu", node,
             (unsigned long long)term, (unsigned long long)index);
        return;
    }
    if (!find_number(witness, data, len, &number)) {
        fail(witness, "invented", node,
             "only what a client proposed is ever applied",
             "node %d applied %zu bytes at index %llu that no client proposed",
             node, len, (unsigned long long)index);
        return;
    }
    *at_of(witness, node) = index;
    fixed = fixed_at(witness, index);
    if (fixed->term == 0)
        fix(witness, node, index, fixed, term, number);
    else
        compare(witness, node, index, fixed, term, number);
}

void witness_answered(struct witness *witness, int node, uint64_t number,
                      uint64_t index, uint64_t term)
{
    const struct fixed none = {0};
    const struct fixed *fixed = index < witness->room ? &witness->fixed[index]
                                                      : &none;

    if (fixed->term == term && fixed->command == number) {
        witness->answers++;
        witness->commands[number].is_answered = true;
        if (index > witness->highest_answered)
            witness->highest_answered = index;
        return;
    }
    fail(witness, "seen-commit", node,
         "PROPOSE is answered with the index and the term at which the "
         "command has been applied",
         "node %d answered [%llu, %llu] for command n%llu; %s", node,
         (unsigned long long)index, (unsigned long long)term,
         (unsigned long long)number,
         fixed->term == 0 ? "nobody has applied anything there"
                          : "something else was applied there");
}

/* ---- The ledger -------------------------------------------------------- */

void witness_ledger(const struct witness *witness, uint64_t index,
                    uint64_t *count, uint64_t *digest)
{
    *count = *digest = 0;
    for (uint64_t i = 1; i <= index && i < witness->room; i++) {
        uint64_t number = witness->fixed[i].command;
        uint8_t *bytes;
        size_t len;

        if (number == 0)
            continue;
        len = witness_len(witness, number);
        bytes = alloc_new(len);
        witness_bytes(witness, number, bytes);
        *digest ^= UINT64_C(0xcbf29ce484222325);
        for (size_t b = 0; b < len; b++)
            *digest = (*digest ^ bytes[b]) * UINT64_C(0x100000001b3);
        ++*count;
        free(bytes);
    }
}
