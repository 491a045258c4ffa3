"""Statistics of tests: what a class says about them.

difficulty       the mean share of a test's points that was earned: 1 is easy
discrimination   how a test goes with the rest: the correlation of its points
                 with the total of all other tests of its lab, from -1 to 1
spread           the mean of the best 27 % less that of the worst 27 %
alpha            Cronbach's, of a lab: how far its tests measure one thing

Those whose work was refused before any test are left out. A number that cannot
be said (everybody has the same points) is None.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Dict, List, Optional, Sequence, Tuple

from .store import Graded

_TAILS = 0.27           # of a class, at either end, as is usual
_FEW = 8                # with fewer students, numbers say little
_EASY, _HARD = 0.98, 0.1
_WEAK = 0.1             # discrimination below which a test is to be looked at


@dataclass
class Item:
    """One test in the eyes of a class."""

    name: str
    lab: str
    title: str
    max_score: float
    count: int                          # of students it has a verdict on
    passed: int
    difficulty: float
    discrimination: Optional[float]
    spread: Optional[float]
    statuses: Dict[str, int] = field(default_factory=dict)
    remark: str = ""                    # if it is to be looked at

    @property
    def pass_rate(self) -> float:
        return self.passed / self.count if self.count else 0.0


Row = Dict[str, float]  # of one student: test -> points


def items(graded: Sequence[Graded]) -> List[Item]:
    """All tests, in the order of the labs."""
    rows: Dict[str, List[Row]] = {}
    found: Dict[str, Item] = {}
    for one in graded:
        mine: Dict[str, Row] = {}
        for lab, test in one.tests():
            item = found.setdefault(test["name"], Item(
                test["name"], lab, test["title"], float(test["max_score"]),
                0, 0, 0.0, None, None))
            status = str(test["status"])
            item.statuses[status] = item.statuses.get(status, 0) + 1
            if status in ("grader_error", "not_run"):
                continue
            item.count += 1
            item.passed += status == "passed"
            mine.setdefault(lab, {})[item.name] = float(test["score"])
        for lab, row in mine.items():
            rows.setdefault(lab, []).append(row)
    for item in found.values():
        _measure(item, rows.get(item.lab, []))
    return list(found.values())


def _measure(item: Item, rows: Sequence[Row]) -> None:
    mine = [(row[item.name], sum(row.values()) - row[item.name])
            for row in rows if item.name in row]
    if not mine or not item.max_score:
        return
    item.difficulty = _mean([one for one, _ in mine]) / item.max_score
    item.discrimination = correlation(mine)
    item.spread = _spread([(one / item.max_score, one + rest)
                           for one, rest in mine])
    item.remark = _remark(item)


def _remark(item: Item) -> str:
    if item.count < _FEW:
        return ""
    if item.discrimination is not None and item.discrimination < 0:
        return "those who are good at the rest fail it: is it right?"
    if item.difficulty >= _EASY:
        return "everybody has it"
    if item.difficulty <= _HARD:
        return "hardly anybody has it"
    if item.discrimination is not None and item.discrimination < _WEAK:
        return "says little about the rest"
    return ""


def correlation(pairs: Sequence[Tuple[float, float]]) -> Optional[float]:
    """Pearson's; None when one of the two never varies."""
    if len(pairs) < 2:
        return None
    x_mean = _mean([x for x, _ in pairs])
    y_mean = _mean([y for _, y in pairs])
    xx = sum((x - x_mean) ** 2 for x, _ in pairs)
    yy = sum((y - y_mean) ** 2 for _, y in pairs)
    if xx <= 1e-12 or yy <= 1e-12:
        return None
    xy = sum((x - x_mean) * (y - y_mean) for x, y in pairs)
    return xy / math.sqrt(xx * yy)


def _spread(pairs: Sequence[Tuple[float, float]]) -> Optional[float]:
    """Of (share, total): the mean share at the top less that at the bottom."""
    size = round(len(pairs) * _TAILS)
    if size < 1:
        return None
    ordered = sorted(pairs, key=lambda one: one[1])
    return _mean([share for share, _ in ordered[-size:]]) - \
        _mean([share for share, _ in ordered[:size]])


def alpha(graded: Sequence[Graded], lab: str) -> Optional[float]:
    """Cronbach's alpha of a lab."""
    rows = [{test["name"]: float(test["score"])
             for name, test in one.tests() if name == lab} for one in graded]
    rows = [row for row in rows if row]
    names = sorted(set.intersection(*(set(row) for row in rows))) \
        if rows else []
    if len(rows) < 2 or len(names) < 2:
        return None
    total = _variance([sum(row[name] for name in names) for row in rows])
    if total <= 1e-12:
        return None
    parts = sum(_variance([row[name] for row in rows]) for name in names)
    return len(names) / (len(names) - 1) * (1 - parts / total)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _variance(values: Sequence[float]) -> float:
    mean = _mean(values)
    return sum((value - mean) ** 2 for value in values) / len(values)


def hardest(found: Sequence[Item], count: int = 10) -> List[Item]:
    """Those that fewest passed, of those that somebody was graded on."""
    return sorted((item for item in found if item.count),
                  key=lambda item: (item.pass_rate, -item.max_score,
                                    item.name))[:count]


def median(values: Sequence[float]) -> float:
    ordered = sorted(values)
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else \
        (ordered[half - 1] + ordered[half]) / 2
