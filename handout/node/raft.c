/*
 * raft.c - the node's one struct raft; see raft.h.
 */
#include "raft.h"

struct raft raft;

void raft_init(uint64_t term, int voted_for)
{
    raft = (struct raft){
        .current_term = term,
        .voted_for = voted_for,
        .role = FOLLOWER,
        .leader = NO_NODE,
    };
    cond_init(&raft.changed, "a change of term, role or leader");
    cond_init(&raft.progress, "an entry to be committed or applied");
}

const char *role_name(enum role role)
{
    switch (role) {
    case FOLLOWER:
        return "follower";
    case CANDIDATE:
        return "candidate";
    case LEADER:
        return "leader";
    }
    return "none";
}
