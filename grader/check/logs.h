/*
 * logs.h - the invariants of logs, commits, state machines and disks.
 *
 * What election.h is to elections, this is to what leaders send: it is told of
 * the same frames in the same way, and relies on the same three things (H1 to
 * H3 there): frames are read late and in no particular order, but a frame is
 * reported delivered before anything is read that was sent because of it. In
 * the simulated world it is also told, in the order in which they happen, what
 * nodes apply, snapshot and restore, and when their syncs are issued and end.
 *
 * A leader's AppendEntries of term T says what is in its log: the entry at
 * prev_log_index has prev_log_term, and the entries follow. That is a claim of
 * T. A term has one leader (election.h judges that) and a leader only appends,
 * so claims of T hold as long as T is led, whenever they are read, lost,
 * copied or late. Why each rule never blames a correct node:
 *
 *   leader-append-only (Figure 3; section 5.3). Two claims of T about the same
 *       index name the same term.
 *   log-matching (Figure 3; section 5.3). An entry is made once, by its term's
 *       leader, after a certain entry: so its index and term determine its
 *       bytes and the term of the entry before it, in every claim of every
 *       leader. (By induction they determine all that comes before.) Not judged
 *       for terms up to the highest one in a log that a node was given at its
 *       first start: those entries the test made.
 *   leader-completeness (Figure 3; section 5.4.3). A leader of T that has
 *       announced leader_commit N, and claims an entry at i <= N, says that
 *       this entry was committed in T or before; so does its snapshot. What was
 *       committed by T is in the log of every leader of a term above T: one
 *       that claims another entry at i lacks it. An apply act at a time when no
 *       leader above term S has been read says the same of S: the commit was
 *       learned from a leader's frame, or counted from answers to some.
 *   commit-quorum (Figure 2, Leaders, last rule). A leader's commit index is
 *       one that it knew when it was elected, or a majority's match index, its
 *       own included. It knew at most: what leaders announced in frames
 *       delivered to it, the ends of snapshots that were sent to it or that it
 *       restored, what it counted in its earlier terms. It counted at most: the
 *       highest match_index, of each follower, in successful answers of this
 *       term delivered to it. By H1 all of this was reported before its frame
 *       is read. Requests that the checker must forget count as delivered, and
 *       so do their answers: that only raises what it may have known.
 *   commit-own-term (section 5.4.2, Figure 8). By counting, it commits only
 *       entries of its own term, and others through them. If what a majority
 *       has confirmed ends with an entry that it claims is of an earlier term,
 *       counting was not enough: terms only rise along a log.
 *   match-kept (Figure 2; section 5.3). What a follower has confirmed to a
 *       leader of T stays in its log while T lasts, restarts or not. So it does
 *       not refuse, in T, a heartbeat whose previous entry it had confirmed
 *       before the heartbeat was first delivered (H1). Judged for requests
 *       without entries, which a full disk cannot be a reason to refuse, and
 *       above the highest commit index that the follower can know, since what
 *       is below may have gone into a snapshot.
 *
 * In the simulated world only, where acts and syncs are told in order:
 *
 *   state-machine-safety (Figure 3; section 5.4.3). One entry for an index:
 *       what any node applies there is what all apply, and what a leader's
 *       announcement has shown to be committed; its bytes are those in claims.
 *   apply-order (Figure 2, All Servers, rule 1). Within a life the machine
 *       starts at 0, or where a restore puts it, and each index follows the one
 *       before. A restore never puts it back.
 *   apply-committed (section 5.3). What is applied was committed as far as the
 *       node can know: as in commit-quorum.
 *   snapshot-equal (section 7). Snapshots after the same entry are the same
 *       bytes everywhere, and what is restored is one of them.
 *   durable (Figure 2, persistent state). A sync makes durable what was written
 *       before it was issued. So a successful answer of T that covers an entry
 *       must follow a sync that was issued after the entry first reached the
 *       node, and that has ended well. Not judged: entries that had reached it
 *       in an earlier life, or that it made itself as a leader; those that a
 *       snapshot covers which was sent to it, or which it took or restored;
 *       entries of a term up to that of a log given at a first start. In the
 *       same way the answer that accepts the last chunk of a snapshot follows a
 *       sync issued after that chunk came, unless it brought nothing new; a
 *       vote follows one issued after its request, unless a request for it had
 *       reached the node in an earlier life; and a candidate, which has raised
 *       its term in this life, has seen some sync of this life end.
 *
 * Not judged, because correct nodes may break them: that leader_commit never
 * falls from frame to frame, and that a follower's match_index never falls. A
 * request may be sent again as it was, or wait for a stream while a later one
 * passes it, and its answer says what it showed. That the commit index itself
 * does not fall shows in apply-order; that no match is lost, in match-kept.
 *
 * Given logs that contradict each other (logs_given) may be committed as they
 * are: then two entries at one index, one of a given term, accuse nobody.
 *
 * A seat that the test plays may claim what it likes. Its claims are not taken
 * down, its answers and announcements count as what others have heard. Once a
 * seat has led, nodes may hold what it made up: rules that compare what
 * different terms or nodes say are off from then on.
 */
#ifndef CONCLAVE_LOGS_H
#define CONCLAVE_LOGS_H

#include "election.h"

struct logs;

struct logs *logs_new(const int *ids, int count);
void logs_free(struct logs *logs);

/* Notes about the cluster, as in election.h. */
void logs_on(struct logs *logs);
void logs_started(struct logs *logs, int id);
void logs_ended(struct logs *logs, int id);

/*
 * The next entry of the log that a node is given at its first start; and, when
 * all have been told, that log's last entry. Given logs that no Raft cluster
 * could hold (the same index and term after different ones; a term in which
 * the nodes then elect a leader anew), or whose entries are not told one by
 * one, are not held against the nodes.
 */
void logs_given(struct logs *logs, int id, uint64_t term);
void logs_first_log(struct logs *logs, int id, uint64_t last_index,
                    uint64_t last_term);

/* As in election.h. */
uint64_t logs_sent(struct logs *logs, const struct seen_frame *seen);
void logs_delivered(struct logs *logs, uint64_t token);
bool logs_found(struct logs *logs, struct violation *violation);

/* ---- The simulated world's: acts at a node's door (host.h), in order ----- */

/* An entry took effect; a snapshot was taken; one replaced the state. */
enum machine_act { ACT_APPLY, ACT_SNAPSHOT, ACT_RESTORE };

struct act {
    enum machine_act kind; /* which of them */
    uint64_t time_us;      /* when */
    int node;              /* the id of the node */
    uint64_t index;        /* of the entry, or the last one covered */
    uint64_t term;         /* its term */
    const void *data;      /* the entry's bytes, or the state's */
    size_t len;            /* how many */
};

void logs_act(struct logs *logs, const struct act *act);

/* From now on syncs are told, and durable is judged. */
void logs_have_disks(struct logs *logs);

/* The node issues a sync of a file: its number, for when it has ended well. */
uint64_t logs_sync_issued(struct logs *logs, int id);
void logs_synced(struct logs *logs, int id, uint64_t number);

#endif
