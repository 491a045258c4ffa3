/*
 * log_stories.h - the stories that log_test.c tells the checker of logs.
 *
 * As in stories.h: a script, and the one rule that it breaks, or none. Entries
 * are written TERM or TERM=TEXT (its bytes). Words of a script:
 *
 *     nodes K / seat N         anew, with K nodes / 3 with N played by the test
 *     given N TERM...          N was given a log of entries of these terms
 *     start N / end N          a life of node N begins / ends
 *     append L F T PREV PREVTERM COMMIT [ENTRY...]   L's AppendEntries to F
 *     once ...                 the same, as an operation with a sequence
 *     install L F T INDEX TERM DONE     L's InstallSnapshot to F, 4 bytes
 *     yes F L T MATCH / no F L T        F's answer to the latest of these
 *     got F L T NEXT           its answer to the latest InstallSnapshot
 *     ask C F T / grant F C T  RequestVote, and a vote
 *     deliver                  the frame sent last is handed over
 *     slow                     ... is remembered, for later:
 *     arrive                   the frame remembered is handed over
 *     sync N / synced N        N issues a sync / its latest one ends well
 *     apply N INDEX ENTRY / snap N INDEX ENTRY / restore N INDEX ENTRY
 *
 * A frame that is followed by `;` alone was lost. The cluster has nodes 1 to 3,
 * all running, unless the story says.
 */
#ifndef CONCLAVE_LOG_STORIES_H
#define CONCLAVE_LOG_STORIES_H

/* A story: what is seen, and what must be found. */
struct log_story {
    const char *name;   /* its claim */
    const char *script; /* what is seen */
    const char *rule;   /* the rule broken, or NULL */
    int node;           /* by which node */
};

/* Node 1 leads term 1 and has entry 1 on nodes 1 and 2, all of it synced. */
#define ONE_ENTRY \
    "append 1 2 1 0 0 0 1=a; deliver; sync 2; synced 2; yes 2 1 1 1; deliver;"

