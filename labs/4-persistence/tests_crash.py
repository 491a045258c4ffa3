"""Lab 4, part A: a crash at every point of one story (grader/sim/crashes.h)."""

from __future__ import annotations

from conclave import exploration

from .tests_words import KEPT


@exploration("A crash after any write and any sync loses nothing", part="A",
             points=4, seeds=9000, plan="crashes", needs="entries_survive",
             rule=KEPT,
             hint="The first step says whose crash it is, and at which write "
                  "or sync. What had been written before it and not synced is "
                  "gone, or half of it is there: what does recovery make of "
                  "that?")
def every_crash():
    """Three nodes are given commands, take snapshots, install one at a follower
    that missed much, and change their leader. First as it is, to count every
    write, every sync that is issued and every sync that ends; then once for
    each of these with a crash exactly there, and for each write once with half
    of it left on the disk. The node starts again, and in the end all that was
    answered must be there, and new commands must commit."""
