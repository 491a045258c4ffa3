"""What the last grade of each student changed against the one before."""

from __future__ import annotations

import pathlib
from dataclasses import dataclass
from typing import List

from . import compare, store


@dataclass(frozen=True)
class Change:
    """One student's results, before and after."""

    student: str
    before: float
    after: float
    why: str            # what was different about the second grade
    tests: List[str]    # that went otherwise

    def lines(self) -> List[str]:
        head = (f"{self.student}: {self.before:g} -> {self.after:g} points "
                f"({self.why})")
        return [head, *(f"    {one}" for one in compare.shown(self.tests))]


def find(results: pathlib.Path) -> List[Change]:
    """Those whose points or verdicts moved."""
    changes = []
    for now in store.read_all(results):
        before = store.read(results / store.EARLIER / now.student)
        if before is None:
            continue
        tests = compare.differences(before.result, now.result, hashes=False)
        if tests or before.score != now.score or \
                before.meta.get("refused") != now.meta.get("refused"):
            changes.append(Change(now.student, before.score, now.score,
                                  _why(before, now), tests))
    return changes


def _why(before: store.Graded, now: store.Graded) -> str:
    """What the two grades did not have in common."""
    parts = []
    for name, words in (("sha256", "another submission"),
                        ("grader", "another kit"),
                        ("options", "other options"),
                        ("sandbox", "another sandbox")):
        if before.meta.get(name) != now.meta.get(name):
            parts.append(words)
    if before.meta.get("trouble"):
        parts.append("the one before had come to no verdict")
    return ", ".join(parts) or "the same submission, kit and options!"


def text(changes: List[Change]) -> str:
    """changes.txt."""
    if not changes:
        return "No grade differs from the one before it.\n"
    lines = [f"{len(changes)} grade{'s' * (len(changes) != 1)} differ from "
             "the one before:", ""]
    for change in changes:
        lines += change.lines() + [""]
    return "\n".join(lines)
