/*
 * client_table.c - the commands that clients may give, a table for each port.
 *
 * Every request looks its command up, so this is hashed: a command lies in the
 * slot of its name's hash, or in the next free one behind it. There are four
 * slots for each command that may be added: a search ends soon, and always.
 */
#include "client_table.h"

#include "node.h"

#define SLOTS (4 * MAX_COMMANDS)
#define PORTS (PORT_TEXT + 1)

/* The commands of a port. */
struct table {
    struct client_command slots[SLOTS]; /* name NULL: free */
    int count;                          /* commands in them */
};

static struct table tables[PORTS]; /* by port */

/* FNV-1a; the letters' case (bit 5) does not count. */
static uint32_t hash_of(struct bytes name)
{
    uint32_t hash = 2166136261u;

    for (size_t i = 0; i < name.len; i++)
        hash = (hash ^ (name.data[i] | 0x20u)) * 16777619u;
    return hash ^ hash >> 16;
}

/* Where a command is, or would go. */
static struct client_command *slot_of(enum client_port port, struct bytes name)
{
    struct client_command *slots = tables[port].slots;
    uint32_t at = hash_of(name) % SLOTS;

    while (slots[at].name && !resp_is(name, slots[at].name))
        at = (at + 1) % SLOTS;
    return &slots[at];
}

void client_table_add(const struct client_command *command)
{
    struct table *table = &tables[command->port];
    struct client_command *slot = slot_of(command->port,
                                          bytes_text(command->name));

    if (slot->name)
        node_fatal("the client command '%s' is registered twice; give one of "
                   "them another name",
                   command->name);
    if (table->count == MAX_COMMANDS)
        node_fatal("there are %d client commands already, '%s' is one too "
                   "many; raise MAX_COMMANDS",
                   MAX_COMMANDS, command->name);
    *slot = *command;
    table->count++;
}

struct client_command *client_table_get(enum client_port port,
                                        struct bytes name)
{
    struct client_command *slot = slot_of(port, name);

    return slot->name ? slot : NULL;
}

const struct client_command *client_table_find(enum client_port port,
                                               struct bytes name)
{
    return client_table_get(port, name);
}

const struct client_command *client_table_next(
    enum client_port port, const struct client_command *before)
{
    const struct client_command *slots = tables[port].slots;
    size_t at = before ? (size_t)(before - slots) + 1 : 0;

    while (at < SLOTS && !slots[at].name)
        at++;
    return at < SLOTS ? &slots[at] : NULL;
}

int client_table_count(enum client_port port)
{
    return tables[port].count;
}
