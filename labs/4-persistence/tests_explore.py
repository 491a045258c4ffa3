"""Lab 4, part B: explorations. What is drawn and what is demanded is the
simulator's (grader/sim/swarm.h, figure8.c, trial.h); here is what it is worth.
"""

from __future__ import annotations

from conclave import exploration

from .tests_words import KEPT

HINT = ("The steps are all that it takes, and the last proposals are below "
        "them. `--replay` shows every frame, every proposal and its answer, "
        "and what each coroutine waits for.")


@exploration("Whatever breaks, disks included, what was committed stays",
             part="B", points=3, seeds=120, plan="disk",
             needs="restart_from_snapshot", rule=KEPT, hint=HINT)
def swarm():
    """Lab 3's swarm, with small files and small snapshots, so that most seeds
    compact and install; and with disks that are slow, torn, full or fail a
    sync, nodes that crash while they recover, and power that goes out
    everywhere. At chosen moments copies of the nodes start from synced bytes
    alone, in a world of their own: every commit seen so far must come back."""


@exploration("Figure 8 with crashes on unreliable links", part="B", points=2,
             seeds=200, plan="figure8-disk", needs="restart_from_snapshot",
             rule=KEPT, hint=HINT)
def figure8_swarm():
    """Leaders fall just when they have got commands and passed them on to few;
    frames are lost and doubled, crashes leave torn writes behind."""
