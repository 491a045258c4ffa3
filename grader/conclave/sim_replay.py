"""One seed of an exploration once more, with all that can be seen of it; and
where two runs that should be one part ways."""

from __future__ import annotations

from typing import TYPE_CHECKING, Dict, List, Optional, Sequence, Tuple

from . import sim_words
from .record import frame_lines
from .scene import Scene
from .sim_process import Simulator
from .sim_words import Schedule
from .sim_world import SimWorld

if TYPE_CHECKING:
    from .trial import Trial

FASTEST = 1.1           # clock: SWARM_FASTEST in grader/sim/swarm.h
_AFTER_US = 1_000_000   # shown behind the last action of what does not fail
_SHOW_FRAMES = 12       # in the report of a failure
_SHOW_LINES = 8         # of each node


class Replay:
    """What was seen."""

    def __init__(self, world: SimWorld, schedule: Schedule, end_us: int):
        self.world = world
        self.schedule = schedule
        self.end_us = end_us
        self.waits = {node: world.describe(node) for node in world.nodes}

    def frames(self) -> List[str]:
        """The last ones, in words."""
        return [f"{at / 1000:8.3f}  {text}" for at, text
                in frame_lines(self.world.record.frames, _SHOW_FRAMES)]

    def logs(self, culprit: int) -> Dict[str, List[str]]:
        """What nodes said and wait for: the culprit, or all if it is -1."""
        return {str(number): node.log.last(_SHOW_LINES)
                + [f"waits: {one}" for one in self.waits[number]]
                for number, node in self.world.nodes.items()
                if culprit in (-1, number)}

    def _said(self) -> List[Tuple[int, int, str]]:
        return [(int(line.at_s * 1e6), number, line.text)
                for number, node in self.world.nodes.items()
                for line in node.log.lines()]

    def _steps(self) -> List[Tuple[int, str]]:
        return [(one.at_us, sim_words.words(one.order))
                for one in self.schedule.actions if one.at_us <= self.end_us]

    def trace(self) -> List[str]:
        """All that happened, in order."""
        record = self.world.record
        lines = [(at, f"fault   {text}") for at, text in self._steps()]
        lines += [(int(at * 1000), f"frame   {text}")
                  for at, text in frame_lines(record.frames, None)]
        lines += [(one.time_us, f"stream  {one.frm} -> {one.to} {one.what}")
                  for one in record.streams]
        lines += [(one.time_us, f"broken  {one.rule}: {one.observed}")
                  for one in record.violations]
        lines += [(at, f"node {number}  {text}")
                  for at, number, text in self._said()]
        lines += [(at, f"node {number}  {how}")
                  for at, number, how in self.world.ends]
        lines.sort(key=lambda line: line[0])
        told = [f"{at / 1e6:9.4f}  {text}" for at, text in lines]
        for number, waits in self.waits.items():
            told += [f"   at the end, node {number}: {one}" for one in waits]
        return told

    def scene(self, culprit: int) -> Scene:
        """For the timeline page."""
        return Scene(
            ids=self.world.ids, record=self.world.record, end_us=self.end_us,
            culprit=culprit if culprit >= 0 else None, is_virtual=True,
            steps=self._steps(), ends=self.world.ends, logs=self._said())


def play(what: "Trial", seed: int, schedule: Schedule, end_us: Optional[int],
         has_acts: bool = False) -> Replay:
    """Runs a seed's schedule up to a time (None: a while longer than it)."""
    sim = Simulator(what.proxy, what.binary, what.sanitized,
                    what.isolate)
    if end_us is None:
        end_us = schedule.actions[-1].at_us + _AFTER_US
    try:
        world = SimWorld(what.spec, sim, seed, lambda one: None,
                         lambda error: None, has_acts)
        world.prepare(schedule.ids, schedule.config)
        world.order("note", "*", "raft", schedule.number("heartbeat_ms"),
                    schedule.number("election_min_ms"),
                    schedule.number("election_max_ms"), FASTEST)
        for node, terms in schedule.logs().items():
            world.order("note", node, "log", terms)
        for action in schedule.actions:
            if action.at_us <= end_us:
                _pass_until(sim, action.at_us)
                _note_starts(world, action.order)
                world.order(action.order)
        _pass_until(sim, end_us)
        return Replay(world, schedule, end_us)
    finally:
        sim.close()


def _note_starts(world: SimWorld, order: str) -> None:
    """Tells the record whom a `start` starts: those of its nodes that are down,
    because they never ran or because their latest life has ended."""
    words = order.split()
    if words[0] != "start":
        return
    notes = world.record.notes
    for node in world.ids:
        lives = sum(1 for _, one, text in notes
                    if one == str(node) and text.startswith("start"))
        is_down = lives <= sum(1 for _, one, _ in world.ends if one == node)
        if is_down and words[1] in ("*", str(node)):
            world.order("note", node, "start", lives + 1)


def _pass_until(sim: Simulator, until_us: int) -> None:
    while sim.now_us < until_us and not sim.has_ended:
        sim.advance(until_us)


def first_difference(one: Sequence[str], other: Sequence[str]) -> str:
    """The first act at a node's door that two runs do not share, in words."""
    at = next((at for at, pair in enumerate(zip(one, other))
               if pair[0] != pair[1]), min(len(one), len(other)))
    said = [lines[at] if at < len(lines) else "" for lines in (one, other)]
    if said == ["", ""]:
        return "two more runs did not differ"
    return (f"the first difference: {_act(said[0])} in one, {_act(said[1])} in "
            "the other. Nodes must act on nothing but their inputs: on no "
            "address, and on no memory that was never written")


def _act(line: str) -> str:
    """One act: "node 2 does stream_write (3, 120) at 0.415 s"."""
    if not line:
        return "nothing more"
    at_us, node, what, a, b, _ = (line + " -").split(" ", 5)
    return f"node {node} does {what} ({a}, {b}) at {int(at_us) / 1e6:.6f} s"
