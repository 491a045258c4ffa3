/*
 * machine.c - see machine.h. The invariant: from the moment somebody has the
 * turn until it is given back, nobody else touches the machine.
 */
#include "machine.h"

#include "event.h"
#include "node.h"

static const struct machine *machine; /* whose state it is */
static bool is_taken;                 /* somebody has the turn */
static struct cond turn;              /* broadcast when it is given back */
static uint64_t last_index;           /* applied last, or restored */
static uint64_t last_term;            /* its term */
static uint64_t restored_index;       /* of the last snapshot restored */

void machine_start(const struct machine *registered)
{
    machine = registered;
    cond_init(&turn, "the state machine's turn");
}

uint64_t machine_index(void)
{
    return last_index;
}

int await_machine_beyond(uint64_t index)
{
    int outcome = OK;

    /* Whoever has changed the state gives back the turn. */
    while (last_index <= index && outcome == OK)
        outcome = await_cond(&turn);
    return outcome;
}

static int await_turn(void)
{
    int outcome = OK;

    while (is_taken && outcome == OK)
        outcome = await_cond(&turn);
    if (outcome == OK)
        is_taken = true;
    return outcome;
}

static void give_back_turn(void)
{
    is_taken = false;
    cond_broadcast(&turn);
}

int await_machine_apply(uint64_t index, uint64_t term, struct bytes command,
                        struct buf *result)
{
    int outcome = await_turn();

    if (outcome != OK)
        return outcome;
    if (index > restored_index) {
        node_apply(index, term, command);
        machine->await_apply(index, command, result);
        last_index = index;
        last_term = term;
    } else {
        outcome = CANCELLED;
    }
    give_back_turn();
    return outcome;
}

int await_machine_snapshot(uint64_t *index, uint64_t *term, struct buf *out)
{
    size_t before = out->len;
    int outcome = await_turn();

    if (outcome != OK)
        return outcome;
    if (last_index > 0) {
        machine->snapshot(out);
        *index = last_index;
        *term = last_term;
        node_snapshot(last_index, last_term,
                      bytes_of(out->data + before, out->len - before));
    } else {
        outcome = CANCELLED;
    }
    give_back_turn();
    return outcome;
}

int await_machine_restore(uint64_t index, uint64_t term, struct bytes state)
{
    int outcome = await_turn();

    if (outcome != OK)
        return outcome;
    if (index <= last_index)
        outcome = CANCELLED;
    else
        outcome = machine->restore(state);
    if (outcome == OK) {
        node_restore(index, term, state);
        last_index = restored_index = index;
        last_term = term;
    }
    give_back_turn();
    return outcome;
}
