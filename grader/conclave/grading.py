"""One grade from beginning to end: build, run, report, write."""

from __future__ import annotations

import pathlib
import tempfile
import time
from dataclasses import dataclass
from typing import Any, Dict, List, Optional, Sequence, Tuple

from . import (explore, findings, kit, reference, results, sandbox,
               sandbox_net, sandbox_probe, sealed)
from .build import CONFINE, Builder, NotBuilt
from .discover import Course, test_id
from .failure import GRADER_ERROR, NOT_BUILT, GraderError
from .official import FirstSeeds, PlainSeeds
from .report import Report
from .results import (BOTH, ISOLATED, OWN, Grade, LabResult, Run, TestResult,
                      write_gradescope, write_json, write_junit)
from .runner import Runner, Timings
from .spec import SIM, WORLDS, Lab, Test
from .submission import BadSubmission, Submission
from .timeline import write_index
from .trial import Trial, blank

EXIT_FULL_MARKS = 0
EXIT_POINTS_LOST = 1
EXIT_USAGE = 2
EXIT_NOT_BUILT = 3
EXIT_GRADER = 4
EXIT_INTERRUPTED = 130  # as shells say it of SIGINT

_ISOLATED_ELSEWHERE = ("isolated credit (this lab on the reference's stages "
                       "below it) comes with official grading.")
_SAME_BELOW = "the stages below are the reference's own."


@dataclass(frozen=True)
class Order:
    """What was asked for on the command line."""

    root: pathlib.Path
    all_labs: Sequence[Lab]
    courses: Sequence[Course]      # with the tests chosen
    asked: Sequence[str]           # labs named; none: all
    folder: pathlib.Path           # the submission
    flag: str                      # how a replay line names it
    reference: bool                # the submission is the reference
    seed: int
    jobs: int
    replay: bool
    stack: Optional[str]           # --replay: which stack
    json: Optional[pathlib.Path]
    junit: Optional[pathlib.Path]
    gradescope: Optional[pathlib.Path]
    html: Optional[pathlib.Path] = None  # the folder of timeline pages
    world: str = BOTH              # SIM, REAL or BOTH
    seeds: Optional[int] = None    # of each exploration; None: its own number
    trace_hash: bool = False       # the JSON holds hashes
    isolate: bool = False          # simulated nodes in processes of their own
    official: bool = False         # --official
    first_seeds: Optional[FirstSeeds] = None  # of each test; None: seed
    sandbox: str = sandbox.NONE    # a level, or AUTO
    allow_weak: bool = False       # --official takes any sandbox
    hidden: str = ""               # how a replay line names the hidden tests


