"""Seeded bugs: is each of them caught by the test that must catch it?

A file of solution/bugs says what is wrong and holds a diff against the
reference (solution/bugs/README.md). Each bug is planted into a copy of its
stage, and that is graded as any submission is, with the tests that its header
names and no others (hunt.py). So a bug runs in whatever worlds a grade runs in,
and here is only bookkeeping.
"""

from __future__ import annotations

import pathlib
import re
import shutil
import statistics
from dataclasses import dataclass, field
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from .discover import Course, test_id
from .failure import CRASHED, FAILED, TIMEOUT, GraderError
from .patch import FileChange, PatchError, parse

OURS = "ours"                     # a number for bugs that BUGS.md has not
CAUGHT = (FAILED, CRASHED, TIMEOUT)
_HEADINGS = ("Bug", "Name", "Stage", "Breaks", "What", "Schedule")
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*\Z")


class BadBug(GraderError):
    """One sentence on what is wrong with a file of solution/bugs."""


@dataclass(frozen=True)
class Bug:
    """One file of solution/bugs."""

    name: str                   # "votes-twice", as the file is called
    number: str                 # in the list of bugs, or OURS
    stage: str                  # the lab whose stage it spoils: "election"
    breaks: str                 # what it breaks: "ES", "LIVE", "memory", ...
    what: str                   # what is wrong, in a sentence
    schedule: str               # what shows it
    caught_by: Tuple[str, ...]  # tests; the first is the one that must
    left_out: str               # why there is no diff; "": there is one
    changes: Tuple[FileChange, ...]

    @property
    def order(self) -> Tuple[int, str]:
        """By number, ours last."""
        return (int(self.number) if self.number.isdigit() else 1 << 30,
                self.name)


@dataclass
class Catch:
    """A bug, graded from some first seeds."""

    bug: Bug
    results: List[List[Dict[str, Any]]] = field(default_factory=list)
    troubles: List[str] = field(default_factory=list)  # no verdict, and why

    def decisive(self) -> List[Dict[str, Any]]:
        """For each first seed where it was caught, the test that had to."""
        return [one for one in map(self._first, self.results)
                if one is not None and one["status"] in CAUGHT]

    def _first(self, results: Sequence[Mapping[str, Any]]
               ) -> Optional[Dict[str, Any]]:
        """The result that counts of the test that must catch it: with two
        worlds there may be two, of which one is enough. One that was not run,
        because a test that it needs had failed, has seen nothing."""
        mine = [dict(one) for one in results
                if one["name"] == self.bug.caught_by[0]
                and not one.get("observed", "").startswith("not run:")]
        mine.sort(key=lambda one: one["status"] not in CAUGHT)
        return mine[0] if mine else None

    @property
    def caught(self) -> int:
        """From how many first seeds."""
        return len(self.decisive())

    @property
    def runs(self) -> int:
        return len(self.results) + len(self.troubles)

    @property
    def always(self) -> bool:
        return self.caught == self.runs > 0

    def rules(self) -> List[str]:
        """By which rules, the most frequent first."""
        found = [str(one["rule"]) for one in self.decisive()]
        return sorted(set(found), key=lambda rule: -found.count(rule))

    def seeds(self) -> int:
        """Seeds until caught: the worst."""
        return max((int(one["seeds"]) for one in self.decisive()), default=0)

    def seconds(self) -> float:
        """Seconds until caught: the median."""
        found = [float(one["seconds"]) for one in self.decisive()]
        return statistics.median(found) if found else 0.0

    def worlds(self) -> List[str]:
        """In which it was caught."""
        return sorted({str(one["world"]) for one in self.decisive()})

    def others(self) -> Dict[str, Tuple[int, int]]:
        """The other tests named: how often each caught it too, and how often
        it was run."""
        told = {name: [one["status"] in CAUGHT for results in self.results
                       for one in results if one["name"] == name]
                for name in self.bug.caught_by[1:]}
        return {name: (sum(caught), len(caught))
                for name, caught in told.items()}


# ---- Reading ---------------------------------------------------------------

