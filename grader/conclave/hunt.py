"""Grades the reference with each of some bugs in it, some bugs at a time.

Each bug has a process of its own, which builds it once and runs its tests from
one first seed after the other; what it found comes back through a pipe. So a
hunt may be long: nothing of a bug stays behind but a few words for each seed.
The test that must catch a bug is run from every first seed, the others that its
header names from the first of them. None waits for the tests that it needs: a
bug breaks those as well.
"""

from __future__ import annotations

import argparse
import dataclasses
import fcntl
import itertools
import json
import os
import pathlib
import selectors
import signal
import sys
import tempfile
from dataclasses import dataclass, field
from typing import IO, Any, Dict, List, Sequence

from . import kill_table
from .bugs import CAUGHT, Bug, Catch, load_all, plant, select
from .discover import Course, test_id
from .failure import PASSED, GraderError
from .grading import Grading, Order
from .report import Report
from .results import BOTH, TestResult, combine
from .spec import REAL
from .trial import Trial
from .workers import Workers, fork_with_pipe

EXIT_CAUGHT, EXIT_MISSED, EXIT_GRADER = 0, 1, 4
_PASSED_ON = ("world", "seeds")   # options of a grade that hold here as well
_FLAGS_PASSED_ON = ("isolate",)
_HAS_NO_USE = ("submission", "solution", "only", "replay", "list", "json",
               "junit", "gradescope", "html")  # of the options of a grade
_TICK_S = 0.5
_READ_BYTES = 1 << 16
_KEPT = ("name", "status", "rule", "world", "seeds", "seconds", "observed")


class BadOrder(Exception):
    """One sentence for the person who typed the command."""


@dataclass
class _Hunter:
    """A process at work on a bug."""

    catch: Catch
    pid: int
    bench: pathlib.Path
    data: List[bytes] = field(default_factory=list)