class Grading:
    """The state of one grade."""

    def __init__(self, order: Order, report: Report, run: pathlib.Path):
        self.order = order
        self.report = report
        self.builder = Builder(order.root, run)
        self.labs = {lab.name: lab for lab in order.all_labs}
        self.submission = Submission(order.folder, order.root, order.all_labs,
                                     order.asked)
        self.first_seeds: FirstSeeds = \
            order.first_seeds or PlainSeeds(order.seed)
        self.grade = Grade([], order.seed, str(order.folder),
                           isolation="process" if order.isolate else "none",
                           official=order.official,
                           first_seeds=self.first_seeds.kind,
                           kit=kit.version(order.root))
        self.trials: List[Trial] = []
        self._made: List[Tuple[Any, ...]] = []  # of what those were made
        self.places: Dict[Tuple[str, str], Tuple[Run, int]] = {}
        self.ended = 0
        self.began = time.monotonic()

    # Building

    def build(self) -> None:
        """Builds all, and lists the trials of what did."""
        self.report.live("building the grader's tools")
        worlds = self._worlds([test for course in self.order.courses
                               for test in course.tests])
        barred = self.order.sandbox != sandbox.NONE
        tools = self.builder.tools(worlds, sealed.BEFORE if barred else ())
        if barred:
            self._bar()
        if self.order.official and not self.order.allow_weak and \
                self.grade.sandbox not in sandbox.OFFICIAL:
            raise GraderError(
                "official grading needs a sandbox that is more than "
                f"'{self.grade.sandbox}' (here: {self.grade.barrier or 'none'}"
                "): install bubblewrap, or grade as root, or say "
                "--allow-weak-sandbox")
        for course in self.order.courses:
            stacks, note = self._stacks(course.lab)
            runs = [self._build_run(course, stack, tools) for stack in stacks]
            self.grade.labs.append(LabResult(
                course.lab.name, course.lab.title, dict(course.lab.parts),
                runs, note))

    def _bar(self) -> None:
        """Puts the barrier up. GraderError."""
        self.report.live("trying the sandbox")
        try:
            found = sandbox_probe.choose(
                self.order.sandbox, self.builder.run / CONFINE,
                self.order.root)
        except sandbox_probe.Unavailable as error:
            raise GraderError(str(error)) from error
        has_net = sandbox_net.enter()
        self.builder.sandbox = found
        self.grade.sandbox = found.name
        self.grade.barrier = found.sentence + (
            "; no network but the loopback" if has_net else
            "; the machine's network is not taken away")
        found.show(self.builder.run)

    def _worlds(self, tests: Sequence[Test]) -> List[str]:
        """Those in which any of some tests is to run, in order."""
        return [world for world in WORLDS
                if self.order.world in (BOTH, world)
                and any(world in test.worlds for test in tests)]

    def _stacks(self, lab: Lab) -> Tuple[List[str], str]:
        """On what a lab is graded, and a note on isolated credit."""
        if self.order.stack is not None:
            return [self.order.stack], ""
        if len(lab.stages) == 1 or self.order.reference:
            return [OWN], ""
        below = [self.labs[name] for name in lab.stages[:-1]]
        given = [one for one in below
                 if reference.folder(self.order.root, one) is not None]
        if not given:
            return [OWN], _ISOLATED_ELSEWHERE
        missing = [one for one in below if self.submission.stage(one) is None]
        if missing:
            note = f"there is no {missing[0].folder} of your own."
            return [ISOLATED if all(one in given for one in missing)
                    else OWN], note
        if all(self._is_reference(one) for one in given):
            return [OWN], _SAME_BELOW if given == below else ""
        if given == below:
            return [OWN, ISOLATED], ""
        return [OWN, ISOLATED], (
            "isolated credit is given here on the reference's "
            f"{' and '.join(one.folder for one in given)}, which was handed "
            "out.")

    def _is_reference(self, lab: Lab) -> bool:
        """Whether a stage is the reference's, byte for byte."""
        theirs = reference.folder(self.order.root, lab)
        if theirs is None:
            return False
        try:
            return self.submission.files(lab) == Submission(
                theirs, self.order.root, [], [lab.name]).files(lab)
        except BadSubmission:
            return False

    def _build_run(self, course: Course, stack: str,
                   tools: Dict[str, pathlib.Path]) -> Run:
        lab = course.lab
        self.report.live(f"building {lab.binary}")
        failure: Optional[NotBuilt] = None
        programs = {world: pathlib.Path() for world in tools}
        try:
            programs = self.builder.node(
                lab, self.labs, self.submission, stack,
                self._worlds(course.tests))
        except NotBuilt as error:
            failure = error
        made = [(course, test, stack, programs, tools)
                for test in course.tests if self._worlds([test])]
        trials = [self._trial(*words) for words in made]
        run = Run(stack, [blank(trial) for trial in trials])
        for place, trial in enumerate(trials):
            self.places[(trial.name, stack)] = (run, place)
        if failure is None:
            self.trials += trials
            self._made += made
        else:
            run.build_log = failure.messages or failure.sentence
            for result in run.tests:
                _mark_not_built(result, failure)
        return run

    def trials_from(self, seed: int) -> List[Trial]:
        """The same trials from another first seed."""
        self.first_seeds = PlainSeeds(seed)
        return [self._trial(*words) for words in self._made]

    def _trial(self, course: Course, test: Test, stack: str,
               programs: Dict[str, pathlib.Path],
               tools: Dict[str, pathlib.Path]) -> Trial:
        """In its first world, with that in the next as its twin."""
        name = test_id(course.lab, test)
        suffix = ":isolated" if stack == ISOLATED else ""
        seeds = 1 if self.order.replay else self.order.seeds or test.seeds
        trial: Optional[Trial] = None
        seed = self.order.seed if self.order.replay else \
            explore.first_of(test.plan, self.first_seeds.first(name))
        hidden = f" --hidden {self.order.hidden}" * test.hidden
        for world in reversed(self._worlds([test])):
            only = f" --world {world}" if len(test.worlds) > 1 else ""
            isolate = self.order.isolate and world == SIM
            only += " --isolate" * isolate
            trial = Trial(
                spec=test, name=name, stack=stack, binary=programs[world],
                proxy=tools[world], seed=seed,
                replay=f"grader/grade {course.lab.name}{self.order.flag}{only}"
                       f"{hidden} --replay {name}:{seed}{suffix}",
                raft="election" in course.lab.stages,
                sanitized=self.builder.sanitized, trace=self.order.replay,
                sandbox=self.builder.sandbox,
                html=self.order.html, world=world, twin=trial, isolate=isolate,
                seeds=seeds if test.seeds > 1 and world == SIM else 1)
        assert trial is not None
        return trial

    # Running

    def run(self) -> None:
        for text in self.builder.messages:
            self.report.line(text.rstrip())
        self._write_json()
        if not self.trials:
            return
        count = len(self.trials)
        self.report.line(
            f"{_shown(self.order)}: {count} test{'s' * (count != 1)}, "
            f"{self.first_seeds.words}, up to {self.order.jobs} at a time")
        self.report.expect(self.grade.all_tests())
        runner = Runner(self.trials, self.order.jobs,
                        Timings(self.builder.folder / "timings.json"),
                        self._ended, self._tick)
        runner.run()
        self.grade.interrupted = runner.interrupted

    def _ended(self, trial: Trial, result: TestResult) -> None:
        if not self.order.trace_hash:
            result.trace_hash = ""
        run, place = self.places[(trial.name, trial.stack)]
        run.tests[place] = result
        self.ended += 1
        self.report.test_ended(result)
        self._write_json()

    def _tick(self, running: List[str], _: int) -> None:
        self.report.progress(self.ended, len(self.trials), running)

    # The end

    def _write_json(self) -> None:
        self.grade.seconds = time.monotonic() - self.began
        if self.order.json is not None:
            write_json(self.grade, self.order.json)

    def finish(self) -> int:
        """Reports and writes all; the exit status."""
        self.grade.finished = not self.grade.interrupted
        self.grade.findings = findings.all_of(
            self.submission, self.order.all_labs, self.grade)
        self._write_json()
        if self.order.junit is not None:
            write_junit(self.grade, self.order.junit)
        if self.order.gradescope is not None:
            write_gradescope(self.grade, self.order.gradescope)
        if self.order.html is not None:
            write_index(self.order.html, self.grade)
        if self.order.replay:
            for test in self.grade.all_tests():
                self.report.line()
                self.report.trace(test)
        self.report.failures(self.grade)
        self.report.table(self.grade)
        if self.order.html is not None:
            self.report.line(f"Timelines: {self.order.html / 'index.html'}")
        return exit_status(self.grade)


