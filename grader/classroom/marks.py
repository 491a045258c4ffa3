"""From results to marks: the grader's verdict, then overrides, then lateness.

Every step is kept, so that a mark can be explained. Nothing here looks at a
clock or a submission: the same folder of results gives the same marks.
"""

from __future__ import annotations

import datetime
import math
from dataclasses import dataclass, field
from typing import Any, Dict, List, Optional, Sequence, Tuple

from .policy import EVERYBODY, FILES, FULL, Late, Override
from .store import Graded

DAY = datetime.timedelta(days=1)


@dataclass
class LabMark:
    """One lab of one student."""

    score: float
    max_score: float


@dataclass
class Mark:
    """One student's mark, and how it came about."""

    student: str
    graded: float                  # what the grader gave
    max_score: float
    labs: Dict[str, LabMark]
    earned: float = 0.0            # with overrides of tests and labs
    days_late: int = 0
    lost: float = 0.0              # by being late
    final: float = 0.0
    steps: List[str] = field(default_factory=list)    # in words
    notices: List[str] = field(default_factory=list)  # to be looked at
    undecided: List[str] = field(default_factory=list)  # of those: provisional

    def as_json(self) -> Dict[str, Any]:
        return {
            "student": self.student, "graded": self.graded,
            "max_score": self.max_score,
            "labs": {name: {"score": lab.score, "max_score": lab.max_score}
                     for name, lab in self.labs.items()},
            "earned": self.earned, "days_late": self.days_late,
            "lost": self.lost, "final": self.final, "steps": self.steps,
            "notices": self.notices}


def full_marks(graded: Sequence[Graded]) -> Dict[str, float]:
    """What each lab is worth: the most that anybody could get."""
    most: Dict[str, float] = {}
    for one in graded:
        for lab in one.labs:
            name = str(lab["name"])
            most[name] = max(most.get(name, 0.0), float(lab["max_score"]))
    return most


def mark_all(graded: Sequence[Graded], late: Optional[Late],
             overrides: Sequence[Override]) -> List[Mark]:
    """All marks, in the order of the results."""
    most = full_marks(graded)
    return [_mark(one, most, late,
                  [over for over in overrides
                   if over.student in (EVERYBODY, one.student)])
            for one in graded]


def _mark(one: Graded, most: Dict[str, float], late: Optional[Late],
          overrides: Sequence[Override]) -> Mark:
    labs = {str(lab["name"]): LabMark(float(lab["score"]),
                                      float(lab["max_score"]))
            for lab in one.labs}
    for name, points in most.items():
        labs.setdefault(name, LabMark(0.0, points))
    mark = Mark(one.student, one.score,
                sum(lab.max_score for lab in labs.values()),
                {name: labs[name] for name in most})
    for over in overrides:
        if over.what == "test":
            _override_test(mark, one, over)
        elif over.what == "lab":
            _override_lab(mark, over)
    mark.earned = mark.final = _round(
        sum(lab.score for lab in mark.labs.values()))
    if late is not None:
        _take_lateness(mark, one, late)
    for over in overrides:
        if over.what == "total":
            _override_total(mark, over)
    decided = {over.name for over in overrides if over.what == "test"}
    mark.undecided = [str(sentence) for sentence in one.meta.get("look", ())
                      if str(sentence).split(" ")[0] not in decided]
    for sentence in (one.meta.get("trouble"), one.meta.get("refused"),
                     *mark.undecided):
        if sentence:
            mark.notices.append(str(sentence))
    return mark


def _override_test(mark: Mark, one: Graded, over: Override) -> None:
    """A test's points within its lab's."""
    for lab_name, test in one.tests():
        if test["name"] == over.name:
            before = float(test["score"])
            most = float(test["max_score"])
            after = most if over.score == FULL else float(over.score)
            mark.labs[lab_name].score += after - before
            if test["status"] in ("grader_error", "not_run") and \
                    not test.get("provisional"):
                mark.labs[lab_name].max_score += most  # it counts now
                mark.max_score += most
            if after > most:
                mark.notices.append(f"the override of {over.name} gives "
                                    f"{_points(after)} of {_points(most)}")
            _note(mark, over, over.name, before, after)
            return
    mark.notices.append(f"the override of {over.name} met no such test here: "
                        "it was left out")


def _override_lab(mark: Mark, over: Override) -> None:
    lab = mark.labs.get(over.name)
    if lab is None:
        mark.notices.append(f"the override of lab {over.name} met no such lab: "
                            "it was left out")
        return
    before = lab.score
    lab.score = lab.max_score if over.score == FULL else float(over.score)
    _note(mark, over, f"lab {over.name}", before, lab.score)


def _override_total(mark: Mark, over: Override) -> None:
    before = mark.final
    mark.final = mark.max_score if over.score == FULL else float(over.score)
    _note(mark, over, "the total", before, mark.final)


def _note(mark: Mark, over: Override, what: str, before: float, after: float
          ) -> None:
    by = f" ({over.by})" if over.by else ""
    mark.steps.append(f"{what}: {_points(after)} instead of {_points(before)}: "
                      f"{over.reason}{by}")
    if over.was is not None and over.was != before:
        mark.notices.append(
            f"the override of {what} was made when {_points(over.was)} was "
            f"given; now it is {_points(before)}: decide anew")


def _take_lateness(mark: Mark, one: Graded, late: Late) -> None:
    when = late.submitted.get(one.student)
    if when is None and late.times == FILES and one.meta.get("handed_in"):
        when = datetime.datetime.fromisoformat(str(one.meta["handed_in"]))
    if when is None:
        return
    due = late.extensions.get(one.student, late.due)
    over = when - due
    if over <= datetime.timedelta(minutes=late.grace_minutes):
        return
    mark.days_late = math.ceil(over / DAY)
    if mark.days_late > late.closed_after_days:
        percent, why = 100.0, f"closed after {late.closed_after_days:g} days"
    else:
        percent = min(late.most_percent, mark.days_late * late.percent_a_day)
        why = f"-{percent:g} %"
    mark.lost = _round(mark.earned * percent / 100.0)
    mark.final = _round(mark.earned - mark.lost)
    mark.steps.append(f"{mark.days_late} day{'s' * (mark.days_late != 1)} "
                      f"late, {why}: {_points(mark.final)} instead of "
                      f"{_points(mark.earned)}")


def strangers(graded: Sequence[Graded], late: Optional[Late],
              overrides: Sequence[Override]) -> List[str]:
    """Names in the two files that no result is of: a typing error?"""
    known = {one.student for one in graded} | {EVERYBODY}
    named: List[Tuple[str, str]] = [("overrides.json", over.student)
                                    for over in overrides]
    if late is not None:
        named += [("late.json", name)
                  for name in (*late.extensions, *late.submitted)]
    return [f"{file} names {name}, of whom there are no results"
            for file, name in dict.fromkeys(named) if name not in known]


def _round(points: float) -> float:
    return round(points + 1e-9, 2)


def _points(points: float) -> str:
    return f"{points:g}"
