"""Grades one submission into RESULTS/students/NAME: `grade-class --one`.

It needs nothing but the kit, the submission and a folder, and shares nothing
with other grades; so a class can be spread by any means. What is done already
(the same content, kit and options) is kept. A folder of results appears whole
or not at all.
"""

from __future__ import annotations

import dataclasses
import datetime
import fcntl
import os
import pathlib
import shutil
import tempfile
import time
from dataclasses import dataclass, field
from typing import Any, Dict, List, Optional, Sequence, Tuple

from . import content, for_student, grading, key, second, store
from .entries import Entry
from .trouble import Trouble
from .unpack import Refused, unpack

GRADED, KEPT, REFUSED, TROUBLE = "graded", "kept", "refused", "trouble"
_TAKEN = (0, 1, 3)  # exit statuses of a grade that came to a verdict
_LOCK = "lock"            # of a grade in the making; says where its scratch is
_SCRATCH = "cv-class-"
_SECOND = "second.json"    # what a second try of some tests found


@dataclass(frozen=True)
class Bench:
    """What a grade needs, the same for all of a class."""

    results: pathlib.Path
    options: key.Options
    stages: Tuple[str, ...]      # folders of all labs: "1-rpc", ...
    labs: Tuple[str, ...]        # names of those graded
    version: str                 # the kit's, as students know it
    kit: str                     # a digest of what in it can move a grade
    grader: List[str]            # the command
    sandbox: str                 # the level
    again: bool = False          # the second grade of a sample
    fresh: bool = False          # even if it is done
    niceness: int = 0

    @property
    def kind(self) -> str:
        return store.AGAIN if self.again else store.STUDENTS


@dataclass
class Outcome:
    """How one submission went."""

    student: str
    how: str                     # GRADED, KEPT, ...
    meta: Dict[str, Any] = field(default_factory=dict)

    def line(self) -> str:
        """For people."""
        if self.how == TROUBLE:
            return f"{self.student}: {self.meta['trouble']}"
        if self.meta.get("refused"):
            return f"{self.student}: refused: {self.meta['refused']}"
        text = (f"{self.student}: {self.meta['score']:g}/"
                f"{self.meta['max_score']:g}")
        if self.how == KEPT:
            return f"{text}, done before"
        found = len(self.meta["findings"])
        told = f", {found} finding{'s' * (found != 1)}" * bool(found)
        told += ", needs a look" * bool(self.meta.get("look"))
        return f"{text} in {self.meta['seconds']:.0f} s{told}"


def prepare(results: pathlib.Path, options: key.Options,
            grader: Optional[pathlib.Path] = None,
            level: str = "", **more: Any) -> Bench:
    """Finds out what all grades have in common. Trouble."""
    from conclave import kit as version
    stages = tuple(sorted(path.parent.name for path in
                          (grading.ROOT / "labs").glob("*/tests.py")))
    names = tuple(name.split("-", 1)[-1] for name in stages)
    if not level:  # else whoever started us has looked
        _check_labs(options.labs)
    for path in (options.secret, options.published):
        if path is not None and not path.is_file():
            raise Trouble(f"there is no file {path}")
    command = grading.grader_of(grader)
    kit = key.kit_digest(grading.ROOT)
    if grader is not None:       # a test's own: it is the kit, and builds none
        level = grading.accept(level or "none", "by a test", options)
        kit = _hash_of([grader])
    level = level or grading.build_kit(options)
    return Bench(results.absolute(), options, stages, options.labs or names,
                 version.version(grading.ROOT), kit, command, level, **more)


def _check_labs(wanted: Sequence[str]) -> None:
    """Whether there are such labs. Trouble."""
    from conclave import discover  # slow: it loads all tests
    names = [course.lab.name for course in
             discover.load_all(grading.ROOT / "labs")]
    for name in wanted:
        if name not in names:
            raise Trouble(f"there is no lab '{name}': take "
                          f"{' or '.join(names)}")


