"""Stops time: gdb on a whole simulated cluster, just before what goes wrong.

    make debug TEST=election/one_vote_a_term SEED=1 SUBMISSION=labs

The test runs once, compiled for debugging, while every line that drives its
simulator is written down. The simulator is deterministic, so those lines are
the test: played again they give the same world, without Python, inside gdb
(grader/sim/replay.h). An exploration needs its seed only.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from typing import Any, List, Optional, Sequence, Tuple

from . import bugs, discover, process, sim_words, trial
from .build import Builder, NotBuilt
from .debug_gdb import Stop, gdb_script
from .discover import Course
from .explore import Explorer
from .failure import FAILED, PASSED, GraderError
from .grading import (EXIT_GRADER, EXIT_INTERRUPTED, EXIT_NOT_BUILT,
                      EXIT_USAGE)
from .record import RULES
from .results import ISOLATED, OWN, TestResult
from .sim_process import Simulator
from .sim_replay import plan_words
from .spec import EXPLORATION, SIM, Test
from .submission import BadSubmission, Submission
from .trial import Trial

ROOT = pathlib.Path(__file__).resolve().parents[2]
NO_GDB = ("gdb is not installed: install it (Debian, Ubuntu: `apt-get install "
          "gdb`), then type this again")
_FIND_LIMIT_S = 120.0
_FOUND = re.compile(r"FOUND wrong=(\d+) answer=(\d+) answer_us=(\d+) "
                    r"last=(\d+)")


class BadOrder(Exception):
    """One sentence for the person who typed the command."""


class Recorder(Simulator):
    """A simulator that notes when the test is over."""

    def __init__(self, *words: Any):
        self.over: Optional[Tuple[int, int]] = None  # (orders, virtual time)
        super().__init__(*words)

    def is_over(self) -> None:
        """The test has come to its verdict: what follows is no part of it."""
        if self.over is None:
            self.over = len(self.orders), self.now_us


class Debugged:
    """One test of one submission, compiled for debugging."""

    def __init__(self, course: Course, test: Test, seed: int,
                 folder: pathlib.Path):
        self.course = course
        self.test = test
        self.name = discover.test_id(course.lab, test)
        self.seed = seed
        self.folder = folder        # for all that is made, while gdb runs
        self.result: TestResult
        self.over_us = 0            # when the verdict was reached
        self._words: List[str] = [] # that replay it

    def build(self, courses: Sequence[Course], submission: Submission,
              stack: str) -> None:
        """NotBuilt, BadSubmission, GraderError."""
        os.environ["FLAVOUR"] = "debug"
        builder = Builder(ROOT, self.folder)
        labs = {one.lab.name: one.lab for one in courses}
        if not stack:
            below = [labs[name] for name in self.course.lab.stages[:-1]]
            whole = all(submission.stage(one) is not None for one in below)
            stack = OWN if whole else ISOLATED
        tools = builder.tools([SIM])
        code = builder.node(self.course.lab, labs, submission, stack, [SIM])
        self.trial = Trial(
            spec=self.test, name=self.name, stack=stack, binary=code[SIM],
            proxy=tools[SIM], seed=self.seed, replay="",
            raft="election" in self.course.lab.stages, sanitized=False,
            trace=True, world=SIM)

    def run(self) -> None:
        """To its verdict, as in a grade."""
        if self.test.kind == EXPLORATION:
            self._explore()
        else:
            self._play()

    def _explore(self) -> None:
        self.result = trial.blank(self.trial)
        self.result.status = PASSED
        self._words = [f"seed={self.seed}", *plan_words(self.test)]
        explorer = Explorer(self.trial)
        found = explorer.search()
        if found is None:
            return
        short, how = explorer.shrink(found)
        schedule = self.folder / "schedule"
        schedule.write_text("".join(f"{one.at_us} {one.order}\n"
                                    for one in short.actions))
        self._words.append(f"schedule={schedule}")
        self.result.status = FAILED
        self.result.rule = RULES.get(how.rule, how.rule)
        self.result.expected = how.expected
        self.result.observed = (f"{how.observed.partition(' /')[0]} (at "
                                f"{how.at_us / 1e6:.6f} s)")
        self.result.story = sim_words.tell(short.actions)
        self.over_us = how.at_us

    def _play(self) -> None:
        recorders: List[Recorder] = []

        def recorder(*words: Any) -> Recorder:
            recorders.append(Recorder(*words))
            return recorders[0]

        async def played(cluster: Any) -> None:
            try:
                await self.test.function(cluster)
            finally:
                recorders[0].is_over()

        self.result = trial.run_sim(dataclasses.replace(
            self.trial, make_simulator=recorder,
            spec=dataclasses.replace(self.test, function=played)))
        if not recorders:
            raise GraderError(self.result.observed)
        orders, self.over_us = recorders[0].over or \
            (len(recorders[0].orders), recorders[0].now_us)
        script = self.folder / "script"
        script.write_text("".join(
            line + "\n" for line in recorders[0].orders[:orders]))
        self._words = [f"script={script}"]

    def command(self, *words: str) -> List[str]:
        """Plays it once more."""
        return [str(self.trial.proxy), "replay", str(self.trial.binary),
                *self._words, *words]

    def find(self) -> Stop:
        """Before which upcall into a node to stop, and what that is."""
        told = _FOUND.search(self._ask("FOUND"))
        if told is None:
            raise GraderError("the simulator does not find the first wrong "
                              "event")
        wrong, answer, answer_us, last = map(int, told.groups())
        passed = self.result.status == PASSED
        at, why = wrong, "wrong"
        if passed or not wrong:
            at, why = last, "end" if passed else "last"
            waited = self.result.observed.startswith("no progress")
            if not (passed or waited) and answer and answer_us == self.over_us:
                at, why = answer, "answer"
        if not at:
            raise GraderError("no node did anything in this test")
        return Stop.parse(self._ask("STOP", f"at={at}"), at, why)

    def _ask(self, word: str, *words: str) -> str:
        """The line that begins with a word. What comes after is not waited
        for."""
        child = subprocess.Popen(
            self.command(*words), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            env=process.environment({}), start_new_session=True)
        assert child.stdout is not None
        signal.alarm(int(_FIND_LIMIT_S))
        try:
            for line in child.stdout:
                if line.startswith(word):
                    return line.rstrip("\n")
        finally:
            signal.alarm(0)
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()
            child.stdout.close()
        raise GraderError("the simulator does not play the test again: it "
                          f"never says {word}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="make debug", usage="make debug TEST=rpc/echo SEED=1 "
        "[SUBMISSION=DIR] [BUG=NAME] [ARGS='words for gdb']")
    parser.add_argument("what", metavar="TEST:SEED")
    parser.add_argument("--submission", type=pathlib.Path)
    parser.add_argument("--solution", action="store_true")
    parser.add_argument("--bug")
    return parser


def _choose(courses: Sequence[Course], what: str
            ) -> Tuple[Course, Test, int, str]:
    """The test, the seed and the stack of TEST:SEED[:isolated]."""
    name, _, rest = what.partition(":")
    seed, _, stack = rest.partition(":")
    if not seed.isdigit() or stack not in ("", OWN, ISOLATED):
        raise BadOrder(f"SEED is a number, as in a report's replay line, not "
                       f"'{rest}'")
    for course in courses:
        for test in course.tests:
            if discover.test_id(course.lab, test) == name:
                if SIM not in test.worlds:
                    raise BadOrder(f"{name} runs against real processes only, "
                                   "whose time cannot be stopped")
                return course, test, int(seed), stack
    raise BadOrder(f"there is no test '{name}': say TEST=LAB/NAME, one that "
                   "`grader/grade --list` names")


def _folder(options: argparse.Namespace, courses: Sequence[Course],
            made: pathlib.Path) -> pathlib.Path:
    """The submission's."""
    if options.bug:
        if not (ROOT / "solution" / "bugs").is_dir():
            raise BadOrder("there is no solution/bugs here: BUG= is for those "
                           "who have the reference")
        known = bugs.select(bugs.load_all(ROOT / "solution" / "bugs", courses),
                            options.bug, [])
        if len(known) != 1 or not known[0].changes:
            raise BadOrder(f"there is no bug '{options.bug}' to be planted: "
                           "see solution/bugs")
        bugs.plant(known[0], ROOT, made)
        return made
    folder = options.submission or ROOT / ("solution" if options.solution
                                           else "labs")
    if not folder.is_dir():
        raise BadOrder(f"there is no folder {folder}")
    return folder


