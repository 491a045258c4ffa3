"""Leases, an elective: tests and points.

Part A plays the peers of one voter, part B those of one leader; from part C on
there are clusters, and what their clients saw is judged after every test
(docs/checking.md).
"""

from __future__ import annotations

from conclave import Lab

from . import tests_voter, tests_leader, tests_cluster

LAB = Lab(
    name="lease", folder="6-lease", title="Elective: Leases", hours="6-9",
    parts={"A": "voters keep a promise to the leader that they hear",
           "B": "a leader counts on it, for a little less long",
           "C": "clusters: reads without a round, and still linearizable"},
    binary="node-lease",
    stages=["rpc", "election", "replication", "persistence", "kv", "lease"],
    elective=True)

# In the order of the parts.
FILES = (tests_voter, tests_leader, tests_cluster)
