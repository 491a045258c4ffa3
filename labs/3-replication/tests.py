"""Lab 3: tests and points.

Part A plays a follower's peers and part B a leader's, frame by frame: one real
node, and the test in everybody else's place. Part C runs whole clusters and
breaks them; in part D they must keep what they promised whatever happens. A
verdict rests on frames, on answers to clients and on what was applied, which
the node's host writes down; never on what a node says of itself.
"""

from __future__ import annotations

import importlib.util

from conclave import Lab

from . import (tests_follower, tests_conflicts, tests_leader, tests_commit,
               tests_traffic, tests_answers, tests_cluster, tests_churn)

LAB = Lab(
    name="replication", folder="3-replication", title="Lab 3: Replication",
    hours="14-20",
    parts={"A": "the follower: AppendEntries as Figure 2 says",
           "B": "the leader: sending, counting, committing",
           "C": "the cluster: one log, and proposers who are told the truth",
           "D": "the worst: bad networks, churn, whatever comes"},
    binary="node-replication", stages=["rpc", "election", "replication"])

# In the order of the parts.
FILES = (tests_follower, tests_conflicts, tests_leader, tests_commit,
         tests_traffic, tests_answers, tests_cluster, tests_churn)
if importlib.util.find_spec(".tests_explore", __package__ or __name__):
    from . import tests_explore
    FILES += (tests_explore,)
