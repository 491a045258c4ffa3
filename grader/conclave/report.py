"""What a person sees: progress, each test as it ends, why tests failed, the
table of scores.

On a terminal there is colour (unless NO_COLOR is set) and a live last line;
into a pipe go plain lines.
"""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
from typing import Dict, List, Sequence, TextIO, Tuple

from .discover import Course, test_id
from .failure import (CRASHED, FAILED, GRADER_ERROR, NOT_BUILT, NOT_RUN,
                      PASSED, TIMEOUT)
from .results import (ISOLATED, OWN, Grade, LabResult, Run, TestResult,
                      anonymous)
from .sandbox import NONE as NO_SANDBOX

MAX_ADVICE = 4        # remarks under the table
FULL_FAILURES = 5     # explained at length for each lab; the rest in a line
_WORDS = {PASSED: "passed", FAILED: "FAILED", CRASHED: "CRASHED",
          TIMEOUT: "TIMEOUT", NOT_BUILT: "NOT BUILT", NOT_RUN: "not run",
          GRADER_ERROR: "GRADER ERROR"}
_COLOURS = {PASSED: "32", NOT_RUN: "33", GRADER_ERROR: "35"}
_RED = "31"
_BOLD = "1"
_DIM = "2"
_STATUS_WIDTH = 12
_STACK_WORDS = {OWN: "on your own stages",
                ISOLATED: "on the reference's stages below"}


def _covered(result: TestResult) -> str:
    """What a test has gone through, when it has passed and says so."""
    if not result.passed or not result.observed and result.seeds <= 1:
        return ""
    return "  " + (result.observed or f"{result.seeds} seeds")


