"""Lab 5: tests and points.

Part A asks one node for what its state machine makes of commands. From part B on
there are clusters. What their clients saw is judged after every test: some
store, asked one operation after the other, must explain it (docs/checking.md).
"""

from __future__ import annotations

from conclave import Lab

from . import (tests_state, tests_expiry, tests_writes, tests_clocks,
               tests_front, tests_text, tests_reads, tests_history,
               tests_sessions)

LAB = Lab(
    name="kv", folder="5-kv", title="Lab 5: A key-value store", hours="10-14",
    parts={"A": "the state machine: commands, versions, expiry, snapshots",
           "B": "writes go through the log",
           "C": "reads are linearizable, and cost no entry",
           "D": "sessions: at most once, whatever fails"},
    binary="node-kv",
    stages=["rpc", "election", "replication", "persistence", "kv"])

# In the order of the parts.
FILES = (tests_state, tests_expiry, tests_writes, tests_clocks, tests_front,
         tests_text, tests_reads, tests_history, tests_sessions)
