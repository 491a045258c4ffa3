"""Lab 1: tests and points.

The warm-up and part A up to the first echo come first; most of the rest needs
that echo. Where precision is wanted, one real node meets the test itself in
everybody else's place (a Seat), frame by frame. No verdict asks how fast
anything was: services wait at a gate that the test opens, replies come when
the test sends them, and what must happen has a generous limit.
"""

from __future__ import annotations

from conclave import Lab

from . import (tests_warmup, tests_frames, tests_calls, tests_retry,
               tests_once, tests_many)

LAB = Lab(
    name="rpc", folder="1-rpc", title="Lab 1: RPC", hours="18-26",
    parts={"warmup": "five shapes that coroutines take",
           "A": "one call: frames, replies, deadlines, cancelling",
           "B": "a call that counts once: interceptors, retries, sessions",
           "C": "many peers, and a server that lasts: groups, overload, drain"},
    binary="node-rpc", stages=["rpc"])

# In the order of the parts.
FILES = (tests_warmup, tests_frames, tests_calls, tests_retry,
         tests_once, tests_many)
