"""The flake check: what a second grade of a sample said otherwise."""

from __future__ import annotations

import pathlib
from dataclasses import dataclass
from typing import List

from . import compare, store


@dataclass(frozen=True)
class Pair:
    """One submission, graded twice."""

    student: str
    score: float
    again: float
    tests: List[str]   # that went otherwise

    @property
    def same(self) -> bool:
        return not self.tests and self.score == self.again


def find(results: pathlib.Path) -> List[Pair]:
    """All that were graded twice with the same key."""
    pairs = []
    for second in store.read_all(results, store.AGAIN):
        first = store.read(results / store.STUDENTS / second.student)
        if first is not None and first.meta["key"] == second.meta["key"]:
            pairs.append(Pair(
                first.student, first.score, second.score,
                compare.differences(first.result, second.result)))
    return pairs
