/*
 * session.c - Lab 5, part D: see session.h.
 *
 * For each session the last request done and its answer: a client sends its
 * requests one after another, so an older one will not come again.
 *
 *     used: the session that wrote longest ago <--> ... <--> the latest
 *
 * A snapshot of the table: count u32, then, in the order of used, count times
 * session u64, sequence u64, answer (length u32, bytes).
 */
#include "session.h"

#include <stdlib.h>

#include "map.h"
#include "node.h"

/* What is known of one client. */
struct session {
    struct map_node node; /* in sessions */
    uint64_t number;      /* its own, never given twice */
    uint64_t sequence;    /* its last request that was done; 0: none */
    struct buf answer;    /* of that request */
    struct list used;     /* its place in used */
};

static struct map sessions; /* all, by number */
static struct list used;    /* all; who wrote longest ago is first */

void session_start(void)
{
    map_init(&sessions, node_random());
    list_init(&used);
}

static struct bytes key_of(const uint64_t *number)
{
    return bytes_of(number, sizeof *number);
}

static struct session *find(uint64_t number)
{
    struct map_node *node = map_find(&sessions, key_of(&number));

    return node ? list_entry(node, struct session, node) : NULL;
}

static struct session *add(uint64_t number)
{
    struct session *session = calloc(1, sizeof *session);

    if (!session)
        node_fatal("out of memory for a session");
    session->number = number;
    map_add(&sessions, &session->node, key_of(&session->number));
    list_add(&used, &session->used);
    return session;
}

static void forget(struct session *session)
{
    map_remove(&sessions, &session->node);
    list_remove(&session->used);
    buf_free(&session->answer);
    free(session);
}

void session_open(uint64_t number)
{
    // BEGIN SOLUTION:
    // | /* Your code here. */
    // | (void)number;
    // | (void)add;
    // | (void)forget;
    add(number);
    if (sessions.count > node_config()->sessions_max)
        forget(list_entry(used.next, struct session, used));
    // END SOLUTION
}

enum session_verdict session_look(uint64_t number, uint64_t sequence,
                                  struct buf *answer)
{
    // BEGIN SOLUTION:
    // | /* Your code here. */
    // | (void)number;
    // | (void)sequence;
    // | (void)answer;
    // | (void)find;
    // | return SESSION_FRESH;
    const struct session *session = find(number);

    if (!session)
        return SESSION_UNKNOWN;
    if (sequence > session->sequence)
        return SESSION_FRESH;
    if (sequence < session->sequence)
        return SESSION_OLD;
    put_bytes(answer, buf_span(&session->answer));
    return SESSION_REPEATED;
    // END SOLUTION
}

void session_remember(uint64_t number, uint64_t sequence, struct bytes answer)
{
    // BEGIN SOLUTION:
    // | /* Your code here. */
    // | (void)number;
    // | (void)sequence;
    // | (void)answer;
    struct session *session = find(number);

    if (!session)
        return; /* what it did was to open ten thousand others */
    session->sequence = sequence;
    buf_clear(&session->answer);
    put_bytes(&session->answer, answer);
    list_remove(&session->used);
    list_add(&used, &session->used);
    // END SOLUTION
}

void session_snapshot(struct buf *out)
{
    // BEGIN SOLUTION:
    // | /* Your code here. */
    // | put_u32(out, 0);
    put_u32(out, (uint32_t)sessions.count);
    list_each(at, &used) {
        const struct session *session = list_entry(at, struct session, used);
        put_u64(out, session->number);
        put_u64(out, session->sequence);
        put_u32(out, (uint32_t)session->answer.len);
        put_bytes(out, buf_span(&session->answer));
    }
    // END SOLUTION
}

// BEGIN SOLUTION:
// | /* Your code here: what restore needs. */
/* Reads over the sessions of a snapshot; makes them if told to. */
static void read_sessions(struct wire_in *in, bool is_kept)
{
    uint32_t count = get_u32(in);

    for (uint32_t i = 0; i < count && !in->bad; i++) {
        uint64_t number = get_u64(in);
        uint64_t sequence = get_u64(in);
        struct bytes answer = get_bytes(in, get_u32(in));
        if (!is_kept || in->bad)
            continue;
        struct session *session = add(number);
        session->sequence = sequence;
        put_bytes(&session->answer, answer);
    }
}
// END SOLUTION

int session_restore(struct wire_in *in)
{
    // BEGIN SOLUTION:
    // | /* Your code here. */
    // | get_rest(in);
    // | return OK;
    struct wire_in look = *in;

    read_sessions(&look, false);
    if (wire_end(&look) != OK)
        return BAD_BYTES;
    while (!list_empty(&used))
        forget(list_entry(used.next, struct session, used));
    read_sessions(in, true);
    return OK;
    // END SOLUTION
}
