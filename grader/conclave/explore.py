"""An exploration: many seeds of the simulated world, a schedule of faults drawn
from each. A seed that fails is shrunk and told in words.

The simulator runs the seeds itself (grader/sim/explore.h), each batch in a
child process; here they are spread over the cores. The lowest seed that fails
is what is reported, however many others would.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import time
from dataclasses import dataclass
from typing import Dict, List, Optional

from . import process, reaper, sim_replay, sim_words, timeline, trial
from .failure import CRASHED, FAILED, PASSED, GraderError
from .record import RULES
from .results import TestResult
from .sandbox import SIM
from .sim_process import ISOLATE
from .sim_words import Schedule

ROUND_SEEDS = 500       # that one process runs before we look
CHECKED_SEEDS = 5       # run twice: do they give the same hash?
CRASHES = "crashes"     # the plan of crash points
CRASHES_STRIDE = 10000  # numbers of one story's points

_FAIL = re.compile(
    r"(?:# )?FAIL seed=(?P<seed>\d+) nodes=\d+ rule=(?P<rule>\S+) "
    r"node=(?P<node>-?\d+) at_us=(?P<at_us>\d+) event=\d+ hash=\S+ "
    r"\| (?P<expected>.*?) \| (?P<observed>.*)")
_TOTAL = re.compile(r"^explored seeds=\d+ failed=\d+ virtual_s=(\d+)",
                    re.MULTILINE)
_POINTS = re.compile(r" points=(\d+)$", re.MULTILINE)
_SEED = re.compile(r"^(?:PASS|FAIL) seed=(\d+) .*?hash=(\w+)", re.MULTILINE)
_CRASH = re.compile(r"crashed|endless loop|abort\(\)|assertion")

# Rules that only explorations know; the others are in record.py.
_RULES = {
    "progress": "a leader is elected once all is well (Raft paper, section "
                "5.2)",
    "calm": "who hears a leader does not campaign (Raft paper, section 5.2)",
    "node-ends": "a node runs until it is stopped (handout/node/host.h)",
    "commits": "what is proposed commits, and all apply it, once all is well "
               "(Raft paper, section 5.3)",
    "state": "the same entries make the same state everywhere (Raft paper, "
             "section 2)",
    "power-cut": "what is committed is on the disks of a majority (Raft paper, "
                 "Figure 2, persistent state)",
    "seen-commit": "what a client was told is committed stays (Raft paper, "
                   "section 8)",
    "state-machine": "State Machine Safety (Raft paper, Figure 3)",
    "applied-once": "a command takes effect once (Raft paper, section 8)",
    "invented": "only what clients propose is applied",
}


def first_of(plan: str, seed: int) -> int:
    """The seed that a plan begins with. Stories of crash points have few
    numbers: a long seed stands for one of them, not for a point."""
    if plan != CRASHES or 0 < seed < CRASHES_STRIDE:
        return seed
    return 1 + seed % (CRASHES_STRIDE - 1)


@dataclass(frozen=True)
class Found:
    """The first wrong event of a seed."""

    seed: int
    rule: str
    node: int        # -1: nobody's in particular
    at_us: int
    expected: str
    observed: str

    @classmethod
    def parse(cls, line: str) -> "Optional[Found]":
        found = _FAIL.match(line)
        if found is None:
            return None
        return cls(int(found["seed"]), found["rule"], int(found["node"]),
                   int(found["at_us"]), found["expected"], found["observed"])


class Explorer:
    """Runs seeds of one trial."""

    def __init__(self, what: "trial.Trial"):
        self.what = what
        self.virtual_s = 0.0
        self.tried = 0                    # seeds, up to the one that fails
        self.points = 0                   # where a node can crash
        self.hashes: Dict[int, str] = {}  # of seeds that were run

    def _start(self, command: str, *words: str) -> "subprocess.Popen[bytes]":
        line = [str(self.what.proxy), *ISOLATE[not self.what.isolate:],
                command, str(self.what.binary),
                *sim_replay.plan_words(self.what.spec), *words]
        try:
            return subprocess.Popen(
                self.what.sandbox.wrap(line, SIM, readable=[
                    self.what.proxy, self.what.binary]),
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL, env=process.environment({}),
                preexec_fn=reaper.limit_child(self.what.sanitized))
        except OSError as error:
            raise GraderError(f"the simulator cannot be run: {error}") \
                from error

    def _text(self, child: "subprocess.Popen[bytes]") -> str:
        text = child.communicate()[0].decode(errors="replace")
        status = self.what.sandbox.status(child.returncode)
        if status not in (0, 1):
            raise GraderError("the simulator ended with status "
                              f"{status} while it explored: "
                              f"{text[-200:].strip() or 'it said nothing'}")
        return text

    def search(self) -> Optional[Found]:
        """The lowest seed that fails, or None."""
        first = self.what.seed
        end = first + self.what.seeds
        if self.is_of_points:
            first, end = self._points(first, end)
        begin = first
        cores = os.cpu_count() or 1
        while first < end:
            size = min(ROUND_SEEDS, -(-(end - first) // cores))
            last = min(end, first + size * cores)
            children = [self._start(
                "explore", f"seed={at}", f"seeds={min(size, last - at)}",
                "stop=1", "hashes=1") for at in range(first, last, size)]
            text = "".join([self._text(child) for child in children])
            self.virtual_s += sum(map(float, _TOTAL.findall(text)))
            found = [one for one in map(Found.parse, text.split("\n"))
                     if one is not None]
            worst = min(found, key=lambda one: one.seed, default=None)
            self.hashes.update(
                {seed: one for seed, one in _hashes(text).items()
                 if worst is None or seed <= worst.seed})
            if worst is not None:
                self.tried = worst.seed - begin + 1
                return worst
            first = last
        self.tried = end - begin
        return None

    @property
    def is_of_points(self) -> bool:
        """It tries the crash points of one story (grader/sim/crashes.h)."""
        return self.what.spec.plan == CRASHES

    def _points(self, first: int, end: int) -> "tuple[int, int]":
        """The numbers of a story's crash points: it is the seed's, if that is
        no number itself."""
        if first >= CRASHES_STRIDE:
            return first, first + 1
        text = self._text(self._start("explore", f"seed={first}", "seeds=1"))
        found = _POINTS.search(text)
        if found is None:
            raise GraderError("the simulator does not say how many crash "
                              f"points there are: {text[-200:]}")
        self.points = int(found[1])
        begin = first * CRASHES_STRIDE
        return begin, begin + min(self.points + 1, end - first)

    def schedule(self, seed: int) -> Schedule:
        """A seed's cluster, and what is done to it."""
        return sim_words.parse(self._text(self._start(
            "explore", f"seed={seed}", "seeds=1", "show=1")))

    def shrink(self, found: Found) -> "tuple[Schedule, Found]":
        """The shortest schedule that breaks the same rule, and how it does."""
        text = self._text(self._start("shrink", f"seed={found.seed}"))
        short = sim_words.parse(text)
        short.config = self.schedule(found.seed).config
        how = next((one for one in map(Found.parse, text.split("\n"))
                    if one is not None), None)
        if how is None:
            raise GraderError(f"seed {found.seed} failed, and did not when it "
                              "was run again")
        return short, how

    def differs(self) -> Optional[int]:
        """The first of some seeds that, run again, does not give the hash
        that it gave."""
        seeds = sorted(self.hashes)[:CHECKED_SEEDS]
        again = _hashes(self._text(self._start(
            "explore", f"seed={seeds[0]}", f"seeds={len(seeds)}",
            "hashes=1")))
        return next((seed for seed in seeds
                     if again.get(seed) != self.hashes[seed]), None)

    def trace_hash(self) -> str:
        """Of all seeds that were run."""
        lines = [f"{seed} {self.hashes[seed]}\n"
                 for seed in sorted(self.hashes)]
        return hashlib.sha256("".join(lines).encode()).hexdigest()[:16]


