"""Runs the tests of a grade: in which order, how many at once, and which not.

A test that runs in both worlds runs in the simulated one first, and against
real processes only when it has passed there. A test whose prerequisite failed
is not run and fails with that cause. Neither are the rest when nodes keep dying
at their start in one and the same way: a broken submission is graded in
seconds, with the cause named in every test.
"""

from __future__ import annotations

import json
import os
import pathlib
from typing import Callable, Dict, List, Optional, Sequence, Set, Tuple

from .failure import FAILED, NOT_RUN
from .results import TestResult, anonymous, combine, replace_file
from .spec import SIM, WORLDS
from .trial import Trial, blank
from .workers import Workers

MAX_JOBS = 8
SAME_STARTS = 3        # failures at the start, all alike, until we believe it
_TICK_S = 0.2          # how often progress is shown
_UNKNOWN_S = 2.0       # guess of a test's length
_A_NODE_S = 0.3        # and of what each node adds

Key = Tuple[str, str]        # (test's name, stack)
Stage = Tuple[str, str, str]  # (lab, stack, world)


def default_jobs() -> int:
    """Tests mostly wait, so there may be more of them than cores."""
    return max(1, min(MAX_JOBS, 4 * (os.cpu_count() or 1)))


class Timings:
    """How long tests took the last time: only to run the longest first."""

    def __init__(self, path: pathlib.Path):
        self._path = path
        self._seconds: Dict[str, float] = {}
        try:
            loaded = json.loads(path.read_text())
            self._seconds = {str(name): float(value)
                             for name, value in loaded.items()}
        except (OSError, ValueError, AttributeError, TypeError):
            pass

    def guess(self, trial: Trial) -> float:
        return self._seconds.get(
            trial.name, _UNKNOWN_S + _A_NODE_S * len(trial.spec.ids))

    def learn(self, result: TestResult) -> None:
        if result.passed:
            self._seconds[result.name] = round(result.seconds, 2)

    def save(self) -> None:
        try:
            replace_file(self._path, json.dumps(self._seconds))
        except OSError:
            pass  # only costs time


class Runner:
    """One pass over a list of trials."""

    def __init__(self, trials: Sequence[Trial], jobs: int, timings: Timings,
                 on_result: Callable[[Trial, TestResult], None],
                 on_tick: Callable[[List[str], int], None]):
        self._jobs = jobs
        self._timings = timings
        self._on_result = on_result
        self._on_tick = on_tick
        self._results: Dict[Tuple[str, str, str], TestResult] = {}
        self._roots: Dict[Tuple[str, str, str], TestResult] = {}
        # (name, stack, world) -> why those not run were not
        self._starts: Dict[Stage, List[TestResult]] = {}
        self._came_up: Dict[Stage, bool] = {}
        self._open: Set[Key] = {(one.name, one.stack) for one in trials}
        self._needed = {(f"{_lab(one)}/{name}", one.stack)
                        for one in trials for name in one.spec.needs}
        self._waiting = sorted(trials, key=self._place)
        self._workers = Workers()
        self.interrupted = False

    def _place(self, trial: Trial) -> Tuple[bool, float]:
        """Prerequisites first, then long before short."""
        return ((trial.name, trial.stack) not in self._needed,
                -self._timings.guess(trial))

    def run(self) -> None:
        """Runs all. When interrupted, ends what runs and returns."""
        try:
            while self._waiting or len(self._workers):
                while len(self._workers) < self._jobs and self._start_next():
                    pass
                for trial, result in self._workers.wait(_TICK_S):
                    self._finish(trial, result)
                self._on_tick(self._workers.names(), len(self._waiting))
        except KeyboardInterrupt:
            self.interrupted = True
        finally:
            self._workers.stop_all()
            self._timings.save()

    def _start_next(self) -> bool:
        """Starts, or judges without a run, the next that can be."""
        for trial in self._waiting:
            needs = self._needs(trial)
            if needs is None:
                continue
            self._waiting.remove(trial)
            cause = self._cause_not_to(trial, needs)
            if cause is not None:
                self._finish(trial, cause)
            else:
                self._workers.start(trial)
            return True
        return False

    def _needs(self, trial: Trial) -> Optional[List[TestResult]]:
        """Results of its prerequisites, in its own world where they run there;
        None while one is still to come."""
        needs = []
        for name in trial.spec.needs:
            key = (f"{_lab(trial)}/{name}", trial.stack)
            found = {world: self._results[(*key, world)] for world in WORLDS
                     if (*key, world) in self._results}
            if trial.world not in found and key in self._open:
                return None
            if found:
                needs.append(found.get(trial.world)
                             or next(iter(found.values())))
        return needs

    def _cause_not_to(self, trial: Trial, needs: List[TestResult]
                      ) -> Optional[TestResult]:
        """The result of a test that is not worth running, or None."""
        for need in needs:
            if not need.passed and need.counts:
                root = self._roots.get((need.name, need.stack, need.world),
                                       need)
                result = _not_run(
                    trial, FAILED, f"the test {root.name} passes",
                    f"not run: it needs {root.name}, which failed", root)
                self._roots[(trial.name, trial.stack, trial.world)] = root
                return result
        starts = self._starts.get(_stage(trial), [])
        if len(starts) >= SAME_STARTS:
            last = starts[-1]
            return _not_run(trial, last.status, last.expected,
                            f"not run: {len(starts)} tests before it ended "
                            f"alike: {last.observed}", last)
        return None

    def _finish(self, trial: Trial, result: TestResult) -> None:
        key = (trial.name, trial.stack)
        self._results[(*key, trial.world)] = result
        if result.was_run and result.status != NOT_RUN:
            self._watch_starts(trial, result)
        if trial.twin is not None and result.passed:
            _insert(self._waiting, trial.twin, self._place)
            return
        self._open.discard(key)
        result = combine(self._results.get((*key, SIM)), result)
        self._timings.learn(result)
        self._on_result(trial, result)

    def _watch_starts(self, trial: Trial, result: TestResult) -> None:
        """Counts failures at the start, as long as there is nothing else."""
        key = _stage(trial)
        if not result.counts:
            return
        starts = self._starts.setdefault(key, [])
        if not result.at_start:
            self._came_up[key] = True
        alike = not starts or anonymous(starts[-1].observed) == \
            anonymous(result.observed)
        if self._came_up.get(key) or not alike:
            starts.clear()
        if result.at_start and not self._came_up.get(key):
            starts.append(result)


def _insert(waiting: List[Trial], trial: Trial,
              place: Callable[[Trial], Tuple[bool, float]]) -> None:
    """Puts a trial into a sorted list, before its equals."""
    at = next((at for at, one in enumerate(waiting)
               if place(one) >= place(trial)), len(waiting))
    waiting.insert(at, trial)


def _lab(trial: Trial) -> str:
    return trial.name.split("/")[0]


def _stage(trial: Trial) -> Stage:
    return _lab(trial), trial.stack, trial.world


def _not_run(trial: Trial, status: str, expected: str, observed: str,
             cause: TestResult) -> TestResult:
    result = blank(trial)
    result.status = status
    result.rule = cause.rule
    result.expected = expected
    result.observed = observed
    result.hint = cause.hint
    result.was_run = False
    return result
