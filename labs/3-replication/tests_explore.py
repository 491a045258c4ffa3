"""Lab 3, part D: explorations. What is drawn and what is demanded is the
simulator's (grader/sim/swarm.h, figure8.c, trial.h); here is what it is worth.
"""

from __future__ import annotations

from conclave import exploration

from .tests_words import COMPLETE, OLD_TERMS

HINT = ("The steps are all that it takes, and the last proposals are below "
        "them. `--replay` shows every frame, every proposal and its answer, "
        "and what each coroutine waits for.")


@exploration("Whatever breaks, what was committed stays and the log goes on",
             part="D", points=3, seeds=150, plan="log", needs="agreement",
             rule=COMPLETE, hint=HINT)
def swarm():
    """Three or five nodes and up to four clients, who hop between nodes, stay
    with a leader that nobody hears any more, and repeat only what was certainly
    not taken. Every seed draws which faults there are: loss, delays of up to
    three election timeouts, reordering, cuts, bridges, flapping links, leaders
    that die as they commit, crashes, pauses, drifting clocks, loss of power.
    Then all is healed: new commands must commit, every node must apply them,
    and all that clients were answered must stand where they were told."""


@exploration("Leaders that fall at the worst moment lose nothing (Figure 8)",
             part="D", points=3, seeds=250, plan="figure8", needs="agreement",
             rule=OLD_TERMS, hint=HINT)
def figure8_swarm():
    """Again and again a leader is given commands and falls, or is cut off, just
    when it has passed them on to nobody, to one or to few; just when it sends,
    or as it commits. Old leaders come back and lead again, with entries of old
    terms in their logs and old knowledge of the others."""
