"""One seed of an exploration once more, with all that can be seen of it; and
where two runs that should be one part ways."""

from __future__ import annotations

import pathlib
import subprocess
import tempfile
from typing import (TYPE_CHECKING, Callable, Dict, List, Optional, Sequence,
                    Tuple)

from . import process, reaper, sim_words
from .failure import GraderError
from .record import frame_lines
from .sandbox import SIM
from .scene import Operation, Scene
from .sim_process import CRASHED_STATUS, ISOLATE
from .sim_words import Schedule
from .sim_world import SimWorld
from .spec import Test

if TYPE_CHECKING:
    from .trial import Trial

MAX_TOLD_BYTES = 256 << 20  # of one trial
_SHOW_FRAMES = 12       # in the report of a failure
_SHOW_LINES = 8         # of each node
_SHOW_ASKED = 8         # proposals


class Replay:
    """What was seen."""

    def __init__(self, world: SimWorld, schedule: Schedule, end_us: int,
                 told: "Told"):
        self.world = world
        self.schedule = schedule
        self.end_us = end_us
        self.waits = {node: told.waits.get(node, []) for node in world.nodes}
        self.operations = list(told.asked.values())

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

    def asked(self) -> List[str]:
        """What clients proposed last, and what they were answered, in words."""
        shown = self.operations[-_SHOW_ASKED:]
        return [_timed(one.began_us, f"a client proposes to node {one.node}: "
                       f"{one.text}{_answer(one)}") for one in shown]

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
        lines += [(one.began_us, f"client  to node {one.node}: {one.text}"
                   f"{_answer(one)}") for one in self.operations]
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
            steps=self._steps(), ends=self.world.ends, logs=self._said(),
            operations=self.operations)


def _timed(at_us: int, text: str) -> str:
    return f"{at_us / 1e6:8.3f} s  {text}"


def _answer(one: Operation) -> str:
    """What became of a proposal."""
    if one.ended_us is None:
        return ": not answered"
    return f": {one.reply} at {one.ended_us / 1e6:.3f} s"


class Told:
    """What `sim tell` says of a trial, in place of a simulator that is driven:
    it takes no orders."""

    def __init__(self) -> None:
        self.now_us = 0
        self.hear: Callable[[str], None] = lambda line: None
        self.on_fault: Callable[[BaseException], None] = lambda error: None
        self.waits: Dict[int, List[str]] = {}
        self.asked: Dict[str, Operation] = {}   # proposals, by number

    def ask(self, *words: object) -> List[str]:
        return []

    def take(self, line: str) -> None:
        """One line."""
        kind, _, rest = line.partition(" ")
        if kind == "W":
            node, _, text = rest.partition(" ")
            self.waits.setdefault(int(node), []).append(text)
        elif kind == "Q":
            at, number, node, text = rest.split(" ", 3)
            self.asked[f"{number} {at}"] = Operation(int(node), text, int(at))
        elif kind == "Y":
            at, number, text = rest.split(" ", 2)
            self._answered(number, int(at), text)
        elif kind == "ended":
            self.now_us = int(rest)
        elif kind != "C":
            self.hear(line)

    def _answered(self, number: str, at_us: int, text: str) -> None:
        """The latest of a command's proposals has been answered."""
        for name, one in reversed(list(self.asked.items())):
            if name.split(" ")[0] == number and one.ended_us is None:
                one.ended_us, one.reply = at_us, text
                return


def play(what: "Trial", seed: int, schedule: Schedule, end_us: Optional[int],
         has_acts: bool = False) -> Replay:
    """Runs a seed's schedule up to a time (None: to the trial's end)."""
    told = Told()
    world = SimWorld(what.spec, told, seed,     # type: ignore[arg-type]
                     lambda one: None, lambda error: None, has_acts)
    world.prepare(schedule.ids, schedule.config)
    with tempfile.NamedTemporaryFile("w", suffix=".schedule") as file:
        file.write("".join(f"{one.at_us} {one.order}\n"
                           for one in schedule.actions))
        file.flush()
        words = [str(what.proxy), *ISOLATE[not what.isolate:], "tell",
                 str(what.binary), *plan_words(what.spec), f"seed={seed}",
                 f"schedule={file.name}", f"until={end_us or 0}",
                 f"acts={int(has_acts)}"]
        schedule_file = pathlib.Path(file.name)
        what.sandbox.show(schedule_file)
        try:
            done = subprocess.run(
                what.sandbox.wrap(words, SIM, readable=[
                    what.proxy, what.binary, schedule_file]), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL, env=process.environment({}),
                preexec_fn=reaper.limit_child(what.sanitized, MAX_TOLD_BYTES))
        except OSError as error:
            raise GraderError(f"the simulator cannot be run: {error}") \
                from error
    status = what.sandbox.status(done.returncode)
    if status not in (0, CRASHED_STATUS):
        raise GraderError(f"the simulator ended with status {status} "
                          "while it told of a trial")
    for line in done.stdout.decode(errors="replace").split("\n"):
        told.take(line)
    return Replay(world, schedule, end_us or told.now_us, told)


def plan_words(spec: Test) -> List[str]:
    """The simulator's words for what an exploration tries."""
    return [f"plan={spec.plan}", f"nodes={spec.size}"]


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
