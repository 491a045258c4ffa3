/*
 * history_model.h - the nodes of history_test.c: they elect leaders as Raft
 * says, or with one bug.
 *
 * Time is virtual. Whatever is to happen is an event in a queue; a node acts on
 * frames that arrive and when it looks at its clock.
 */
#ifndef CONCLAVE_HISTORY_MODEL_H
#define CONCLAVE_HISTORY_MODEL_H

#include "../net/message.h"
#include "../net/queue.h"
#include "../net/rng.h"
#include "election.h"

#define NODES        5
#define SECOND_US    1000000u
#define MIN_MS       150
#define MAX_MS       300
#define HEARTBEAT_US 50000

/* What may be wrong with the nodes. */
enum bug {
    NO_BUG,
    VOTES_TWICE,      /* whoever asks gets the vote */
    FORGETS_VOTE,     /* a restart clears the vote */
    FORGETS_TERM,     /* a restart clears term and vote */
    COUNTS_OLD_VOTES, /* a reply of any election counts */
    HALF_IS_ENOUGH,   /* n/2 votes make a leader */
    IGNORES_LOGS,     /* no check of the candidate's log */
    WRONG_GRANT_TERM, /* a grant carries another term */
    DEAF,             /* heartbeats do not restart the timer */
};

/* What happens at a time. */
enum event_kind {
    READ,    /* the proxy reads a frame from its sender */
    DELIVER, /* the proxy hands it to its receiver */
    ARRIVE,  /* the receiver gets to it */
    TICK,    /* a node looks at its clock */
    KILL,    /* a node is killed, and restarted at once or later */
    START,   /* it is started */
};

struct event {
    enum event_kind kind;     /* what happens */
    int node;                 /* TICK, KILL, START: to whom */
    int from, to;             /* frames: who sent it to whom */
    int dialler;              /* who dialled the stream */
    uint64_t lives[NODES];    /* of the two when it was sent: the stream */
    enum frame_type type;     /* request or reply */
    uint16_t method;          /* VOTE or APPEND */
    uint64_t call_id;         /* unique */
    uint64_t term;            /* as it says */
    uint64_t index, log_term; /* the candidate's log */
    uint64_t asked_term;      /* replies: the request's term */
    bool yes;                 /* replies: granted, success */
    uint64_t token;           /* the checker's */
};

struct model_node {
    bool is_alive;        /* its process runs */
    uint64_t life;        /* its incarnation */
    uint64_t term;        /* durable */
    int vote;             /* durable; -1: nobody */
    char role;            /* 'f', 'c', 'l' */
    unsigned votes;       /* granted, by place */
    uint64_t deadline_us; /* of its timer */
    uint64_t beat_us;     /* of its next heartbeats */
    uint64_t busy_us;     /* it stalls until then */
    double rate;          /* of its clock */
    uint64_t index;       /* its log */
    uint64_t log_term;    /* its log */
};

struct model {
    struct election *check;                /* under test */
    struct rng rng;                        /* of all chance */
    struct queue queue;                    /* events to come */
    uint64_t now_us;                       /* the time */
    uint64_t frames;                       /* read so far */
    uint64_t calls;                        /* made so far */
    enum bug bug;                          /* what is wrong */
    int count;                             /* nodes */
    struct model_node nodes[NODES];        /* by place; the id is 1 more */
    uint64_t read_us[NODES][NODES][NODES]; /* per flow: the latest reading */
    int leaders;                           /* elected, to see progress */
};

static uint64_t chance_us(struct model *m, uint32_t range_us)
{
    return rng_below(&m->rng, range_us + 1);
}

/* Mostly short, now and then very long. */
static uint64_t lag_us(struct model *m)
{
    if (rng_chance(&m->rng, 0.02))
        return chance_us(m, SECOND_US);
    return chance_us(m, rng_chance(&m->rng, 0.1) ? 100000 : 1000);
}

static void plan(struct model *m, uint64_t at_us, const struct event *event)
{
    queue_put(&m->queue, at_us, DELIVERY_RAW, event, sizeof(*event));
}

/* ---- the nodes ------------------------------------------------------------*/

static void restart_timer(struct model *m, struct model_node *node)
{
    double timeout_us = MIN_MS * 1000.0 +
                        (double)chance_us(m, (MAX_MS - MIN_MS) * 1000);

    node->deadline_us = m->now_us + (uint64_t)(timeout_us / node->rate) + 1;
}

/* A node hands a frame to its socket; the proxy reads it when it gets to it. */
static void send(struct model *m, struct event event)
{
    uint64_t *last_us = &m->read_us[event.from][event.to][event.dialler];
    uint64_t at_us = m->now_us + lag_us(m);

    event.kind = READ;
    if (at_us < *last_us)
        at_us = *last_us; /* one stream is read in order */
    *last_us = at_us;
    plan(m, at_us, &event);
}

