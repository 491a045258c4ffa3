/*
 * stories.h - the stories that check_test.c tells the election checker.
 *
 * Each story is a script of what the network saw, and the one rule that it
 * breaks, or none. Words of a script, one command a line or between ';':
 *
 *     nodes K / seat N         anew, with K nodes / with N played by the test
 *     settings MIN_MS RATE     judging on (stories begin with 150 1)
 *     at MS                    the time from here on
 *     start N INC / end N      a process of node N is noted
 *     process N INC            node N's requests are from now on those of that
 *                              process, as late frames are
 *     log N INDEX TERM         N's first log
 *     id X                     the call id of the next request (else unique)
 *     ask N M TERM [INDEX LOGTERM]     N's RequestVote to M
 *     grant M N TERM / refuse M N TERM the reply to the latest of these
 *     beat N M TERM [COUNT] [SEQUENCE] N's AppendEntries to M
 *     accept M N TERM / reject M N TERM
 *     snapshot N M TERM        N's InstallSnapshot to M
 *     deliver                  the frame sent last is handed over
 *     win N TERM               N asks nodes 1 to 3 and is granted all votes
 *
 * The cluster has nodes 1 to 5, all running, unless the story says.
 */
#ifndef CONCLAVE_STORIES_H
#define CONCLAVE_STORIES_H

/* A story: what is seen, and what must be found. */
struct story {
    const char *name;   /* its claim */
    const char *script; /* what is seen */
    const char *rule;   /* the rule broken, or NULL */
    int node;           /* by which node */
};

