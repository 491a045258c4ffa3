"""What a grade came to, and the files that say so.

One Grade holds LabResults, which hold TestResults. It is written as JSON while
tests end, each time replacing the file at once; as JUnit XML and Gradescope's
results.json when all is over.
"""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import re
import tempfile
from dataclasses import dataclass, field
from typing import Any, Dict, List, Optional, Tuple
from xml.etree import ElementTree

from .failure import GRADER_ERROR, NOT_RUN, PASSED

OWN = "own"             # the student's stages from the bottom up
ISOLATED = "isolated"   # the student's stage on the reference's below it
BOTH = "both"           # a result's world: it passed in the two of them
UNCOUNTED = (GRADER_ERROR, NOT_RUN)  # cost no points


@dataclass
class TestResult:
    """One test, once."""

    name: str                    # "rpc/echo"
    title: str                   # the claim
    part: str                    # "A"
    kind: str                    # "scenario" or "peer"
    stack: str                   # OWN or ISOLATED
    max_score: int
    seed: int
    replay: str                  # the command that runs it again
    world: str = "real"          # where it ran, or broke: see combine
    status: str = NOT_RUN        # see failure.py
    seconds: float = 0.0
    rule: str = ""               # the rule that was broken, and where written
    expected: str = ""
    observed: str = ""
    hint: str = ""
    story: List[str] = field(default_factory=list)   # numbered steps
    frames: List[str] = field(default_factory=list)  # the last, in words
    logs: Dict[str, List[str]] = field(default_factory=dict)  # node -> tail
    at_start: bool = False       # a node never came up
    was_run: bool = True         # False: judged without being run
    trace: List[str] = field(default_factory=list)   # --replay: everything
    virtual_seconds: Optional[float] = None          # simulated world
    seeds: int = 1               # that were tried
    trace_hash: str = ""         # of the simulated world
    advice: List[str] = field(default_factory=list)  # of the simulator
    worlds: Dict[str, Dict[str, Any]] = field(default_factory=dict)
    # status and seconds in each world where it was to run
    hidden: bool = False         # students do not have it
    page: str = ""               # --html: its file's name, if there is one

    @property
    def passed(self) -> bool:
        return self.status == PASSED

    @property
    def score(self) -> int:
        return self.max_score if self.passed else 0

    @property
    def counts(self) -> bool:
        """Whether it has a say in the score."""
        return self.status not in UNCOUNTED

    def as_json(self) -> Dict[str, Any]:
        """The fields that DESIGN promises, and what explains them."""
        keep = {one.name: getattr(self, one.name)
                for one in dataclasses.fields(self)
                if one.name not in ("trace", "at_start", "was_run", "page")}
        keep.update(score=self.score, seconds=round(self.seconds, 3))
        if not self.trace_hash:
            del keep["trace_hash"]
        return keep


@dataclass
class Run:
    """All tests of a lab on one stack."""

    stack: str
    tests: List[TestResult]
    build_log: str = ""  # what the compiler said, if it did not build

    @property
    def score(self) -> int:
        return sum(test.score for test in self.tests)

    @property
    def max_score(self) -> int:
        """Of the tests that count."""
        return sum(test.max_score for test in self.tests if test.counts)


@dataclass
class LabResult:
    """A lab: its runs, of which the better counts."""

    name: str
    title: str
    parts: Dict[str, str]
    runs: List[Run]       # own first, if it could be tried
    note: str = ""        # on isolated credit

    @property
    def seconds(self) -> float:
        """The sum over the tests that count, though they ran side by side."""
        return sum(test.seconds for test in self.counted.tests)

    @property
    def counted(self) -> Run:
        """The better run: a lab is one system, so its tests stay together."""
        return max(self.runs, key=lambda run: (run.score, run.max_score))

    def run(self, stack: str) -> Optional[Run]:
        return next((one for one in self.runs if one.stack == stack), None)

    @property
    def score(self) -> int:
        return self.counted.score

    @property
    def max_score(self) -> int:
        return self.counted.max_score

    def as_json(self) -> Dict[str, Any]:
        counted = self.counted
        return {
            "name": self.name, "title": self.title, "score": self.score,
            "max_score": self.max_score, "seconds": round(self.seconds, 3),
            "counted": counted.stack,
            "stacks": {run.stack: run.score for run in self.runs},
            "note": self.note, "build_log": counted.build_log,
            "tests": [test.as_json() for test in counted.tests],
            "other_tests": [test.as_json() for run in self.runs
                            if run is not counted for test in run.tests],
        }


