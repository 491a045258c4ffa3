/*
 * leaders.c - who leads, as the frames show it: AppendEntries name a leader,
 * successful replies of its term acknowledge it.
 */
#include "../net/message.h"
#include "inside.h"

/* A place has said that it leads. */
static void saw_claim(struct host *place, const struct frame *frame)
{
    struct message_request request;
    struct append_request append;

    if (!message_request(frame->payload, frame->payload_len, &request) ||
        !message_append_request(request.body, request.body_len, &append) ||
        append.term <= place->led_term)
        return;
    place->led_term = append.term;
    place->acknowledged = 0;
}

/* A place has answered one that says that it leads. */
static void saw_answer(const struct host *from, struct host *to,
                       const struct frame *frame)
{
    struct message_reply reply;
    struct append_answer answer;

    if (message_reply(frame->payload, frame->payload_len, &reply) &&
        reply.outcome == 0 &&
        message_append_answer(reply.body, reply.body_len, &answer) &&
        answer.success && answer.term == to->led_term)
        to->acknowledged |= 1u << from->index;
}

void leaders_saw(struct world *world, const struct seen_frame *seen)
{
    struct host *from = place_of(world, seen->from);
    struct host *to = place_of(world, seen->to);

    if (seen->frame->method != METHOD_APPEND)
        return;
    if (seen->frame->type == FRAME_REQUEST)
        saw_claim(from, seen->frame);
    else if (seen->frame->type == FRAME_REPLY)
        saw_answer(from, to, seen->frame);
}

int world_leader(const struct world *world, uint64_t *term)
{
    const struct host *leader = NULL;

    for (int i = 0; i < world->count; i++) {
        const struct host *place = &world->places[i];

        if (place->led_term > (leader != NULL ? leader->led_term : 0))
            leader = place;
    }
    if (term != NULL)
        *term = leader != NULL ? leader->led_term : 0;
    return leader != NULL ? leader->id : NO_NODE;
}

int world_acknowledged(const struct world *world)
{
    const struct host *leader = place_of(world, world_leader(world, NULL));
    int count = 1; /* itself */

    if (leader == NULL || leader->state != PLACE_UP)
        return NO_NODE;
    for (int i = 0; i < world->count; i++)
        if (i != leader->index && (leader->acknowledged >> i & 1) != 0)
            count++;
    /* One that is alone needs nobody, and shows nothing. */
    return count > 1 && count > world->count / 2 ? leader->id : NO_NODE;
}

void world_forget_leaders(struct world *world)
{
    for (int i = 0; i < world->count; i++)
        world->places[i].acknowledged = 0;
}