def _shown(order: Order) -> str:
    """The submission's folder, short."""
    try:
        return f"{order.folder.relative_to(order.root)}/"
    except ValueError:
        return str(order.folder)


def _mark_not_built(result: TestResult, failure: NotBuilt) -> None:
    result.status = NOT_BUILT
    result.was_run = False
    result.rule = "a submission compiles and links"
    result.expected = "the stage's C files compile without an error"
    result.observed = failure.sentence


def exit_status(grade: Grade) -> int:
    """What the shell is told."""
    if grade.interrupted:
        return EXIT_INTERRUPTED
    tests = grade.all_tests()
    if any(test.status == GRADER_ERROR for test in tests):
        return EXIT_GRADER
    if all(test.status == NOT_BUILT for test in tests):
        return EXIT_NOT_BUILT
    return EXIT_FULL_MARKS if grade.score == grade.max_score \
        else EXIT_POINTS_LOST


def grade_all(order: Order, report: Report) -> int:
    """Grades, and returns the exit status. GraderError, BadSubmission."""
    with tempfile.TemporaryDirectory(prefix="cv-run-") as folder:
        grading = Grading(order, report, pathlib.Path(folder))
        try:
            grading.build()
            grading.run()
        except KeyboardInterrupt:
            grading.grade.interrupted = True
        return grading.finish()
