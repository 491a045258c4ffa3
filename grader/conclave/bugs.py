"""Seeded bugs: is each of them caught by the test that must catch it?

A file of solution/bugs says what is wrong and holds a diff against the
reference (solution/bugs/README.md). Each bug is planted into a copy of its
stage, and that is graded by the very command that a person would type, with
the tests that its header names and no others. So a bug runs in whatever worlds
a grade runs in, and here is only bookkeeping.
"""

from __future__ import annotations

import argparse
import asyncio
import fcntl
import itertools
import json
import os
import pathlib
import re
import shutil
import statistics
import sys
from dataclasses import dataclass, field
from typing import IO, Any, Dict, List, Mapping, Optional, Sequence, Tuple

from . import kill_table
from .discover import Course, test_id
from .failure import CRASHED, FAILED, PASSED, TIMEOUT, GraderError
from .patch import FileChange, PatchError, parse
from .report import Report

EXIT_CAUGHT, EXIT_MISSED, EXIT_GRADER = 0, 1, 4
OURS = "ours"                     # a number for bugs that BUGS.md has not
_CAUGHT = (FAILED, CRASHED, TIMEOUT)
_HEADINGS = ("Bug", "Name", "Stage", "Breaks", "What", "Schedule")
_PASSED_ON = ("world", "seeds")   # options of a grade that hold here as well
_FLAGS_PASSED_ON = ("isolate",)
_HAS_NO_USE = ("submission", "solution", "only", "replay", "list", "json",
               "junit", "gradescope", "html")  # of the options of a grade
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*\Z")


class BadBug(GraderError):
    """One sentence on what is wrong with a file of solution/bugs."""


class BadOrder(Exception):
    """One sentence for the person who typed the command."""


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
                if one is not None and one["status"] in _CAUGHT]

    def _first(self, results: Sequence[Mapping[str, Any]]
               ) -> Optional[Dict[str, Any]]:
        """The result that counts of the test that must catch it: with two
        worlds there may be two, of which one is enough. One that was not run,
        because a test that it needs had failed, has seen nothing."""
        mine = [dict(one) for one in results
                if one["name"] == self.bug.caught_by[0]
                and not one.get("observed", "").startswith("not run:")]
        mine.sort(key=lambda one: one["status"] not in _CAUGHT)
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

    def others(self) -> Dict[str, int]:
        """The other tests named, and how often each caught it too."""
        return {name: sum(any(one["name"] == name and one["status"] in _CAUGHT
                              for one in results) for results in self.results)
                for name in self.bug.caught_by[1:]}


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


# ---- Running ---------------------------------------------------------------