static void send_request(struct model *m, int from, int to, uint16_t method)
{
    const struct model_node *node = &m->nodes[from];
    struct event event = {.from = from, .to = to, .dialler = from};

    event.type = FRAME_REQUEST;
    event.method = method;
    event.call_id = ++m->calls;
    event.term = node->term;
    event.index = node->index;
    event.log_term = node->log_term;
    event.lives[from] = node->life;
    event.lives[to] = m->nodes[to].life;
    send(m, event);
}

static void send_to_all(struct model *m, int from, uint16_t method)
{
    for (int to = 0; to < m->count; to++) {
        if (to != from)
            send_request(m, from, to, method);
    }
}

static void see_term(struct model *m, struct model_node *node, uint64_t term)
{
    (void)m;
    if (term <= node->term)
        return;
    node->term = term;
    node->vote = -1;
    node->role = 'f';
}

static void become_leader_if_elected(struct model *m, int place)
{
    struct model_node *node = &m->nodes[place];
    int votes = 0;

    for (int i = 0; i < m->count; i++)
        votes += (int)(node->votes >> i & 1);
    if (m->bug == HALF_IS_ENOUGH)
        votes++;
    if (node->role != 'c' || votes <= m->count / 2)
        return;
    node->role = 'l';
    node->beat_us = m->now_us;
    m->leaders++;
}

static void campaign(struct model *m, int place)
{
    struct model_node *node = &m->nodes[place];

    node->term++;
    node->vote = place;
    node->role = 'c';
    node->votes = 1u << place;
    restart_timer(m, node);
    send_to_all(m, place, METHOD_VOTE);
    become_leader_if_elected(m, place);
}

static bool grants(const struct model *m, const struct model_node *node,
                   const struct event *ask)
{
    if (ask->term < node->term)
        return false;
    if (m->bug != VOTES_TWICE && node->vote != -1 && node->vote != ask->from)
        return false;
    if (m->bug == IGNORES_LOGS)
        return true;
    return ask->log_term > node->log_term ||
           (ask->log_term == node->log_term && ask->index >= node->index);
}

static void serve(struct model *m, int place, const struct event *ask)
{
    struct model_node *node = &m->nodes[place];
    struct event answer = *ask;

    see_term(m, node, ask->term);
    if (ask->method == METHOD_VOTE) {
        answer.yes = grants(m, node, ask);
        if (answer.yes) {
            node->vote = ask->from;
            restart_timer(m, node);
        }
    } else {
        answer.yes = ask->term == node->term;
        if (answer.yes) {
            node->role = 'f';
            if (m->bug != DEAF)
                restart_timer(m, node);
        }
    }
    answer.type = FRAME_REPLY;
    answer.asked_term = ask->term;
    answer.term = node->term;
    if (m->bug == WRONG_GRANT_TERM && answer.yes && rng_chance(&m->rng, 0.1))
        answer.term++;
    answer.from = place;
    answer.to = ask->from;
    send(m, answer);
}

static void take_answer(struct model *m, int place, const struct event *answer)
{
    struct model_node *node = &m->nodes[place];

    see_term(m, node, answer->term);
    if (answer->method != METHOD_VOTE || !answer->yes || node->role != 'c')
        return;
    if (answer->asked_term == node->term || m->bug == COUNTS_OLD_VOTES)
        node->votes |= 1u << answer->from;
    become_leader_if_elected(m, place);
}

static void tick(struct model *m, const struct event *event)
{
    struct model_node *node = &m->nodes[event->node];

    if (node->is_alive && m->now_us >= node->busy_us) {
        if (node->role != 'l' && m->now_us >= node->deadline_us)
            campaign(m, event->node);
        if (node->role == 'l' && m->now_us >= node->beat_us) {
            node->beat_us = m->now_us + HEARTBEAT_US;
            send_to_all(m, event->node, METHOD_APPEND);
        }
        if (rng_chance(&m->rng, 0.001))
            node->busy_us = m->now_us + chance_us(m, SECOND_US);
    }
    plan(m, m->now_us + 500 + chance_us(m, 1000), event);
}

static void kill_node(struct model *m, const struct event *event)
{
    struct event again = *event;

    m->nodes[event->node].is_alive = false;
    m->now_us += 1;
    election_ended(m->check, event->node + 1, m->now_us);
    again.kind = START;
    plan(m, m->now_us + chance_us(m, 500000), &again);
}

static void start_node(struct model *m, const struct event *event)
{
    struct model_node *node = &m->nodes[event->node];
    struct event again = *event;

    node->life++;
    election_started(m->check, event->node + 1, node->life, m->now_us);
    node->is_alive = true;
    node->role = 'f';
    node->busy_us = 0;
    if (m->bug == FORGETS_VOTE || m->bug == FORGETS_TERM)
        node->vote = -1;
    if (m->bug == FORGETS_TERM)
        node->term = 0;
    restart_timer(m, node);
    again.kind = KILL;
    plan(m, m->now_us + 100000 + chance_us(m, 5 * SECOND_US), &again);
}

#endif
