/*
 * message.c - fields in the order of docs/protocol.md. See message.h.
 */
#include "message.h"

#include "le.h"

bool message_request(const uint8_t *data, size_t len,
                     struct message_request *message)
{
    struct le_in in = le_in(data, len);

    message->budget_ms = le_u32(&in);
    message->client = le_u64(&in);
    message->sequence = le_u64(&in);
    message->body = in.at;
    message->body_len = in.left;
    return !in.bad;
}

bool message_reply(const uint8_t *data, size_t len,
                   struct message_reply *message)
{
    struct le_in in = le_in(data, len);

    message->outcome = (int32_t)le_u32(&in);
    message->body = in.at;
    message->body_len = in.left;
    return !in.bad;
}

bool message_vote_request(const uint8_t *body, size_t len,
                          struct vote_request *m)
{
    struct le_in in = le_in(body, len);

    m->term = le_u64(&in);
    m->candidate = le_u32(&in);
    m->last_log_index = le_u64(&in);
    m->last_log_term = le_u64(&in);
    return le_end(&in);
}

bool message_vote_answer(const uint8_t *body, size_t len, struct vote_answer *m)
{
    struct le_in in = le_in(body, len);

    m->term = le_u64(&in);
    m->granted = le_bool(&in);
    return le_end(&in);
}

bool message_append_request(const uint8_t *body, size_t len,
                            struct append_request *m)
{
    struct le_in in = le_in(body, len);

    m->term = le_u64(&in);
    m->leader = le_u32(&in);
    m->prev_log_index = le_u64(&in);
    m->prev_log_term = le_u64(&in);
    m->leader_commit = le_u64(&in);
    m->count = le_u32(&in);
    for (uint32_t i = 0; i < m->count && !in.bad; i++) {
        le_u64(&in); /* the entry's term */
        le_skip(&in, le_u32(&in));
    }
    return le_end(&in);
}

bool message_append_answer(const uint8_t *body, size_t len,
                           struct append_answer *m)
{
    struct le_in in = le_in(body, len);

    m->term = le_u64(&in);
    m->success = le_bool(&in);
    m->match_index = le_u64(&in);
    m->conflict_index = le_u64(&in);
    m->conflict_term = le_u64(&in);
    return le_end(&in);
}

bool message_snapshot_request(const uint8_t *body, size_t len,
                              struct snapshot_request *m)
{
    struct le_in in = le_in(body, len);

    m->term = le_u64(&in);
    m->leader = le_u32(&in);
    m->last_included_index = le_u64(&in);
    m->last_included_term = le_u64(&in);
    m->offset = le_u64(&in);
    m->done = le_bool(&in);
    m->length = le_u32(&in);
    le_skip(&in, m->length);
    return le_end(&in);
}

bool message_snapshot_answer(const uint8_t *body, size_t len,
                             struct snapshot_answer *m)
{
    struct le_in in = le_in(body, len);

    m->term = le_u64(&in);
    m->next_offset = le_u64(&in);
    return le_end(&in);
}

const char *message_method_name(uint16_t method)
{
    switch (method) {
    case METHOD_VOTE:
        return "RequestVote";
    case METHOD_APPEND:
        return "AppendEntries";
    case METHOD_SNAPSHOT:
        return "InstallSnapshot";
    default:
        return NULL;
    }
}