@dataclass
class Grade:
    """Everything that one call of grader/grade found out."""

    labs: List[LabResult]
    seed: int
    submission: str
    seconds: float = 0.0
    interrupted: bool = False
    finished: bool = False
    isolation: str = "none"   # "process": each simulated node in its own
    official: bool = False    # --official
    first_seeds: str = "plain"  # or "secret", "published": see official.py
    kit: str = ""             # its version
    sandbox: str = "none"     # the level behind which nodes ran
    barrier: str = ""         # what it is made of here, in words
    findings: List[str] = field(default_factory=list)  # see findings.py

    @property
    def score(self) -> int:
        return sum(lab.score for lab in self.labs)

    @property
    def max_score(self) -> int:
        return sum(lab.max_score for lab in self.labs)

    def tests(self) -> List[TestResult]:
        """Of the runs that count."""
        return [test for lab in self.labs for test in lab.counted.tests]

    def all_tests(self) -> List[TestResult]:
        return [test for lab in self.labs for run in lab.runs
                for test in run.tests]

    def as_json(self) -> Dict[str, Any]:
        return {
            "score": self.score, "max_score": self.max_score,
            "seconds": round(self.seconds, 3), "isolation": self.isolation,
            "sandbox": self.sandbox, "barrier": self.barrier,
            "findings": self.findings,
            "kit": self.kit, "official": self.official,
            "first_seeds": self.first_seeds,
            "seed": self.seed, "submission": self.submission,
            "interrupted": self.interrupted, "finished": self.finished,
            "labs": [lab.as_json() for lab in self.labs],
        }


def combine(sim: Optional[TestResult], last: TestResult) -> TestResult:
    """A test's result over its worlds: the last one's verdict, for it is run
    in the next world only when it has passed in the one before."""
    if sim is None or sim is last:
        last.worlds = {last.world: _summary(last)}
        return last
    last.worlds = {sim.world: _summary(sim), last.world: _summary(last)}
    if last.passed:
        last.world = BOTH
    last.seconds += sim.seconds
    last.virtual_seconds = sim.virtual_seconds
    last.trace_hash = sim.trace_hash
    last.advice = sim.advice
    return last


def _summary(result: TestResult) -> Dict[str, Any]:
    return {"status": result.status, "seconds": round(result.seconds, 3)}


def replace_file(path: pathlib.Path, text: str) -> None:
    """Writes a file so that readers see all of the old or all of the new."""
    handle, name = tempfile.mkstemp(dir=str(path.parent), prefix=path.name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


def write_json(grade: Grade, path: pathlib.Path) -> None:
    replace_file(path, json.dumps(grade.as_json(), indent=1) + "\n")


def anonymous(observed: str) -> str:
    """What was seen, whichever node it happened to."""
    return re.sub(r"\bnode \d+", "a node", re.sub(r"\bpid \d+", "its pid",
                                                  observed))


def explanation(test: TestResult) -> List[Tuple[str, str]]:
    """(heading, text) of all that a failed test says for itself."""
    parts = [("rule", test.rule), ("expected", test.expected),
             ("seen", test.observed), ("hint", test.hint)]
    if test.story:
        parts.insert(3, ("steps", "\n".join(test.story)))
    parts.append(("replay", test.replay))
    return [(name, text) for name, text in parts if text]


def _printable(text: str) -> str:
    """Without what XML forbids: a node may print anything."""
    return "".join(one if one.isprintable() or one in "\n\t" else "?"
                   for one in text)


def write_junit(grade: Grade, path: pathlib.Path) -> None:
    """JUnit XML: one suite a lab, one case a test."""
    root = ElementTree.Element("testsuites", name="conclave")
    for lab in grade.labs:
        tests = lab.counted.tests
        errors = sum(not test.counts for test in tests)
        suite = ElementTree.SubElement(
            root, "testsuite", name=lab.name, tests=str(len(tests)),
            failures=str(sum(not test.passed and test.counts
                             for test in tests)),
            errors=str(errors), time=f"{lab.seconds:.3f}")
        for test in tests:
            case = ElementTree.SubElement(
                suite, "testcase", classname=lab.name,
                name=test.name, time=f"{test.seconds:.3f}")
            if test.passed:
                continue
            kind = "failure" if test.counts else "error"
            entry = ElementTree.SubElement(
                case, kind, type=test.status, message=_printable(test.observed))
            entry.text = _printable("\n".join(
                f"{name}: {text}" for name, text in explanation(test)))
    text = ElementTree.tostring(root, encoding="unicode")
    replace_file(path, '<?xml version="1.0" encoding="UTF-8"?>\n' + text + "\n")


def write_gradescope(grade: Grade, path: pathlib.Path) -> None:
    """Gradescope's results.json."""
    from classroom import shown  # it needs not us
    from classroom.adapters import gradescope
    replace_file(path, gradescope.render(shown.look(grade.as_json())))