class _Hunt:
    """All bugs wanted, some at a time."""

    def __init__(self, root: pathlib.Path, options: argparse.Namespace,
                 report: Report):
        self.root = root
        self.options = options
        self.report = report
        self.seeds = range(options.seed, options.seed + options.first_seeds)
        self.shows = False  # what the grade says, as a student would see it
        self._benches: "asyncio.Queue[pathlib.Path]" = asyncio.Queue()
        build = root / (os.environ.get("BUILD") or "build")
        self.folder = build / (os.environ.get("FLAVOUR") or "release") / "bugs"

    async def run(self, bugs: Sequence[Bug]) -> List[Catch]:
        """Grades them. When cancelled, leaves nothing running."""
        self.shows = len(bugs) == 1 and len(self.seeds) == 1
        locks = [self._claim_bench()
                 for _ in range(min(self.options.jobs, len(bugs)))]
        tasks = [asyncio.ensure_future(self._catch(bug)) for bug in bugs]
        try:
            return list(await asyncio.gather(*tasks))
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for lock in locks:
                lock.close()

    def _claim_bench(self) -> IO[str]:
        """Takes the first bench that no other hunt works at, until the file
        that is returned is closed."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for number in itertools.count():
            bench = self.folder / f"bench-{number}"
            lock = open(f"{bench}.lock", "w")
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.close()
                continue
            self._benches.put_nowait(bench)
            return lock
        raise AssertionError("not reached")

    async def _catch(self, bug: Bug) -> Catch:
        """Grades one bug on a bench of its own. The next bug on that bench is
        built soon: only the files that differ are compiled."""
        catch = Catch(bug)
        bench = await self._benches.get()
        try:
            plant(bug, self.root, self.folder / bug.name)  # for people
            plant(bug, self.root, bench)
            for seed in self.seeds:
                await self._grade(catch, bench, seed)
        except BadBug as error:
            catch.troubles.append(str(error))
        finally:
            self._benches.put_nowait(bench)
        self.report.line(kill_table.line(catch))
        return catch

    async def _grade(self, catch: Catch, bench: pathlib.Path, seed: int
                     ) -> None:
        """One grade; its results, or why there are none, go into the catch."""
        path = bench / "results.json"
        path.unlink(missing_ok=True)
        only = [word for name in catch.bug.caught_by
                for word in ("--only", name)]
        process = await asyncio.create_subprocess_exec(
            sys.executable, str(self.root / "grader" / "grade"),
            catch.bug.stage, "--submission", str(bench), *only,
            "--seed", str(seed), *passed_on(self.options),
            "--jobs", "1", "--json", str(path),
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT, start_new_session=True)
        try:
            said, _ = await process.communicate()
        except asyncio.CancelledError:
            process.terminate()  # it ends its nodes itself
            await process.wait()
            raise
        trouble = self._read(catch, path)
        if trouble:
            catch.troubles.append(f"seed {seed}: {trouble}")
        if trouble or self.shows:
            self.report.line(said.decode(errors="replace").rstrip() + "\n")

    def _read(self, catch: Catch, path: pathlib.Path) -> str:
        """Takes the results of a grade; or says why they are no verdict."""
        try:
            labs = json.loads(path.read_text())["labs"]
        except (OSError, ValueError, KeyError):
            return "the grader came to no results"
        tests = [test for lab in labs for test in lab["tests"]]
        for test in tests:
            if test["status"] not in (PASSED, *_CAUGHT):
                return f"{test['name']}: {test['status']}: {test['observed']}"
        if not any(test["name"] == catch.bug.caught_by[0] for test in tests):
            return f"there is no result of {catch.bug.caught_by[0]}"
        catch.results.append(tests)
        return ""


def passed_on(options: argparse.Namespace) -> List[str]:
    """The words of a command line that a grade of a bug gets too."""
    words: List[str] = []
    for name in _PASSED_ON:
        if getattr(options, name, None) is not None:
            words += [f"--{name}", str(getattr(options, name))]
    return words + [f"--{name}" for name in _FLAGS_PASSED_ON
                    if getattr(options, name, False)]


def run(root: pathlib.Path, courses: Sequence[Course],
        options: argparse.Namespace, report: Report) -> int:
    """grader/grade --bug; the exit status. BadOrder, BadBug."""
    for name in _HAS_NO_USE:
        if getattr(options, name, None):
            raise BadOrder(f"--bug grades the reference with a bug in it: "
                           f"leave --{name} away")
    folder = root / "solution" / "bugs"
    if not folder.is_dir():
        raise BadOrder("there is no solution/bugs here: --bug is for those "
                       "who have the reference")
    known = load_all(folder, courses)
    chosen = select(known, options.bug, options.labs)
    if not chosen:
        where = f" of lab {' or '.join(options.labs)}" if options.labs else ""
        raise BadOrder(f"there is no bug '{options.bug}'{where}: take all, a "
                       "number, or the name of a file in solution/bugs")
    hunt = _Hunt(root, options, report)
    wanted = [bug for bug in chosen if bug.changes]
    kill_table.expect(wanted)
    catches = asyncio.run(hunt.run(wanted))
    catches.sort(key=lambda catch: catch.bug.order)
    for text in kill_table.closing(catches, chosen):
        report.line(text)
    if options.bug == "all" and not options.labs:
        command = " ".join(["grader/grade", "--bug all",
                            f"--seed {options.seed}",
                            f"--first-seeds {options.first_seeds}",
                            *passed_on(options)])
        kill_table.write(root / "solution", command, catches, known)
    if any(catch.troubles for catch in catches):
        return EXIT_GRADER
    return EXIT_CAUGHT if all(catch.always for catch in catches) \
        else EXIT_MISSED