class Report:
    """Writes to a stream, a terminal or not."""

    def __init__(self, stream: TextIO = sys.stdout):
        self._stream = stream
        self._live = stream.isatty() and os.environ.get("TERM") != "dumb"
        self._colour = self._live and not os.environ.get("NO_COLOR")
        self._has_line = False
        self._width = 0  # of the column with the tests' names

    # Lines

    def _write(self, text: str) -> None:
        if self._has_line:
            self._stream.write("\r\x1b[K")
            self._has_line = False
        self._stream.write(text + "\n")
        self._stream.flush()

    def line(self, text: str = "") -> None:
        """A plain line."""
        self._write(text)

    def live(self, text: str) -> None:
        """The last line of a terminal, replaced by what comes next."""
        if self._live:
            width = shutil.get_terminal_size().columns - 1
            self._stream.write("\r\x1b[K" + text[:width])
            self._stream.flush()
            self._has_line = True

    def _paint(self, text: str, colour: str) -> str:
        return f"\x1b[{colour}m{text}\x1b[0m" if self._colour else text

    def _status(self, status: str, width: int = _STATUS_WIDTH) -> str:
        return self._paint(f"{_WORDS[status]:<{width}}",
                           _COLOURS.get(status, _RED))

    # While it runs

    def expect(self, results: Sequence[TestResult]) -> None:
        """These will end: makes room for their names."""
        self._width = max((len(_name(one)) for one in results), default=0)

    def progress(self, ended: int, total: int, running: Sequence[str]) -> None:
        self.live(f"{ended}/{total} tests  running: {', '.join(running)}")

    def test_ended(self, result: TestResult) -> None:
        """One line a test."""
        name = _name(result)
        seconds = f"{result.seconds:5.1f} s" if result.was_run else "      -"
        self._write(f"{self._status(result.status)} "
                    f"{_points(result):>5}  {name:<{self._width}} {seconds}"
                    f"{_covered(result)}")

    # Why tests failed

    def failures(self, grade: Grade) -> None:
        """The first ones of each lab at length, the others in a line."""
        for lab in grade.labs:
            run = lab.counted
            if run.build_log:
                self._build_log(lab, run)
                continue
            bad = [test for test in run.tests
                   if not test.passed and test.status != NOT_RUN]
            full = _distinct(bad)[:FULL_FAILURES]
            for test in full:
                self.failure(test)
            self._rest(lab, [test for test in bad if test not in full])

    def _rest(self, lab: LabResult, tests: Sequence[TestResult]) -> None:
        """Those that are not explained at length, alike ones together."""
        if not tests:
            return
        alike: Dict[str, List[str]] = {}
        for test in tests:
            alike.setdefault(anonymous(test.observed), []).append(test.name)
        self.line()
        self.line(self._paint(f"{lab.title}: {len(tests)} more did not pass",
                              _BOLD))
        for observed, names in alike.items():
            for text in textwrap.wrap(", ".join(names), 76,
                                      break_on_hyphens=False):
                self.line(f"  {text}")
            for text in textwrap.wrap(_clean(observed), 72):
                self.line(f"      {text}")

    def _build_log(self, lab: LabResult, run: Run) -> None:
        self.line()
        self.line(self._paint(f"{lab.title} was not built", _RED))
        self.line(f"  {run.tests[0].observed}")
        self.line()
        for text in run.build_log.rstrip().splitlines()[:60]:
            self.line(f"  {text}")

    def failure(self, test: TestResult) -> None:
        """All that is known about one."""
        self.line()
        self.line(f"{self._status(test.status, 0)} "
                  f"{self._paint(test.name, _BOLD)}  {test.title}"
                  + (f"  ({_STACK_WORDS[test.stack]})"
                     if test.stack == ISOLATED else ""))
        self._part("rule", test.rule)
        self._part("expected", test.expected)
        self._part("seen", test.observed)
        if not test.trace:  # which holds all of these
            self._block("steps", test.story)
            self._block("frames", test.frames)
            for node, lines in test.logs.items():
                self._block(f"node {node}", lines or ["(it printed nothing)"])
        self._part("hint", test.hint)
        self._part("replay", test.replay, wrap=False)

    def _part(self, heading: str, text: str, wrap: bool = True) -> None:
        if not text:
            return
        lines: List[str] = []
        for line in text.splitlines():
            lines += textwrap.wrap(line, 68, break_on_hyphens=False,
                                   break_long_words=False) \
                if wrap and not line.startswith(" ") else [line]
        self._block(heading, lines)

    def _block(self, heading: str, lines: Sequence[str]) -> None:
        for number, text in enumerate(lines):
            head = heading if number == 0 else ""
            self.line(f"  {self._paint(f'{head:<9}', _DIM)} {_clean(text)}")

    def trace(self, test: TestResult) -> None:
        """Everything that happened, for --replay."""
        for text in test.trace:
            self.line(_clean(text))
        if test.trace_hash:
            self.line(f"trace hash {test.trace_hash}")

    # The table

    def table(self, grade: Grade) -> None:
        """Always whole: every lab and part, whatever happened."""
        rows: List[Tuple[str, str, str]] = []
        for lab in grade.labs:
            rows += _lab_rows(lab)
        rows.append(("Total, tests side by side",
                     f"{grade.score}/{grade.max_score}",
                     f"{grade.seconds:.1f} s"))
        widths = [max(len(row[column]) for row in rows) for column in range(3)]
        self.line()
        for row in rows:
            text = (f"{row[0]:<{widths[0]}}  {row[1]:>{widths[1]}}  "
                    f"{row[2]:>{widths[2]}}").rstrip()
            whole = not row[0].startswith(" ")
            self.line(self._paint(text, _BOLD) if whole else text)
        for text in _remarks(grade):
            self.line(text)
        self._barrier(grade)

    def _barrier(self, grade: Grade) -> None:
        """Behind what it ran, and what was noticed there."""
        about = f": {grade.barrier}" if grade.barrier else ""
        for text in textwrap.wrap(f"Sandbox: {grade.sandbox}{about}", 79):
            self.line(text)
        if grade.sandbox == NO_SANDBOX or not grade.findings:
            return
        self.line("Noticed (it costs no points by itself):")
        for text in grade.findings:
            self.line(textwrap.fill(_clean(text), 79, initial_indent="  ",
                                    subsequent_indent="    "))

    # --list

    def listing(self, courses: Sequence[Course], verbose: bool) -> None:
        """Names, points, kind and world of tests; with -v what they prove."""
        for course in courses:
            total = sum(test.points for test in course.tests)
            self.line(self._paint(
                f"{course.lab.title}: {len(course.tests)} tests, {total} "
                f"points, {course.lab.hours} hours", _BOLD))
            width = max(len(test_id(course.lab, one)) for one in course.tests)
            for test in course.tests:
                name = test_id(course.lab, test)
                self.line(f"  {name:<{width}}  {test.part or '-':<7} "
                          f"{test.points:>2}  {test.kind:<11}  "
                          f"{'+'.join(test.worlds):<8}  "
                          f"{test.title}")
                if test.seeds > 1:
                    self.line(f"  {'':<{width}}  {test.seeds} seeds, unless "
                              "--seeds says otherwise")
                if verbose:
                    for text in test.doc.splitlines():
                        self.line(f"      {text}".rstrip())
            self.line()


