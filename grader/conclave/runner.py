"""Runs the tests of a grade: in which order, how many at once, and which not.

A test whose prerequisite failed is not run and fails with that cause. Neither
are the rest when nodes keep dying at their start in one and the same way: a
broken submission is graded in seconds, with the cause named in every test.
"""

from __future__ import annotations

import json
import os
import pathlib
from typing import Callable, Dict, List, Optional, Sequence, Tuple

from .failure import FAILED, NOT_RUN
from .results import TestResult, anonymous, replace_file
from .trial import Trial, blank
from .workers import Workers

MAX_JOBS = 8
SAME_STARTS = 3        # failures at the start, all alike, until we believe it
_TICK_S = 0.2          # how often progress is shown
_UNKNOWN_S = 2.0       # guess of a test's length
_A_NODE_S = 0.3        # and of what each node adds

Key = Tuple[str, str]  # (test's name, stack)


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
        self._results: Dict[Key, TestResult] = {}
        self._roots: Dict[Key, TestResult] = {}  # why those not run were not
        self._starts: Dict[Key, List[TestResult]] = {}  # by (lab, stack)
        self._came_up: Dict[Key, bool] = {}
        self._waiting = self._ordered(trials)
        self._workers = Workers()
        self.interrupted = False

    def _ordered(self, trials: Sequence[Trial]) -> List[Trial]:
        """Prerequisites first, then long before short."""
        needed = {(f"{_lab(one)}/{name}", one.stack)
                  for one in trials for name in one.spec.needs}
        return sorted(trials, key=lambda one: (
            (one.name, one.stack) not in needed, -self._timings.guess(one)))

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
        """Results of its prerequisites; None while one is still to come."""
        keys = [(f"{_lab(trial)}/{name}", trial.stack)
                for name in trial.spec.needs]
        pending = {(one.name, one.stack) for one in self._waiting}
        running = set(self._workers.names())
        for key in keys:
            if key not in self._results and \
                    (key in pending or key[0] in running):
                return None
        return [self._results[key] for key in keys if key in self._results]

    def _cause_not_to(self, trial: Trial, needs: List[TestResult]
                      ) -> Optional[TestResult]:
        """The result of a test that is not worth running, or None."""
        for need in needs:
            if not need.passed and need.counts:
                root = self._roots.get((need.name, need.stack), need)
                result = _not_run(
                    trial, FAILED, f"the test {root.name} passes",
                    f"not run: it needs {root.name}, which failed", root)
                self._roots[(trial.name, trial.stack)] = root
                return result
        starts = self._starts.get((_lab(trial), trial.stack), [])
        if len(starts) >= SAME_STARTS:
            last = starts[-1]
            return _not_run(trial, last.status, last.expected,
                            f"not run: {len(starts)} tests before it ended "
                            f"alike: {last.observed}", last)
        return None

    def _finish(self, trial: Trial, result: TestResult) -> None:
        self._results[(trial.name, trial.stack)] = result
        self._timings.learn(result)
        if result.was_run and result.status != NOT_RUN:
            self._watch_starts(trial, result)
        self._on_result(trial, result)

    def _watch_starts(self, trial: Trial, result: TestResult) -> None:
        """Counts failures at the start, as long as there is nothing else."""
        key = (_lab(trial), trial.stack)
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


def _lab(trial: Trial) -> str:
    return trial.name.split("/")[0]


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