static const struct log_story log_stories[] = {
    /* Histories of correct nodes. */
    {"a plain commit raises nothing",
     ONE_ENTRY "apply 1 1 1=a; append 1 2 1 1 1 1; deliver; apply 2 1 1=a;"
               "append 1 3 1 0 0 1 1=a; deliver; sync 3; synced 3; yes 3 1 1 1;"
               "deliver; apply 3 1 1=a",
     NULL, 0},
    {"copies, retransmissions and overtaken frames raise nothing",
     ONE_ENTRY "append 1 2 1 1 1 0 1=b 1=c; slow; append 1 2 1 0 0 0 1=a 1=b;"
               "deliver; deliver; sync 2; synced 2; yes 2 1 1 2; arrive;"
               "sync 2; synced 2; yes 2 1 1 3; deliver; append 1 2 1 0 0 3 1=a;"
               "deliver; yes 2 1 1 1; deliver; append 1 3 1 3 1 3; deliver;"
               "no 3 1 1",
     NULL, 0},
    {"a follower may confirm only the first part of what it was sent",
     "append 1 2 1 0 0 0 1=a 1=b 1=c; deliver; sync 2; synced 2; yes 2 1 1 1;"
     "deliver; append 1 3 1 0 0 1 1=a 1=b; deliver",
     NULL, 0},
    {"an uncommitted entry gives way to that of a later leader",
     "append 1 2 1 0 0 0 1=a; end 1; append 3 2 2 0 0 0 2=b; deliver; sync 2;"
     "synced 2; yes 2 3 2 1; deliver; append 3 2 2 1 2 1; deliver;"
     "apply 2 1 2=b; start 1; append 3 1 2 0 0 1 2=b; deliver; sync 1;"
     "synced 1; yes 1 3 2 1; apply 1 1 2=b",
     NULL, 0},
    {"an old leader's frames, read and delivered late, accuse nobody",
     "append 1 2 1 0 0 0 1=x; slow; append 3 2 2 0 0 0 2=b; deliver; sync 2;"
     "synced 2; yes 2 3 2 1; deliver; arrive; append 3 2 2 1 2 1; deliver;"
     "yes 2 3 2 1; append 3 2 2 0 0 1 2=b; deliver; yes 2 3 2 1;"
     "append 1 3 1 0 0 0 1=x",
     NULL, 0},
    {"a leader elected anew sends again what its followers hold already",
     ONE_ENTRY "end 2; start 2; append 3 2 2 0 0 0 1=a 2=; deliver; sync 2;"
               "synced 2; yes 2 3 2 2; deliver; append 3 2 2 2 2 2",
     NULL, 0},
    {"a deposed leader is sent back its own entries and need not sync them",
     ONE_ENTRY "append 2 1 2 0 0 0 1=a; deliver; yes 1 2 2 1", NULL, 0},
    {"a new leader announces what the one before told it",
     ONE_ENTRY "append 1 2 1 1 1 1; deliver; end 1; append 2 3 2 1 1 1", NULL,
     0},
    {"a leader elected anew knows what it counted before, announced or not",
     ONE_ENTRY "append 3 1 2 0 0 0 1=a; deliver; append 1 2 3 1 1 1", NULL, 0},
    {"older entries are committed through one of the leader's term",
     "append 3 2 2 0 0 0 1=a 2=; deliver; sync 2; synced 2; yes 2 3 2 2;"
     "deliver; append 3 1 2 2 2 2",
     NULL, 0},
    {"a restarted node applies from the first entry again",
     ONE_ENTRY "apply 1 1 1=a; append 1 2 1 1 1 1; deliver; end 1; start 1;"
               "append 2 1 2 1 1 1; deliver; apply 1 1 1=a",
     NULL, 0},
    {"a node starts from its snapshot and goes on after it",
     ONE_ENTRY "append 1 2 1 1 1 1; deliver; apply 2 1 1=a; snap 2 1 1=s;"
               "end 2; start 2; restore 2 1 1=s; append 1 2 1 1 1 1 1=b;"
               "deliver; sync 2; synced 2; yes 2 1 1 2; deliver;"
               "append 1 2 1 2 1 2; deliver; apply 2 2 1=b",
     NULL, 0},
    {"a snapshot is sent, synced, accepted and restored",
     ONE_ENTRY "apply 1 1 1=a; snap 1 1 1=s; install 1 3 1 1 1 1; deliver;"
               "sync 3; synced 3; got 3 1 1 4; deliver; restore 3 1 1=s;"
               "append 1 3 1 1 1 1 1=b; deliver; sync 3; synced 3; yes 3 1 1 2;"
               "deliver; apply 1 2 1=b; append 1 3 1 2 1 2; deliver;"
               "apply 3 2 1=b",
     NULL, 0},
    {"entries that a snapshot covers may come late and need no sync",
     "append 1 2 1 0 0 0 1=a 1=b; slow; append 1 3 1 0 0 0 1=a 1=b; deliver;"
     "sync 3; synced 3; yes 3 1 1 2; deliver; apply 1 1 1=a; apply 1 2 1=b;"
     "snap 1 2 1=s; install 1 2 1 2 1 1; deliver; sync 2; synced 2; got 2 1 1 "
     "4; deliver; arrive; append 1 2 1 0 0 2 1=a 1=b; deliver; yes 2 1 1 2",
     NULL, 0},
    {"a sync in flight when a second entry comes covers the first",
     "append 1 2 1 0 0 0 1=a; deliver; sync 2; append 1 2 1 1 1 0 1=b; deliver;"
     "synced 2; yes 2 1 1 1",
     NULL, 0},
    {"what came in an earlier life may be durable already",
     "append 1 2 1 0 0 0 1=a; deliver; end 2; start 2; append 1 2 1 0 0 0 1=a;"
     "deliver; yes 2 1 1 1",
     NULL, 0},
    {"a vote that was asked for in an earlier life may be durable",
     "sync 3; synced 3; ask 3 2 5; deliver; end 2; start 2; ask 3 2 5; deliver;"
     "grant 2 3 5",
     NULL, 0},
    {"a refusal of a heartbeat that came before what it needs",
     "append 1 2 1 1 1 0; deliver; append 1 2 1 0 0 0 1=a; deliver; sync 2;"
     "synced 2; yes 2 1 1 1; append 1 2 1 2 1 0; deliver; no 2 1 1",
     NULL, 0},
    {"a refusal below what may have gone into a snapshot",
     ONE_ENTRY "append 1 2 1 1 1 1; deliver; append 1 2 1 1 1 1; deliver;"
               "no 2 1 1",
     NULL, 0},
    {"a remembered answer to a call with a sequence",
     ONE_ENTRY "once 1 2 1 1 1 0; deliver; no 2 1 1", NULL, 0},
    {"entries of given logs may differ",
     "given 1 3; append 1 2 4 0 0 0 3=a; append 3 2 5 0 0 0 3=b", NULL, 0},
    {"a seat may claim and announce what it likes",
     "seat 3; append 3 1 1 0 0 9 1=a; deliver; append 3 2 1 0 0 9 1=b;"
     "deliver;"
     "apply 1 1 1=a; apply 2 1 1=b; append 1 2 2 0 0 9 1=a;"
     "append 2 1 3 0 0 0 1=b",
     NULL, 0},
    {"a single node commits alone", "nodes 1; apply 1 1 1=a", NULL, 0},

    {"given logs that no cluster could hold may be committed as they are",
     "given 1 1 2; given 2 2 2; given 3 2 2;"
     "append 1 2 3 0 0 0 1=a 2=b 3=; deliver; sync 2; synced 2; yes 2 1 3 3;"
     "deliver; append 1 3 3 2 2 3 3=; deliver; apply 1 1 1=a; apply 3 1 2=c",
     NULL, 0},

    /* Broken rules. */
    {"state-machine-safety: given logs are judged if a cluster can hold them",
     "given 1 1 2; given 2 1; given 3 2;"
     "append 1 2 3 0 0 0 1=a 2=b 3=; deliver; sync 2; synced 2; yes 2 1 3 3;"
     "deliver; append 1 3 3 2 2 3 3=; deliver; apply 1 1 1=a; apply 3 1 2=c",
     "state-machine-safety", 3},
    {"leader-append-only: an entry replaced within a term",
     "append 1 2 2 0 0 0 1=a; append 1 3 2 0 0 0 2=b", "leader-append-only", 1},
    {"leader-append-only: a heartbeat that names another term",
     "append 1 2 2 0 0 0 1=a 2=b; append 1 3 2 1 2 0", "leader-append-only", 1},
    {"log-matching: other bytes",
     "append 1 2 1 0 0 0 1=a; append 3 2 2 0 0 0 1=b", "log-matching", 3},
    {"log-matching: another entry before it",
     "append 1 2 3 0 0 0 1=a 3=b; append 3 2 4 1 2 0 3=b", "log-matching", 3},
    {"leader-completeness: a committed entry is missing",
     ONE_ENTRY "append 1 3 1 1 1 1; append 3 2 2 0 0 0 2=b",
     "leader-completeness", 3},
    {"leader-completeness: found from a commit that is read late",
     ONE_ENTRY "append 3 2 2 0 0 0 2=b; append 1 3 1 1 1 1",
     "leader-completeness", 3},
    {"leader-completeness: an applied entry is missing",
     ONE_ENTRY "apply 1 1 1=a; append 3 2 2 0 0 0 2=b", "leader-completeness",
     3},
    {"commit-quorum: announced before anybody has confirmed",
     "append 1 2 1 0 0 0 1=a; deliver; append 1 3 1 1 1 1", "commit-quorum", 1},
    {"commit-quorum: a confirmation that was lost does not count",
     "append 1 2 1 0 0 0 1=a; deliver; sync 2; synced 2; yes 2 1 1 1;"
     "append 1 3 1 1 1 1",
     "commit-quorum", 1},
    {"commit-quorum: what was sent counts, not what was confirmed",
     "append 1 2 1 0 0 0 1=a 1=b; deliver; sync 2; synced 2; yes 2 1 1 1;"
     "deliver; append 1 3 1 0 0 2 1=a 1=b",
     "commit-quorum", 1},
    {"commit-quorum: one of four is no majority of five",
     "nodes 5;" ONE_ENTRY "append 1 3 1 1 1 1", "commit-quorum", 1},
    {"commit-own-term: Figure 8, an entry of an earlier term is counted",
     "append 1 2 4 0 0 0 2=a; deliver; sync 2; synced 2; yes 2 1 4 1; deliver;"
     "append 1 2 4 1 2 1",
     "commit-own-term", 1},
    {"match-kept: a follower refuses what it had confirmed",
     ONE_ENTRY "end 2; start 2; append 1 2 1 1 1 0; deliver; no 2 1 1",
     "match-kept", 2},
    {"state-machine-safety: two entries at one index",
     ONE_ENTRY "apply 1 1 1=a; append 1 2 1 1 1 1; deliver; apply 2 1 1=b",
     "state-machine-safety", 2},
    {"state-machine-safety: another entry than the leader announced",
     ONE_ENTRY "append 1 3 1 1 1 1; deliver; apply 3 1 2=z",
     "state-machine-safety", 3},
    {"apply-order: an entry is applied twice",
     ONE_ENTRY "apply 1 1 1=a; apply 1 1 1=a", "apply-order", 1},
    {"apply-order: an entry is left out",
     "append 1 2 1 0 0 0 1=a 1=b; deliver; sync 2; synced 2; yes 2 1 1 2;"
     "deliver; apply 1 2 1=b",
     "apply-order", 1},
    {"apply-order: a restore goes back",
     "append 1 2 1 0 0 0 1=a 1=b; deliver; sync 2; synced 2; yes 2 1 1 2;"
     "deliver; apply 1 1 1=a; apply 1 2 1=b; restore 1 1 1=s",
     "apply-order", 1},
    {"apply-committed: a follower applies what it was only sent",
     "append 1 2 1 0 0 0 1=a; deliver; apply 2 1 1=a", "apply-committed", 2},
    {"apply-committed: a leader applies what it only appended",
     "append 1 2 1 0 0 0 1=a; deliver; apply 1 1 1=a", "apply-committed", 1},
    {"snapshot-equal: two states after one entry",
     ONE_ENTRY "append 1 2 1 1 1 1; deliver; apply 1 1 1=a; apply 2 1 1=a;"
               "snap 1 1 1=s; snap 2 1 1=t",
     "snapshot-equal", 2},
    {"snapshot-equal: what is restored is not what was taken",
     ONE_ENTRY "apply 1 1 1=a; snap 1 1 1=s; install 1 3 1 1 1 1; deliver;"
               "sync 3; synced 3; got 3 1 1 4; restore 3 1 1=t",
     "snapshot-equal", 3},
    {"durable: confirmed without a sync",
     "append 1 2 1 0 0 0 1=a; deliver; yes 2 1 1 1", "durable", 2},
    {"durable: the sync was issued before the entry came",
     "sync 2; append 1 2 1 0 0 0 1=a; deliver; synced 2; yes 2 1 1 1",
     "durable", 2},
    {"durable: the sync has not ended",
     "append 1 2 1 0 0 0 1=a; deliver; sync 2; yes 2 1 1 1", "durable", 2},
    {"durable: a heartbeat's answer covers what is not synced",
     "append 1 2 1 0 0 0 1=a; deliver; append 1 2 1 1 1 0; deliver; yes 2 1 1 "
     "1",
     "durable", 2},
    {"durable: a vote without a sync",
     "sync 3; synced 3; ask 3 2 5; deliver; grant 2 3 5", "durable", 2},
    {"durable: a candidate without a sync", "ask 3 2 5", "durable", 3},
    {"durable: a snapshot accepted without a sync",
     ONE_ENTRY "apply 1 1 1=a; install 1 3 1 1 1 1; deliver; got 3 1 1 4",
     "durable", 3},
};

#endif
