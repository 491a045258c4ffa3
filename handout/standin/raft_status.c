/*
 * raft_status.c - what a node that holds elections says of itself (app.h), and
 * how it ends.
 */
#include "app.h"
#include "raft.h"

struct app_status app_status(void)
{
    return (struct app_status){
        .role = role_name(raft.role),
        .term = raft.current_term,
        .leader = raft.leader,
        .commit_index = raft.commit_index,
        .last_applied = raft.last_applied,
    };
}

/* Whatever a node here has promised is on its disk already. */
void await_app_drain(void)
{
}