def load_all(folder: pathlib.Path, courses: Sequence[Course]) -> List[Bug]:
    """All bugs in order. BadBug."""
    tests = {test_id(course.lab, test): course.lab.name
             for course in courses for test in course.tests}
    bugs = [load(path) for path in folder.glob("*.patch")]
    labs = [course.lab.name for course in courses]
    for bug in bugs:
        where = f"{folder.name}/{bug.name}.patch"
        if bug.stage not in labs:
            raise BadBug(f"{where}: there is no stage {bug.stage}: take "
                         f"{' or '.join(labs)}")
        for name in bug.caught_by:
            if tests.get(name) != bug.stage:
                raise BadBug(f"{where}: {bug.stage} has no test {name}: see "
                             "grader/grade --list")
    return sorted(bugs, key=lambda bug: bug.order)


def load(path: pathlib.Path) -> Bug:
    """One file. BadBug says what is wrong with it."""
    where = f"{path.parent.name}/{path.name}"
    try:
        text = path.read_text(encoding="utf-8")
        head, _, diff = text.partition("\n--- ")
        fields = _parse_head(head)
        changes = tuple(parse("--- " + diff)) if diff else ()
    except (OSError, ValueError, PatchError) as error:
        raise BadBug(f"{where}: {error}") from error
    missing = [name for name in _HEADINGS if not fields.get(name)]
    if missing:
        raise BadBug(f"{where}: its header lacks {', '.join(missing)}")
    if fields["Name"] != path.stem or not _NAME.match(path.stem):
        raise BadBug(f"{where}: Name must be the file's own, in small letters "
                     "with hyphens")
    if not (fields["Bug"].isdigit() or fields["Bug"] == OURS):
        raise BadBug(f"{where}: Bug is a number of the list, or '{OURS}'")
    left_out = fields.get("Left out", "")
    caught_by = tuple(fields.get("Caught by", "").replace(",", " ").split())
    if bool(left_out) == bool(changes) or bool(caught_by) != bool(changes):
        raise BadBug(f"{where}: a bug has a diff and 'Caught by', or the "
                     "reason why it has neither as 'Left out'")
    return Bug(fields["Name"], fields["Bug"], fields["Stage"],
               fields["Breaks"], fields["What"], fields["Schedule"],
               caught_by, left_out, changes)


def _parse_head(head: str) -> Dict[str, str]:
    """Lines of "Name: text"; an indented line goes on with the one before."""
    fields: Dict[str, str] = {}
    name = ""
    for line in head.splitlines():
        if not line.strip():
            continue
        if line[0] == " " and name:
            fields[name] += " " + line.strip()
            continue
        name, colon, text = line.partition(":")
        if not colon or name not in (*_HEADINGS, "Caught by", "Left out"):
            raise ValueError(f"'{line}' is no line of a header")
        if name in fields:
            raise ValueError(f"its header has {name} twice")
        fields[name] = text.strip()
    return fields


def select(bugs: Sequence[Bug], wanted: str, labs: Sequence[str]) -> List[Bug]:
    """Those of a name or number, or all; of some labs only, if any is named."""
    return [bug for bug in bugs if not labs or bug.stage in labs
            if wanted in ("all", bug.name, bug.number)]


def plant(bug: Bug, root: pathlib.Path, folder: pathlib.Path) -> None:
    """Makes a submission of the reference's stage with the bug in it."""
    stages = {pathlib.PurePath(change.path).parts[:2] for change in bug.changes}
    if len(stages) != 1 or next(iter(stages))[:1] != ("solution",):
        raise BadBug(f"bugs/{bug.name}.patch changes more than one stage of "
                     "solution/")
    source = root.joinpath(*next(iter(stages)))
    into = folder / source.name
    into.mkdir(parents=True, exist_ok=True)
    for path in folder.iterdir():
        if path.is_dir() and path != into:  # another bug's stage
            shutil.rmtree(path)
    files = {path.name: path.read_text(encoding="utf-8")
             for path in source.glob("*.[ch]")}
    for change in bug.changes:
        name = pathlib.PurePath(change.path).name
        if name not in files or len(pathlib.PurePath(change.path).parts) != 3:
            raise BadBug(f"bugs/{bug.name}.patch: there is no {change.path}")
        try:
            files[name] = change.apply(files[name])
        except PatchError as error:
            raise BadBug(f"bugs/{bug.name}.patch: {error}; make the diff anew "
                         "(solution/bugs/README.md)") from error
    for path in into.iterdir():
        if path.name not in files:
            path.unlink()
    for name, text in files.items():
        (into / name).write_text(text, encoding="utf-8")