def _name(result: TestResult) -> str:
    return result.name + (" (isolated)" if result.stack == ISOLATED else "")


def _clean(text: str) -> str:
    """Without control characters: a node may print anything."""
    return "".join(one if one.isprintable() else " " if one == "\t" else "?"
                   for one in text)


def _distinct(tests: Sequence[TestResult]) -> List[TestResult]:
    """One of each kind of trouble, of those that ran."""
    found: Dict[str, TestResult] = {}
    for test in tests:
        if test.was_run:
            found.setdefault(anonymous(test.observed), test)
    return list(found.values())


def _points(result: TestResult) -> str:
    return f"{result.score}/{result.max_score}" if result.counts else "-"


def _lab_rows(lab: LabResult) -> List[Tuple[str, str, str]]:
    """A lab's line, one for each part, and the other stack's."""
    run = lab.counted
    seconds = sum(test.seconds for test in run.tests)
    rows = [(lab.title, f"{run.score}/{run.max_score}", f"{seconds:.1f} s")]
    for part, about in lab.parts.items():
        tests = [test for test in run.tests if test.part == part]
        if not tests:
            continue
        got = sum(test.score for test in tests)
        most = sum(test.max_score for test in tests if test.counts)
        rows.append((f"  {part}: {_first(about)}", f"{got}/{most}",
                     f"{sum(test.seconds for test in tests):.1f} s"))
    if len(lab.runs) > 1:
        for one in lab.runs:
            counts = ", counts" if one is run else ""
            rows.append((f"  {_STACK_WORDS[one.stack]}{counts}",
                         f"{one.score}/{one.max_score}",
                         f"{sum(test.seconds for test in one.tests):.1f} s"))
    return rows


def _advice(grade: Grade) -> List[str]:
    """What the simulator remarked on, each thing once."""
    said: Dict[str, str] = {}
    for test in grade.tests():
        for text in test.advice:
            said.setdefault(anonymous(text), f"{test.name}: {text}.")
    return [f"Remark on {text}" for text in list(said.values())[:MAX_ADVICE]]


def _first(about: str) -> str:
    """A part's description, not too long for the table."""
    return textwrap.shorten(about, 44, placeholder=" ...")


def _remarks(grade: Grade) -> List[str]:
    """What else has to be said under the table."""
    remarks = [f"{lab.title}: {lab.note}" for lab in grade.labs if lab.note]
    errors = [test.name for test in grade.tests()
              if test.status == GRADER_ERROR]
    if errors:
        remarks.append(
            f"The grader itself failed in {len(errors)} test"
            f"{'s' * (len(errors) > 1)} ({', '.join(errors[:4])}"
            f"{', ...' * (len(errors) > 4)}): they cost no points.")
    remarks += _advice(grade)
    waiting = sum(test.status == NOT_RUN for test in grade.tests())
    if grade.interrupted:
        remarks.append(f"Interrupted: {waiting} test{'s' * (waiting != 1)} "
                       "did not run and count for nothing here.")
    return remarks
