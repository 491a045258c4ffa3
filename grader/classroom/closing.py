"""Writes all that follows from a folder of results, without any grading.

    RESULTS/index.html            the class: look here first
    RESULTS/marks.csv             a line a student: labs, lateness, the mark
    RESULTS/items.csv             a line a test: how hard, how telling
    RESULTS/changes.txt           what the last grade changed
    RESULTS/students/NAME/grade.json              the mark, and how it came
    RESULTS/students/NAME/for-student/grade.txt   the same, to be sent
"""

from __future__ import annotations

import pathlib
from dataclasses import dataclass, field
from typing import Any, Dict, List, Optional, Tuple

from . import (again, canvas, changes, for_student, items, marks, policy,
               sheet, shown, store)
from .store import Graded


@dataclass
class Class:
    """Everything about a class."""

    graded: List[Graded]
    marks: List[marks.Mark]
    items: List[items.Item]
    pairs: List[again.Pair]
    changes: List[changes.Change]
    alphas: Dict[str, Optional[float]]
    late: Optional[policy.Late]
    notices: List[str] = field(default_factory=list)

    def mark_of(self, student: str) -> marks.Mark:
        return next(one for one in self.marks if one.student == student)


def read(results: pathlib.Path) -> Class:
    """Reads it all. Trouble if one of the instructor's files is wrong."""
    graded = store.read_all(results)
    late = policy.read_late(results / store.LATE)
    overrides = policy.read_overrides(results / store.OVERRIDES)
    most = marks.full_marks(graded)
    told = Class(graded, marks.mark_all(graded, late, overrides),
                 items.items(graded), again.find(results),
                 changes.find(results),
                 {lab: items.alpha(graded, lab) for lab in most}, late)
    told.notices = _notices(results, told, overrides)
    return told


def _notices(results: pathlib.Path, told: Class,
             overrides: List[policy.Override]) -> List[str]:
    """What the instructor should know of the whole."""
    found = marks.strangers(told.graded, told.late, overrides)
    for name, what in (("grader", "kits"), ("options", "options"),
                       ("sandbox", "sandboxes")):
        seen = sorted({str(one.meta.get(name)) for one in told.graded})
        if len(seen) > 1:
            found.append(f"graded with different {what}: "
                         f"{'; '.join(seen)}: grade again what is old")
    listed: Any = store.read_json(results / store.CLASS) or {}
    names = {one.student for one in told.graded}
    expected = set(listed.get("submissions", names))
    for missing, what in ((expected - names, "no results yet: the same "
                           "command goes on"),
                          (names - expected, "results, but no submission any "
                           "more")):
        if missing:
            found.append(f"{', '.join(sorted(missing))}: {what}")
    found += [str(one) for one in listed.get("refused", [])]
    for one in told.graded:
        if one.meta.get("tried_twice"):
            found.append(
                f"{one.student}: the grader itself failed in "
                f"{', '.join(one.meta['tried_twice'])}; run again, it came to "
                "a verdict, which counts")
    for pair in told.pairs:
        if not pair.same:
            found.append(f"{pair.student}, graded twice, did not get the same: "
                         f"{'; '.join(compare_first(pair.tests))}")
    for mark in told.marks:
        found += [f"{mark.student}: {notice}" for notice in mark.notices]
    return found


def compare_first(sentences: List[str]) -> List[str]:
    return sentences[:3] + ["..."] * (len(sentences) > 3)


def write(results: pathlib.Path) -> Tuple[List[str], bool]:
    """Writes it all: a few lines for the person at the terminal, and whether
    all marks stand."""
    from . import page
    told = read(results)
    store.write_text(results / "marks.csv", _marks_csv(told))
    store.write_text(results / "items.csv", _items_csv(told))
    store.write_text(results / "changes.txt", changes.text(told.changes))
    for one in told.graded:
        mark = told.mark_of(one.student)
        store.write_json(one.folder / "grade.json", mark.as_json())
        if not (one.folder / store.FOR_STUDENT / for_student.REPORT).exists():
            for_student.write(one.folder, one.result)
        store.write_text(one.folder / store.FOR_STUDENT / for_student.GRADE,
                         grade_text(one, mark))
    store.write_text(results / "index.html", page.page(told))
    return _said(results, told), not any(mark.undecided for mark in told.marks)