def _hashes(text: str) -> Dict[int, str]:
    """Seed -> hash, of what the simulator printed."""
    return {int(seed): one for seed, one in _SEED.findall(text)}


def run(what: "trial.Trial") -> TestResult:
    """Explores. Whatever happens is in the result."""
    result = trial.blank(what)
    began = time.monotonic()
    try:
        _explore(what, result)
    except GraderError as ours:
        trial.judge(what.spec, result, ours)
    result.seconds = time.monotonic() - began
    return result


def _explore(what: "trial.Trial", result: TestResult) -> None:
    explorer = Explorer(what)
    found = explorer.search()
    result.rule = what.spec.rule
    result.status = PASSED
    result.seeds = explorer.tried
    result.virtual_seconds = explorer.virtual_s
    result.trace_hash = explorer.trace_hash()
    result.advice = _determinism(explorer)
    if explorer.points > 0:
        result.observed = f"{explorer.points} crash points"
    if what.trace:
        schedule = explorer.schedule(what.seed)
        result.trace = sim_replay.play(
            what, what.seed, schedule, found.at_us if found else None).trace()
    if found is None:
        return
    if what.brief:
        _judge(what, result, found)
        return
    short, how = explorer.shrink(found)
    _judge(what, result, how)
    result.story = sim_words.tell(short.actions)
    replay = sim_replay.play(what, found.seed, short, how.at_us)
    result.story += replay.asked()
    result.frames = replay.frames()
    result.logs = replay.logs(how.node)
    if what.html is not None:
        timeline.write_page(what.html, replay.scene(how.node), result)


def _judge(what: "trial.Trial", result: TestResult, found: Found) -> None:
    """The verdict on a seed that failed."""
    text, *more = found.observed.split(" /")
    if found.rule == "node-ends":
        text = f"node {found.node} {text}"
        text += f" ({more[0].strip()})" if more else ""
    is_crash = found.rule == "node-ends" and _CRASH.search(found.observed)
    result.status = CRASHED if is_crash else FAILED
    result.rule = _RULES.get(found.rule) or RULES.get(found.rule, found.rule)
    result.expected = found.expected
    result.observed = f"{text} (seed {found.seed})"
    result.hint = what.spec.hint
    result.seed = found.seed
    result.replay = what.replay.replace(f"{what.name}:{what.seed}",
                                        f"{what.name}:{found.seed}")


def _determinism(explorer: Explorer) -> List[str]:
    """Runs some seeds again: what to say if they differ."""
    seed = explorer.differs()
    if seed is None:
        return []
    schedule = explorer.schedule(seed)
    one, other = (sim_replay.play(explorer.what, seed, schedule, None,
                                  has_acts=True).world.acts for _ in range(2))
    return [f"seed {seed} gave two different runs: "
            + sim_replay.first_difference(one, other)]
