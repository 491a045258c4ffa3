/*
 * log_facts.h - what the checker of logs remembers: shared by the files that
 * take it in (logs.c, claims.c, answers.c, machine.c,
 * durable.c). See logs.h.
 */
#ifndef CONCLAVE_LOG_FACTS_H
#define CONCLAVE_LOG_FACTS_H

#include "../net/message.h"
#include "calls.h"
#include "fact.h"
#include "logs.h"
#include "verdict.h"

#define APPEND_HEAD_BYTES 40  /* of AppendEntries, before its entries */
#define LEADS_MAX         256 /* leaderships remembered; a power of two */
#define LOOK_BACK         16 /* later terms searched when a commit is learned */
#define UNSYNCED_MAX      4096 /* of a node, waiting for a sync */
#define ASKED_MAX         16 /* votes asked of a node in this life, remembered */

/* A term that was led, by a node that is judged. */
struct lead {
    uint64_t term;                         /* which; 0: none yet */
    int place;                             /* by whom */
    uint64_t commit;                       /* highest leader_commit announced */
    uint64_t low;                          /* lowest index claimed */
    uint64_t high;                         /* highest index claimed */
    uint64_t old_top;                      /* highest one of an earlier term */
    uint64_t heard[CHECK_MAX_NODES];       /* match that was delivered to it */
    uint64_t acked[CHECK_MAX_NODES];       /* match that was sent to it */
    uint64_t acked_frame[CHECK_MAX_NODES]; /* in which frame */
};

/* What goes with a call (calls.h): one of AppendEntries or InstallSnapshot. */
struct post {
    uint64_t commit;       /* what its receiver knows to be committed by it */
    uint64_t prev;         /* the entry before those that it carries */
    uint64_t last;         /* the last of them; of a snapshot: its end */
    uint64_t next_offset;  /* of a snapshot: what accepting it answers */
    uint64_t match;        /* in an answer under way; 0: none */
    uint64_t acked_before; /* what its receiver had confirmed before it came */
    bool is_snapshot;      /* InstallSnapshot */
    bool is_done;          /* its last chunk */
    bool is_whole;         /* its last chunk, and not an empty one */
    bool is_remembered;    /* its answer may be an earlier one's */
    bool is_delivered;     /* it was handed over */
};

/* Something that reached a node in this life and waits for a sync. */
struct unsynced {
    uint64_t index;   /* of the entry, or of the snapshot's last */
    uint64_t term;    /* its term */
    uint64_t issued;  /* syncs issued before it came */
    bool is_snapshot; /* a snapshot's last chunk */
};

/* A vote that a node was asked for in this life. */
struct asked {
    uint64_t term;   /* in which term */
    int candidate;   /* by whom: a place */
    uint64_t issued; /* syncs issued before it came */
};

/* A node, in its place. */
struct log_node {
    int id;               /* its id */
    bool is_judged;       /* a start of it has been noted */
    uint64_t known;       /* highest commit index that it can have heard of */
    uint64_t led;         /* the latest term that it led; 0: none */
    uint64_t given_index; /* last entry of the log that it was given */
    uint64_t given_last;  /* its term */
    uint64_t applied;     /* by its machine, in this life */
    uint64_t floor;       /* a snapshot that it may have covers all up to it */
    uint64_t issued;      /* syncs issued in this life */
    uint64_t synced;      /* the latest of them that has ended well */
    uint64_t vote_term;   /* highest term of a vote it was asked for */
    uint64_t vote_past;   /* the same, in earlier lives */
    struct unsynced *unsynced;     /* by arrival; made when it is needed */
    size_t unsynced_count;         /* how many */
    struct asked asked[ASKED_MAX]; /* a ring */
    uint64_t asked_count;          /* put in so far */
};