static const struct story stories[] = {
    /* Histories of correct nodes. */
    {"a plain election raises nothing",
     "ask 1 2 1; deliver; ask 1 3 1; deliver; grant 2 1 1; deliver;"
     "grant 3 1 1; deliver; beat 1 2 1; beat 1 3 1; beat 1 4 1",
     NULL, 0},
    {"a split vote and a second round raise nothing",
     "ask 1 2 1; ask 3 4 1; grant 2 1 1; deliver; grant 4 3 1; deliver;"
     "at 400; win 1 2; beat 1 5 2",
     NULL, 0},
    {"a vote granted twice to the same candidate is one vote",
     "ask 1 2 1; grant 2 1 1; grant 2 1 1; ask 1 2 1; grant 2 1 1", NULL, 0},
    {"a refusal is no vote", "ask 1 2 1; ask 3 2 1; grant 2 1 1; refuse 2 3 1",
     NULL, 0},
    {"requests read late, after a restart, belong to the former process",
     "start 1 1; win 1 4; end 1; start 1 2; process 1 2; ask 1 2 6;"
     "process 1 1; beat 1 2 4; ask 1 3 5",
     NULL, 0},
    {"a stale request after a newer one in the same process is no lost term",
     "start 1 1; ask 1 2 7; ask 1 3 6", NULL, 0},
    {"a grant read late is not held against the process of its time",
     "start 2 1; start 2 2; ask 1 2 9; grant 2 1 9; process 2 2; ask 2 3 8",
     NULL, 0},
    {"a campaign after the timeout is right",
     "win 1 1; at 100; beat 1 2 1; deliver; accept 2 1 1; at 250; ask 2 3 2",
     NULL, 0},
    {"a fast clock may campaign earlier",
     "settings 150 1.1; win 1 1; at 100; beat 1 2 1; deliver; accept 2 1 1;"
     "at 236; ask 2 3 2",
     NULL, 0},
    {"a refused heartbeat silences nobody",
     "win 1 1; at 100; beat 1 2 1; deliver; reject 2 1 2; at 110; ask 2 3 2",
     NULL, 0},
    {"a campaign begun before a newer leader was heard is read after it",
     "ask 1 3 3; grant 3 1 3; deliver; ask 1 4 3; grant 4 1 3; deliver; at 100;"
     "beat 1 2 3; deliver; accept 2 1 3; at 105; ask 2 3 2; ask 2 4 3",
     NULL, 0},
    {"a restart between heartbeat and campaign excuses",
     "start 2 1; win 1 1; at 100; beat 1 2 1; deliver; accept 2 1 1; at 110;"
     "end 2; start 2 2; process 2 2; at 120; ask 2 3 2",
     NULL, 0},
    {"an answer of the former process, read after the restart, excuses too",
     "start 2 1; win 1 1; at 100; beat 1 2 1; deliver; at 110; end 2;"
     "start 2 2; accept 2 1 1; process 2 2; at 120; ask 2 3 2",
     NULL, 0},
    {"the first delivery of a copied heartbeat counts",
     "win 1 1; at 100; beat 1 2 1; deliver; at 240; deliver; accept 2 1 1;"
     "at 260; ask 2 3 2",
     NULL, 0},
    {"a remembered answer to a call with a sequence shows no hearing",
     "win 1 1; at 100; beat 1 2 1 0 7; deliver; accept 2 1 1; at 110;"
     "ask 2 3 2",
     NULL, 0},
    {"a seat that the test plays may do as it likes",
     "seat 5; win 1 3; beat 1 4 3; beat 5 1 3; ask 5 1 3; ask 2 5 4;"
     "ask 3 5 4; grant 5 2 4; grant 5 3 4; garble 5 1; crossed 5 1 9",
     NULL, 0},
    {"a seat's votes count",
     "seat 2; ask 1 2 5; grant 2 1 5; deliver; ask 1 3 5; grant 3 1 5;"
     "deliver; beat 1 4 5",
     NULL, 0},
    {"log check: a longer log of the same term, or a later term, will do",
     "log 2 3 2; ask 1 2 5 3 2; grant 2 1 5; ask 3 2 6 4 2; grant 2 3 6;"
     "ask 1 2 7 1 3; grant 2 1 7",
     NULL, 0},
    {"log check: not judged once entries are sent",
     "log 5 3 2; win 1 4; beat 1 3 4 2; ask 3 5 5 1 1; grant 5 3 5", NULL, 0},
    {"log check: not judged once a snapshot is sent",
     "log 5 3 2; win 1 4; snapshot 1 3 4; ask 3 5 5 1 1; grant 5 3 5", NULL, 0},
    {"a reply to a call id used twice shows nothing",
     "id 8; ask 1 2 5; grant 2 1 5; id 8; ask 1 2 6; grant 2 1 6;"
     "ask 3 2 6; grant 2 3 6; beat 1 2 6",
     NULL, 0},
    {"alone in the cluster, a node elects itself", "nodes 1; beat 1 1 1", NULL,
     0},
    {"nothing is judged before the settings are noted",
     "nosettings; beat 1 2 1; beat 2 1 1", NULL, 0},

    /* Histories of nodes that are wrong. */
    {"two leaders in one term", "win 1 5; beat 1 2 5; win 2 5; beat 2 3 5",
     "vote-once", 2},
    {"two leaders in one term, known by their frames only",
     "id 8; ask 1 4 5; id 8; ask 1 4 5; id 9; ask 2 4 5; id 9; ask 2 4 5;"
     "beat 1 3 5; beat 2 3 5",
     "election-safety", 2},
    {"a snapshot shows a leader, too",
     "id 8; ask 1 4 5; id 8; ask 1 4 5; id 9; ask 2 4 5; id 9; ask 2 4 5;"
     "snapshot 2 3 5; beat 1 3 5",
     "election-safety", 1},
    {"two votes in one term", "ask 1 2 5; grant 2 1 5; ask 3 2 5; grant 2 3 5",
     "vote-once", 2},
    {"two votes in one term, across a restart",
     "start 2 1; ask 1 2 5; grant 2 1 5; end 2; start 2 2; ask 3 2 5;"
     "grant 2 3 5",
     "vote-once", 2},
    {"a vote for another and a candidacy in one term",
     "ask 1 2 5; grant 2 1 5; ask 2 3 5", "vote-once", 2},
    {"a candidacy, and then a vote for another in the term",
     "ask 2 3 5; ask 1 2 5; grant 2 1 5", "vote-once", 2},
    {"a leader without votes", "ask 1 2 5; beat 1 2 5", "vote-quorum", 1},
    {"a vote that never arrived makes no leader",
     "ask 1 2 5; grant 2 1 5; deliver; ask 1 3 5; grant 3 1 5; beat 1 2 5",
     "vote-quorum", 1},
    {"a vote that arrived twice counts once",
     "ask 1 2 5; grant 2 1 5; deliver; deliver; grant 2 1 5; deliver;"
     "beat 1 2 5",
     "vote-quorum", 1},
    {"votes of an earlier election make no leader",
     "ask 1 2 5; ask 1 3 5; grant 2 1 5; deliver; ask 1 2 6; grant 3 1 5;"
     "deliver; beat 1 2 6",
     "vote-quorum", 1},
    {"half of an even cluster is no majority",
     "nodes 4; ask 1 2 5; grant 2 1 5; deliver; beat 1 3 5", "vote-quorum", 1},
    {"one of two is no majority", "nodes 2; ask 1 2 5; beat 1 2 5",
     "vote-quorum", 1},
    {"a term forgotten over a restart",
     "start 1 1; ask 1 2 7; end 1; start 1 2; process 1 2; ask 1 3 6",
     "term-kept", 1},
    {"a term forgotten, the earlier process's request read later",
     "start 1 1; start 1 2; process 1 2; ask 1 3 6; process 1 1; ask 1 2 7",
     "term-kept", 1},
    {"a granted term forgotten over a restart",
     "start 2 1; ask 1 2 9; grant 2 1 9; end 2; start 2 2; process 2 2;"
     "ask 2 3 8",
     "term-kept", 2},
    {"a candidate with a shorter log is elected",
     "log 2 3 2; ask 1 2 5 2 2; grant 2 1 5", "log-check", 2},
    {"a candidate with a longer log of an older term is elected",
     "log 2 3 2; ask 1 2 5 9 1; grant 2 1 5", "log-check", 2},
    {"a grant with another term", "ask 1 2 5; grant 2 1 6", "grant-term", 2},
    {"a candidate in another's name", "askas 1 2 5 3", "sender", 1},
    {"a request on another's stream", "crossed 1 2 5", "sender", 1},
    {"a request that does not decode", "garble 1 2", "decodes", 1},
    {"a campaign too soon after a heartbeat",
     "win 1 1; at 100; beat 1 2 1; deliver; accept 2 1 1; at 200; ask 2 3 2",
     "silence", 2},
    {"the allowance is small",
     "win 1 1; at 100; beat 1 2 1; deliver; accept 2 1 1; at 248; ask 2 3 2",
     "silence", 2},
    {"the same process is judged again after its restart",
     "start 2 1; end 2; start 2 2; process 2 2; win 1 1; at 100; beat 1 2 1;"
     "deliver; accept 2 1 1; at 150; ask 2 3 2",
     "silence", 2},
};

#endif