def grade_one(bench: Bench, entry: Entry) -> Outcome:
    """Grades, or keeps what is there. Trouble is told in the outcome."""
    work_root = bench.results / store.WORK
    work_root.mkdir(parents=True, exist_ok=True)
    work = pathlib.Path(tempfile.mkdtemp(dir=str(work_root),
                                         prefix=f"{entry.student}."))
    # What the sandbox lets in must be where other users can pass.
    scratch = pathlib.Path(tempfile.mkdtemp(prefix=_SCRATCH))
    try:
        scratch.chmod(0o711)
        with open(work / _LOCK, "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            lock.write(str(scratch))
            lock.flush()
            return _Grade(bench, entry, work, scratch).run()
    finally:
        shutil.rmtree(work, ignore_errors=True)
        shutil.rmtree(scratch, ignore_errors=True)


def sweep(results: pathlib.Path) -> None:
    """Removes what killed grades have left behind; not what still runs."""
    folder = results / store.WORK
    for path in folder.iterdir() if folder.is_dir() else ():
        try:
            with open(path / _LOCK) as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                scratch = pathlib.Path(lock.read())
                if scratch.name.startswith(_SCRATCH):
                    shutil.rmtree(scratch, ignore_errors=True)
                shutil.rmtree(path, ignore_errors=True)
        except BlockingIOError:
            continue
        except OSError:
            if time.time() - path.lstat().st_mtime > 60:
                shutil.rmtree(path, ignore_errors=True)


class _Grade:
    """One grade in the making."""

    def __init__(self, bench: Bench, entry: Entry, work: pathlib.Path,
                 scratch: pathlib.Path):
        self.bench = bench
        self.entry = entry
        self.scratch = scratch
        self.made = work / "made"
        self.place = bench.results / bench.kind / entry.student
        self._tries_again = False  # the grader itself had failed in tests
        self.made.mkdir()
        self.meta: Dict[str, Any] = {
            "student": entry.student, "submission": entry.shown,
            "id": entry.id, "sha256": "", "key": "",
            "kit": bench.version, "grader": bench.kit[:10],
            "options": bench.options.told(), "sandbox": bench.sandbox,
            "handed_in": _newest(entry.paths), "stages": [],
            "score": 0, "max_score": 0, "seconds": 0.0, "cpu_seconds": 0.0,
            "finished": False, "refused": "", "trouble": "", "findings": [],
            "look": [], "tried_twice": []}

    def run(self) -> Outcome:
        files = self.made / store.SUBMISSION
        top: Optional[pathlib.Path] = None
        try:
            self.meta["findings"] = unpack(self.entry, files)
            top = content.find_top(files, self.bench.stages, self.bench.labs)
        except Refused as error:
            self.meta["refused"] = str(error)
        self._seal(content.content_hash(files) if top is not None
                   else _hash_of(self.entry.paths))
        kept = None if self.bench.fresh else self._done_before()
        if kept is not None:
            return Outcome(self.entry.student, KEPT, kept)
        how = REFUSED
        if top is not None:
            how = self._grade(top)
        else:
            shutil.rmtree(files, ignore_errors=True)
            store.write_json(self.made / store.RESULT,
                             {"score": 0, "max_score": 0, "labs": [],
                              "finished": True})
        if how != TROUBLE or self.meta["max_score"]:
            self._settle()
        return Outcome(self.entry.student, how, self.meta)

    def _seal(self, sha256: str) -> None:
        self.meta["sha256"] = sha256
        self.meta["key"] = key.key(sha256, self.bench.kit,
                                   self.meta["options"],
                                   self.bench.sandbox)

    def _done_before(self) -> Optional[Dict[str, Any]]:
        """What is in place, if it is this very grade."""
        there = store.read(self.place)
        if there is None or there.meta.get("key") != self.meta["key"] or \
                there.meta.get("trouble"):
            return None
        return there.meta

    def _grade(self, top: pathlib.Path) -> str:
        """Runs the grader on the folder with the stages."""
        self.meta["stages"] = [name for name in self.bench.stages
                               if (top / name).is_dir()]
        grading.copy_build(self.scratch / "build")
        began = time.monotonic()
        ended = self._call(top, self.bench.options, store.RESULT)
        result = store.read_json(self.made / store.RESULT)
        self._tries_again = bool(result) and second.is_needed(result) and \
            bool(result.get("finished"))
        if self._tries_again:
            self._try_again(top, result)
        elif ended.out_of_time and result:
            store.write_json(self.made / store.RESULT,
                             second.count_unrun(result))
        self.meta["seconds"] = round(time.monotonic() - began, 1)
        self._rename_paths(top)
        return self._judge(ended)

    def _call(self, top: pathlib.Path, options: key.Options, name: str
              ) -> grading.Ended:
        """Calls the grader; what it finds is in a file of that name."""
        pages = ["--html", str(self.made / store.PAGES)] * options.pages
        ended = grading.run(
            [*self.bench.grader, *grading.words(options),
             "--submission", str(top), "--json", str(self.made / name),
             *pages],
            self.scratch, self.made / store.TEXT,
            60.0 * options.limit_minutes, self.bench.niceness)
        self.meta["cpu_seconds"] = round(
            self.meta["cpu_seconds"] + ended.cpu_s, 1)
        return ended

    def _try_again(self, top: pathlib.Path, result: Dict[str, Any]) -> None:
        """Those tests once more in which the grader itself failed."""

        def again(labs: Sequence[str], names: Sequence[str]
                  ) -> Optional[second.Result]:
            self._call(top, dataclasses.replace(
                self.bench.options, labs=tuple(labs), only=tuple(names)),
                _SECOND)
            found: Optional[second.Result] = \
                store.read_json(self.made / _SECOND)
            return found

        settled = second.settle(result, again)
        store.write_json(self.made / store.RESULT, settled)
        (self.made / _SECOND).unlink(missing_ok=True)
        pages = self.made / store.PAGES
        if pages.is_dir():  # the second call has written its own index
            for_student.write_index(pages, settled)

    def _judge(self, ended: grading.Ended) -> str:
        """Takes the results over into meta."""
        result = store.read_json(self.made / store.RESULT)
        if not isinstance(result, dict) or "score" not in result:
            self.meta["trouble"] = (
                f"the grader came to no results (status {ended.status}): "
                f"{ended.said or 'it said nothing'}")
            return TROUBLE
        self.meta.update(score=result["score"], max_score=result["max_score"],
                         finished=bool(result.get("finished")))
        self.meta["findings"] += [str(one) for one
                                  in result.get("findings", [])]
        self.meta["sandbox"] = _name_of(result.get("sandbox"),
                                        self.bench.sandbox)
        if ended.out_of_time:
            self.meta["trouble"] = (
                f"the grade was stopped after "
                f"{self.bench.options.limit_minutes} minutes: raise "
                "--limit-minutes, or look what it does there")
        elif ended.status == grading.GRADER_FAILED and self._tries_again:
            self.meta["look"] = second.to_look_at(result)
            self.meta["tried_twice"] = second.tried_twice(result)
        elif ended.status not in _TAKEN or not self.meta["finished"]:
            self.meta["trouble"] = (f"the grader stopped early (status "
                                    f"{ended.status}): {ended.said}")
        return TROUBLE if self.meta["trouble"] else GRADED

    def _rename_paths(self, top: pathlib.Path) -> None:
        """Results speak of where the files will be, not of our workshop; what
        students get to see, of where they have them."""
        ours, theirs = str(self.made).encode(), str(self.place).encode()
        result = self.made / store.RESULT
        pages = self.made / store.PAGES
        for path in (result, self.made / store.TEXT, *pages.glob("*.html")):
            if not path.is_file():
                continue
            before = data = path.read_bytes()
            if path != result:
                data = data.replace(str(top).encode(), b"labs")
            data = data.replace(ours, theirs)
            if data != before:
                path.write_bytes(data)

    def _settle(self) -> None:
        """Everything in place at once."""
        self.meta["graded_at"] = datetime.datetime.now(
            datetime.timezone.utc).isoformat(timespec="seconds")
        if not self.bench.again:
            for_student.write(self.made,
                              store.read_json(self.made / store.RESULT))
        store.write_json(self.made / store.META, self.meta)
        earlier = None
        there = store.read(self.place)
        if not self.bench.again and there is not None:
            earlier = self.bench.results / store.EARLIER / self.entry.student
        store.settle(self.made, self.place, earlier)


def _name_of(told: Any, otherwise: str) -> str:
    """A sandbox's name, which a result may hold in an object."""
    if isinstance(told, dict):
        told = told.get("name")
    return str(told) if told else otherwise


def _newest(paths: Sequence[pathlib.Path]) -> str:
    """The newest of a submission's times, as a hint when it was handed in."""
    newest = 0.0
    for path in paths:
        newest = max(newest, path.lstat().st_mtime) if path.is_file() else \
            max([newest] + [one.lstat().st_mtime for one in path.rglob("*")
                            if one.is_file() and not one.is_symlink()])
    return datetime.datetime.fromtimestamp(
        newest, datetime.timezone.utc).isoformat(timespec="seconds")


def _hash_of(paths: Sequence[pathlib.Path]) -> str:
    """Of a submission that could not be unpacked: its bytes as they are."""
    import hashlib
    digest = hashlib.sha256()
    for path in paths:
        if path.is_file():
            with open(path, "rb") as file:
                for chunk in iter(lambda: file.read(1 << 20), b""):
                    digest.update(chunk)
        else:
            for one in sorted(path.rglob("*")):
                digest.update(os.fsencode(one.relative_to(path)) + b"\0")
                if one.is_file() and not one.is_symlink():
                    digest.update(str(one.stat().st_size).encode())
    return digest.hexdigest()
