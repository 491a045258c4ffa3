"""Lab 2: tests and points.

Part A plays a voter's peers and part B a candidate's, frame by frame: one real
node, and the test in everybody else's place. Part C runs whole clusters and
breaks them. A verdict rests on order, counts and lower bounds in time, which
hold on a machine however busy; what must happen has a generous limit.
"""

from __future__ import annotations

from conclave import Lab

from . import tests_voter, tests_candidate, tests_cluster, tests_clocks

LAB = Lab(
    name="election", folder="2-election", title="Lab 2: Election",
    hours="8-12",
    parts={"A": "the voter: RequestVote as Figure 2 says",
           "B": "the candidate: timeouts, campaigns, winning and yielding",
           "C": "the cluster: one leader a term, whatever breaks"},
    binary="node-election", stages=["rpc", "election"])

# In the order of the parts.
FILES = (tests_voter, tests_candidate, tests_cluster, tests_clocks)
