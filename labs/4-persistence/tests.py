"""Lab 4: tests and points.

Part A is about the log: what must be durable before anything is said, a disk
that tears, flips, fills up and fails, and clusters that lose their power. Part
B is about snapshots: taken, sent frame by frame, started from. Nothing here
knows the format of a submission's files.
"""

from __future__ import annotations

from conclave import Lab

from . import (tests_log, tests_damage, tests_power, tests_crash,
               tests_faults, tests_install, tests_snapshot, tests_explore)

LAB = Lab(
    name="persistence", folder="4-persistence", title="Lab 4: Persistence",
    hours="12-16",
    parts={"A": "the log: durable before anything is said, torn, damaged, full",
           "B": "snapshots: taken, passed on, started from"},
    binary="node-persistence",
    stages=["rpc", "election", "replication", "persistence"])

# In the order of the parts.
FILES = (tests_log, tests_damage, tests_power, tests_crash, tests_install,
         tests_snapshot, tests_faults, tests_explore)
