/*
 * facts.h - what the election checker remembers: election.c's own state, shared
 * with the rules that read it.
 */
#ifndef CONCLAVE_FACTS_H
#define CONCLAVE_FACTS_H

#include "../net/message.h"
#include "calls.h"
#include "election.h"
#include "verdict.h"

/* A node, in its place. */
struct node_facts {
    int id;               /* its id */
    bool is_judged;       /* a start of it has been noted */
    uint64_t incarnation; /* of the latest start noted */
    uint64_t life_us;     /* when it was last noted to start or end */

    bool has_asked;          /* it has sent requests: the next five hold */
    uint64_t newest;         /* latest incarnation that sent a request */
    uint64_t newest_term;    /* lowest term of its requests */
    uint64_t newest_frame;   /* the frame that showed it */
    uint64_t newest_top;     /* highest term of its requests */
    uint64_t earlier_term;   /* highest term in requests of earlier ones */
    uint64_t granted_term;   /* highest term in granting replies */
    uint64_t granted_before; /* the same, read before the latest start */

    uint64_t log_index; /* last entry of its first log */
    uint64_t log_term;  /* its term */

    bool has_heard;       /* the next three hold */
    uint64_t heard_us;    /* delivery of the AppendEntries accepted last */
    uint64_t heard_term;  /* its term */
    uint64_t heard_frame; /* its frame */

    uint64_t unclear_term; /* its votes are not known up to this term */
};

struct election {
    struct node_facts nodes[CHECK_MAX_NODES]; /* by place */
    int count;                                /* nodes */
    bool is_on;                               /* settings were noted */
    bool has_entries;                         /* logs may change */
    uint64_t silence_us;                      /* least real silence */
    struct terms terms;                       /* what is known of each */
    struct calls votes;                       /* RequestVote */
    struct calls appends;                     /* AppendEntries */
    struct verdicts verdicts;                 /* found by the rules */
};

/*
 * The rules. Each looks at one frame that was read from a node, given by its
 * place, and reports what is wrong with it.
 */

/* The frame shows that the node votes for another (or itself) in a term. */
void rule_vote_once(struct election *check, const struct seen_frame *seen,
                    int place, int candidate, struct term_facts *facts);

/* The frame shows that the node leads in a term. */
void rule_election_safety(struct election *check, const struct seen_frame *seen,
                          int place, struct term_facts *facts);
void rule_vote_quorum(struct election *check, const struct seen_frame *seen,
                      int place, const struct term_facts *facts);

/* The frame is a request of a term. */
void rule_term_kept(struct election *check, const struct seen_frame *seen,
                    int place, uint64_t term);

/* The frame is a RequestVote. */
void rule_silence(struct election *check, const struct seen_frame *seen,
                  int place, uint64_t term);

/* The frame grants a vote that this call asked for. */
void rule_grant_term(struct election *check, const struct seen_frame *seen,
                     int place, const struct call *call,
                     const struct vote_answer *answer);
void rule_log_check(struct election *check, const struct seen_frame *seen,
                    int place, const struct call *call);

/* The frame is a request that names this sender. */
void rule_sender(struct election *check, const struct seen_frame *seen,
                 int place, uint32_t named);

/* The frame is a request on a stream that its sender did not dial. */
void rule_stream(struct election *check, const struct seen_frame *seen,
                 int place);

/* The frame does not decode. */
void rule_decodes(struct election *check, const struct seen_frame *seen,
                  int place);

#endif
