"""What is known of a test that ran: all that its timeline page shows but the
verdict. Times are microseconds of the record's clock, real or virtual.

A simulator fills in a Scene itself; of_real makes one from the real world.
"""

from __future__ import annotations

import signal
from dataclasses import dataclass, field
from typing import Iterable, List, Optional, Sequence, Tuple

from .cluster import Cluster
from .place import Place
from .record import Record


@dataclass
class Operation:
    """What a client asked, and what it was told."""

    node: int
    text: str                       # the command
    began_us: int
    ended_us: Optional[int] = None  # None: it was never answered
    reply: str = ""


@dataclass
class Scene:
    """All that a page shows of one test, but its verdict."""

    ids: Sequence[int]                   # of the nodes
    record: Record                       # frames, streams, orders, notes
    seats: Sequence[int] = ()            # nodes that the test plays itself
    steps: List[Tuple[int, str]] = field(default_factory=list)
    ends: List[Tuple[int, int, str]] = field(default_factory=list)
    # ends of processes: (time_us, node, how)
    operations: List[Operation] = field(default_factory=list)
    logs: List[Tuple[int, int, str]] = field(default_factory=list)
    # lines that nodes printed: (time_us, node, text)
    end_us: int = 0                      # when the test was over
    culprit: Optional[int] = None        # the node to blame, if one is
    is_virtual: bool = False             # the clock is a simulator's


def of_real(cluster: Cluster, nodes: Iterable[Place], end_us: int,
            culprit: Optional[int]) -> Scene:
    """The scene of a trial with real processes, up to a time."""
    offset_s = cluster.proxy.offset_s

    def on_clock(at_s: float) -> int:
        return max(0, int((at_s - offset_s) * 1e6))

    scene = Scene(
        ids=cluster.ids, record=cluster.proxy.record, end_us=end_us,
        seats=[node for node in cluster.ids if node not in cluster.nodes],
        culprit=culprit,
        steps=[(int(at_ms * 1000), text)
               for at_ms, text in cluster.story.steps])
    for node in nodes:
        scene.logs += [(on_clock(line.at_s), node.id, line.text)
                       for line in node.log.lines()]
        scene.ends += [(on_clock(at_s), node.id, _ending(status))
                       for at_s, status in node.ends
                       if on_clock(at_s) <= end_us]
        scene.operations += [Operation(
            node.id, one.text, on_clock(one.began_s),
            None if one.ended_s is None else on_clock(one.ended_s), one.reply)
            for one in node.asked]
    scene.operations.sort(key=lambda one: one.began_us)
    return scene


def _ending(status: int) -> str:
    """An exit status in words."""
    if status >= 0:
        return f"ends with status {status}"
    try:
        return f"ends by {signal.Signals(-status).name}"
    except ValueError:
        return f"ends by signal {-status}"