def _said(results: pathlib.Path, told: Class) -> List[str]:
    finals = [mark.final for mark in told.marks]
    lines = [f"{len(finals)} students"]
    if finals:
        most = max(mark.max_score for mark in told.marks)
        lines[0] += (f": median {items.median(finals):g}, best "
                     f"{max(finals):g} of {most:g} points")
    if told.pairs:
        same = sum(pair.same for pair in told.pairs)
        lines.append(f"graded twice: {len(told.pairs)}, of which {same} came "
                     "out the same to the last trace hash")
    found = sum(len(one.meta["findings"]) for one in told.graded)
    if found:
        lines.append(f"{found} findings about what submissions tried")
    if told.changes:
        lines.append(f"{len(told.changes)} grades differ from the ones before: "
                     f"{results / 'changes.txt'}")
    lines += [f"look at this: {one}" for one in told.notices[:10]]
    if len(told.notices) > 10:
        lines.append(f"... and at {len(told.notices) - 10} more on the page")
    return lines + [f"The class: {results / 'index.html'}"]


def _marks_csv(told: Class) -> str:
    labs = list(marks.full_marks(told.graded))
    text = sheet.line(["student", "id", *labs, "graded", "earned",
                       "days late", "lost", "final", "out of", "percent",
                       "findings", "steps", "notices"])
    for one in told.graded:
        mark = told.mark_of(one.student)
        percent = round(100 * mark.final / mark.max_score, 2) \
            if mark.max_score else None
        text += sheet.line([
            one.student, one.meta.get("id", ""),
            *(mark.labs[lab].score for lab in labs), mark.graded,
            mark.earned, mark.days_late, mark.lost, mark.final,
            mark.max_score, percent, len(one.meta["findings"]),
            " | ".join(mark.steps), " | ".join(mark.notices)])
    return text


def _items_csv(told: Class) -> str:
    text = sheet.line(["lab", "test", "title", "points", "students", "passed",
                       "pass rate", "difficulty", "discrimination", "spread",
                       "remark"])
    for item in told.items:
        text += sheet.line([
            item.lab, item.name, item.title, item.max_score, item.count,
            item.passed, *(None if one is None else round(one, 3) for one in (
                item.pass_rate, item.difficulty, item.discrimination,
                item.spread)), item.remark])
    return text


def grade_text(one: Graded, mark: marks.Mark) -> str:
    """grade.txt: what a student is sent."""
    view = shown.look({"labs": [], **one.result})
    lines = [f"{one.student}: {mark.final:g} of {mark.max_score:g} points", ""]
    for name, lab in mark.labs.items():
        lines.append(f"  {name:<14} {lab.score:>7g} of {lab.max_score:g}")
    if mark.steps:
        lines += ["", "By your instructor's rules and decisions:"]
        lines += [f"  {view.without_secrets(step)}" for step in mark.steps]
    if one.meta.get("refused"):
        lines += ["", f"It was not graded: {one.meta['refused']}"]
    found = view.public(one.meta.get("findings", ()))
    if found:
        lines += ["", "Found in it or on it:"]
        lines += [f"  {sentence}" for sentence in found]
    if mark.undecided:
        lines += ["", "Provisional: the grader itself failed in some tests. "
                  "They give no points until", "your instructor has looked at "
                  "them."]
    lines += ["", "Content {}, kit {}, grader {}, sandbox {}, {}".format(
        str(one.meta["sha256"])[:16], *(one.meta.get(name, "?") for name in (
            "kit", "grader", "sandbox", "options")))]
    return "\n".join(lines) + "\n"


def write_canvas(results: pathlib.Path, export: pathlib.Path,
                 column: Optional[str], missing: Optional[str],
                 scale: bool = False) -> List[str]:
    """RESULTS/canvas.csv, and what there is to say. Trouble."""
    told = read(results)
    ids = {one.student: str(one.meta.get("id", "")) for one in told.graded}
    filled = canvas.fill(export, column, told.marks, ids, missing, scale)
    path = results / "canvas.csv"
    path.write_bytes(filled.data)
    return [f"note: {one}" for one in filled.notes] + [
        f"{filled.count} marks are in {path}: import that in Canvas"]