class Hunt:
    """All bugs wanted."""

    def __init__(self, root: pathlib.Path, courses: Sequence[Course],
                 options: argparse.Namespace, report: Report):
        self.root = root
        self.courses = courses
        self.options = options
        self.report = report
        self.seeds = range(options.seed, options.seed + options.first_seeds)
        self._selector = selectors.DefaultSelector()
        self._hunters: Dict[int, _Hunter] = {}   # by the pipe's descriptor
        self._benches: List[pathlib.Path] = []   # that are free
        build = root / (os.environ.get("BUILD") or "build")
        self.folder = build / (os.environ.get("FLAVOUR") or "release") / "bugs"

    def run(self, bugs: Sequence[Bug]) -> List[Catch]:
        """Grades them. When interrupted, leaves nothing running."""
        locks = [self._claim_bench()
                 for _ in range(min(self._most(), len(bugs)))]
        try:
            if len(bugs) == 1 and len(self.seeds) == 1:
                return [self._show(bugs[0])]
            return self._all(bugs)
        finally:
            self._stop()
            for lock in locks:
                lock.close()

    def _most(self) -> int:
        """Bugs at a time: where all is simulated, nobody waits for anything
        but a core."""
        cores = (os.cpu_count() or 1) + 1
        jobs: int = self.options.jobs
        world = getattr(self.options, "world", None) or BOTH
        return jobs if world in (REAL, BOTH) else min(jobs, cores)

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
            self._benches.append(bench)
            return lock
        raise AssertionError("not reached")

    # One bug, as a student would see it

    def _show(self, bug: Bug) -> Catch:
        """In this process, with all that a grade says."""
        catch = Catch(bug)
        with tempfile.TemporaryDirectory(prefix="cv-run-") as folder:
            try:
                grading = self._grading(bug, self._benches[0], self.report,
                                        folder)
                grading.run()
                grading.finish()
                self._read(catch, grading.grade.all_tests(), self.seeds[0])
            except GraderError as error:
                catch.troubles.append(str(error))
        self.report.line()
        self.report.line(kill_table.line(catch))
        return catch

    def _grading(self, bug: Bug, bench: pathlib.Path, report: Report,
                 folder: str) -> Grading:
        """The grade of a bug, built. The next on that bench is built soon:
        only the files that differ are compiled. GraderError."""
        plant(bug, self.root, self.folder / bug.name)  # for people
        plant(bug, self.root, bench)
        course = next(one for one in self.courses
                      if one.lab.name == bug.stage)
        options = self.options
        grading = Grading(Order(
            root=self.root, all_labs=[one.lab for one in self.courses],
            courses=[Course(course.lab, tuple(
                one for one in course.tests
                if test_id(course.lab, one) in bug.caught_by))],
            asked=[bug.stage], folder=bench, flag=f" --submission {bench}",
            reference=False, seed=self.seeds[0], jobs=1, replay=False,
            stack=None, json=None, junit=None, gradescope=None,
            world=getattr(options, "world", None) or BOTH,
            seeds=getattr(options, "seeds", None),
            isolate=bool(getattr(options, "isolate", False))),
            report, pathlib.Path(folder))
        grading.build()
        return grading

    # Many, each in a process of its own

    def _all(self, bugs: Sequence[Bug]) -> List[Catch]:
        waiting = list(bugs)
        catches: List[Catch] = []
        while waiting or self._hunters:
            while waiting and self._benches:
                self._start(waiting.pop(0))
            for key, _ in self._selector.select(_TICK_S):
                data = os.read(key.fd, _READ_BYTES)
                if data:
                    self._hunters[key.fd].data.append(data)
                else:
                    catches.append(self._end(key.fd))
        return catches

    def _start(self, bug: Bug) -> None:
        bench = self._benches.pop()
        pid, ours = fork_with_pipe()
        if pid == 0:
            self._live(bug, bench, ours)
        self._selector.register(ours, selectors.EVENT_READ)
        self._hunters[ours] = _Hunter(Catch(bug), pid, bench)

    def _end(self, pipe: int) -> Catch:
        """What a hunter has found."""
        hunter = self._hunters.pop(pipe)
        self._selector.unregister(pipe)
        os.close(pipe)
        os.waitpid(hunter.pid, 0)
        self._benches.append(hunter.bench)
        catch = hunter.catch
        try:
            found = json.loads(b"".join(hunter.data))
            catch.results, catch.troubles = found["results"], found["troubles"]
        except (ValueError, KeyError):
            catch.troubles.append("the process that graded it has died")
        self.report.line(kill_table.line(catch))
        return catch

    def _stop(self) -> None:
        """Ends those that still run: each cleans up, and then its pipe ends."""
        for hunter in self._hunters.values():
            os.kill(hunter.pid, signal.SIGTERM)
        for pipe, hunter in self._hunters.items():
            while os.read(pipe, _READ_BYTES):
                pass
            os.close(pipe)
            os.waitpid(hunter.pid, 0)
        self._hunters.clear()

    # What such a process does

    def _live(self, bug: Bug, bench: pathlib.Path, pipe: int) -> None:
        """A hunter's life; does not return."""
        status = 1
        try:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            signal.signal(signal.SIGTERM, signal.default_int_handler)
            catch = Catch(bug)
            try:
                self._catch(catch, bench)
            except GraderError as error:
                catch.troubles.append(str(error))
            with os.fdopen(pipe, "wb") as file:
                file.write(json.dumps({
                    "results": catch.results,
                    "troubles": catch.troubles}).encode())
            status = 0
        except KeyboardInterrupt:  # we were told to stop
            pass
        except BaseException as error:  # the parent must hear of it
            print(f"grader: {bug.name}: {error!r}", file=sys.stderr)
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)

    def _catch(self, catch: Catch, bench: pathlib.Path) -> None:
        """From all first seeds. GraderError."""
        with tempfile.TemporaryDirectory(prefix="cv-run-") as folder, \
                open(os.devnull, "w") as nobody:
            grading = self._grading(catch.bug, bench, Report(nobody), folder)
            if not grading.trials:
                self._read(catch, grading.grade.all_tests(), self.seeds[0])
                return
            workers = Workers()
            try:
                for seed in self.seeds:
                    names = catch.bug.caught_by[:None if seed == self.seeds[0]
                                                else 1]
                    self._read(catch, [
                        _run(workers, trial)
                        for trial in grading.trials_from(seed)
                        if trial.name in names], seed)
            finally:
                workers.stop_all()

    def _read(self, catch: Catch, results: Sequence[TestResult], seed: int
              ) -> None:
        """Takes the results from one first seed; or notes why they are no
        verdict."""
        strange = [one for one in results
                   if one.status not in (PASSED, *CAUGHT)]
        if strange:
            catch.troubles.append(f"seed {seed}: {strange[0].name}: "
                                  f"{strange[0].status}: "
                                  f"{strange[0].observed}")
        elif not any(one.name == catch.bug.caught_by[0] for one in results):
            catch.troubles.append(f"seed {seed}: there is no result of "
                                  f"{catch.bug.caught_by[0]}")
        else:
            catch.results.append([_kept(one) for one in results])


def _run(workers: Workers, trial: Trial) -> TestResult:
    """One test, in the real world if it has passed in the simulated one."""
    first = _once(workers, trial)
    if trial.twin is None or not first.passed:
        return combine(None, first)
    return combine(first, _once(workers, trial.twin))


def _once(workers: Workers, trial: Trial) -> TestResult:
    """It catches the bug or not: nobody reads more."""
    workers.start(dataclasses.replace(trial, brief=True))
    while True:
        for _, result in workers.wait(_TICK_S):
            return result


def _kept(result: TestResult) -> Dict[str, Any]:
    told = result.as_json()
    return {name: told[name] for name in _KEPT}


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
    wanted = [bug for bug in chosen if bug.changes]
    kill_table.expect(wanted)
    catches = Hunt(root, courses, options, report).run(wanted)
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