struct logs {
    struct log_node nodes[CHECK_MAX_NODES]; /* by place */
    int count;                              /* nodes */
    bool is_on;                             /* settings were noted */
    bool has_disks;         /* syncs are told: the simulated world */
    bool is_foreign;        /* a seat has led */
    bool is_given_odd;      /* no cluster could hold the logs given */
    struct facts given;     /* by index and term: entries of those logs */
    uint64_t given_term;    /* highest in a log given at a first start */
    uint64_t top_term;      /* highest that was led */
    struct facts entries;   /* by index and term: what they are */
    struct facts claims;    /* by index and leader's term: the entry's term */
    struct facts commits;   /* by index and 0: what is committed there */
    struct facts snapshots; /* by index and 0: their bytes */
    struct lead leads[LEADS_MAX]; /* by the term's lowest bits */
    struct calls calls;           /* AppendEntries and InstallSnapshot */
    struct post posts[CALLS_MAX]; /* by the call's slot */
    struct calls votes;           /* RequestVote, where disks are told */
    struct verdicts verdicts;     /* what was found */
};

/* Ids and numbers as printf wants them. */
#define NODE_ID(logs, place) ((logs)->nodes[place].id)
#define U(number)            ((unsigned long long)(number))

static inline uint64_t higher(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

int logs_place(const struct logs *logs, int id);

/* What is remembered of a leadership, or NULL. */
struct lead *logs_lead(struct logs *logs, uint64_t term);

/* The match index that a majority has confirmed to the leader, itself counted;
 * UINT64_MAX if it needs nobody. */
uint64_t lead_quorum(const struct logs *logs, const struct lead *lead);

/* A match index was delivered to the leader of a term. */
void lead_hears(struct logs *logs, int from, int to, uint64_t term,
                uint64_t match);

/* What a token is of: its two lowest bits. */
enum token_kind { TOKEN_REQUEST = 1, TOKEN_ANSWER, TOKEN_VOTE };

static inline uint64_t token_of(uint64_t token, enum token_kind kind)
{
    return token << 2 | kind;
}

struct post *post_of(struct logs *logs, const struct call *call);

/* Whether two entries at one index may contradict each other because the logs
 * given do. */
static inline bool is_odd(const struct logs *logs, uint64_t one, uint64_t other)
{
    return logs->is_given_odd &&
           (one <= logs->given_term || other <= logs->given_term);
}

/* ---- answers.c: what a follower's frame says ----------------------------- */

/* A reply of Raft's was read; returns its token. */
uint64_t answers_see(struct logs *logs, const struct seen_frame *seen, int from,
                     int to);

/* ---- claims.c: what a leader's frame says ------------------------------- */

void claims_see_append(struct logs *logs, const struct seen_frame *seen,
                       struct lead *lead, const struct append_request *m,
                       const uint8_t *entries, size_t len);
void claims_see_snapshot(struct logs *logs, const struct seen_frame *seen,
                         struct lead *lead, const struct snapshot_request *m);

/* The entry at index is committed by this term at the latest, as a frame (or,
 * if that is 0, an act) at this place shows. */
void claims_committed(struct logs *logs, uint64_t time_us, uint64_t frame,
                      int place, uint64_t by_term, uint64_t index,
                      uint64_t term);

/* ---- durable.c: what must be on disk ------------------------------------ */

/* A request has reached a node for the first time; or it is forgotten before
 * it has, and its entries are not to be judged. */
void durable_arrived(struct logs *logs, const struct call *call,
                     bool is_judged);
void durable_see_ask(struct logs *logs, const struct seen_frame *seen, int from,
                     uint64_t term);
void durable_asked(struct logs *logs, const struct call *call);
void durable_see_vote(struct logs *logs, const struct seen_frame *seen,
                      int from, uint64_t term);
void durable_see_match(struct logs *logs, const struct seen_frame *seen,
                       int from, uint64_t term, uint64_t match);
void durable_see_snapshot(struct logs *logs, const struct seen_frame *seen,
                          int from, const struct call *call);
void durable_started(struct log_node *node);

#endif