def _tell(what: Debugged) -> None:
    """The verdict."""
    result = what.result
    print(f"{what.name}, seed {what.seed}: {result.status}")
    for head, text in (("rule", result.rule), ("expected", result.expected),
                       ("seen", result.observed)):
        if text and result.status != PASSED:
            print(f"  {head:<9} {text}")
    for step in result.story:
        print(f"  {'steps' if step is result.story[0] else '':<9} {step}")
    print()
    sys.stdout.flush()


def _debug(options: argparse.Namespace, folder: pathlib.Path) -> int:
    courses = discover.load_all(ROOT / "labs")
    course, test, seed, stack = _choose(courses, options.what)
    what = Debugged(course, test, seed, folder)
    submission = Submission(_folder(options, courses, folder / "planted"), ROOT,
                            [one.lab for one in courses], [course.lab.name])
    what.build(courses, submission, stack)
    what.run()
    _tell(what)
    copies = folder / "copies"
    copies.mkdir()
    stop = what.find()
    script = folder / "stop.gdb"
    script.write_text(gdb_script(
        stop, what.command(f"at={stop.upcall}", f"copies={copies}"),
        ROOT / "handout" / "node" / "co_gdb.py", what.over_us))
    # The terminal's interrupt is meant for gdb alone.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    return subprocess.run(
        ["gdb", "-q", "-x", str(script), *options.gdb,
         str(what.trial.proxy)], cwd=ROOT,
        env={**os.environ, "DEBUGINFOD_URLS": ""},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)
    ).returncode


def main(words: List[str]) -> int:
    """Runs the command; its exit status."""
    at = words.index("--") if "--" in words else len(words)
    options = _parser().parse_args(words[:at])
    options.gdb = words[at + 1:]
    try:
        if shutil.which("gdb") is None:
            raise BadOrder(NO_GDB)
        with tempfile.TemporaryDirectory(prefix="cv-debug-") as folder:
            return _debug(options, pathlib.Path(folder))
    except (BadOrder, BadSubmission) as error:
        print(f"debug: {error}", file=sys.stderr)
        return EXIT_USAGE
    except NotBuilt as error:
        print(error.messages or error.sentence, file=sys.stderr)
        return EXIT_NOT_BUILT
    except GraderError as error:
        print(f"debug: {error}", file=sys.stderr)
        return EXIT_GRADER
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
