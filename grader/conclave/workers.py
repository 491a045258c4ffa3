"""Trials side by side, each in a process of its own.

A worker is forked for one trial, adopts whatever that trial starts, and sends
its result back through a pipe. A worker that dies or hangs is our own fault
and reported as such; its trial's processes are killed with it.
"""

from __future__ import annotations

import asyncio
import dataclasses
import gc
import json
import os
import selectors
import signal
import sys
import time
from dataclasses import dataclass, field
from typing import Dict, List, Tuple

from . import explore, reaper, trial
from .failure import GRADER_ERROR, GraderError
from .results import TestResult
from .spec import EXPLORATION, REAL
from .trial import Trial

HARD_LIMIT_S = 900.0   # of wall time; Trial's own limit comes much earlier
_TERM_GRACE_S = 15.0   # for a worker to clean up after SIGTERM
_READ_BYTES = 1 << 16


def fork_with_pipe() -> Tuple[int, int]:
    """Forks: (child, the end that we read) here, (0, the end to write) there."""
    ours, theirs = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    os.close(theirs if pid else ours)
    return pid, ours if pid else theirs


def _work(what: Trial, pipe: int) -> None:
    """A worker's life; does not return."""
    status = 1
    try:
        os.setsid()
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        reaper.adopt_orphans()
        reaper.die_with_parent(signal.SIGTERM)
        result = _run(what)
        reaper.kill_orphans(set())  # what it leaves would become our parent's
        data = json.dumps(dataclasses.asdict(result)).encode()
        with os.fdopen(pipe, "wb") as file:
            file.write(data)
        status = 0
    except asyncio.CancelledError:  # we were told to stop
        pass
    except BaseException as error:  # the parent must hear of it, whatever it is
        print(f"grader: {what.name}: {error!r}", file=sys.stderr)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _run(what: Trial) -> TestResult:
    """In its own world, in its own way."""
    if what.world == REAL:
        return asyncio.run(_until_stopped(what))
    if what.spec.kind == EXPLORATION:
        return explore.run(what)
    return trial.run_sim(what)


async def _until_stopped(what: Trial) -> TestResult:
    """Runs the trial; SIGTERM cancels it, so that it cleans up."""
    task = asyncio.ensure_future(trial.run_real(what))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await task


@dataclass
class _Worker:
    """A worker that runs."""

    what: Trial
    pid: int
    began: float
    data: List[bytes] = field(default_factory=list)
    stopped_at: float = 0.0  # when SIGTERM was sent; 0: not yet


class Workers:
    """Those that run now."""

    def __init__(self) -> None:
        reaper.adopt_orphans()
        # What is here now stays: a worker that looked for garbage among it
        # would first have to copy the pages that it shares with us.
        gc.unfreeze()
        gc.collect()
        gc.freeze()
        self._selector = selectors.DefaultSelector()
        self._running: Dict[int, _Worker] = {}  # by the pipe's descriptor

    def __len__(self) -> int:
        return len(self._running)

    def names(self) -> List[str]:
        """Of the tests that run now, oldest first."""
        return [worker.what.name for worker in self._running.values()]

    def start(self, what: Trial) -> None:
        """Begins a trial."""
        pid, ours = fork_with_pipe()
        if pid == 0:
            _work(what, ours)
        os.set_blocking(ours, False)
        self._selector.register(ours, selectors.EVENT_READ)
        self._running[ours] = _Worker(what, pid, time.monotonic())

    def wait(self, timeout_s: float) -> List[Tuple[Trial, TestResult]]:
        """Those that ended within a timeout; returns at the first."""
        ended = []
        for key, _ in self._selector.select(timeout_s):
            pipe = key.fd
            data = os.read(pipe, _READ_BYTES)
            worker = self._running[pipe]
            if data:
                worker.data.append(data)
            else:
                ended.append((worker.what, self._end(pipe)))
        self._stop_overdue()
        return ended

    def _end(self, pipe: int) -> TestResult:
        """Reaps a worker whose pipe ended, and reads its result."""
        worker = self._running.pop(pipe)
        self._selector.unregister(pipe)
        os.close(pipe)
        if _reap(worker.pid) != 0:  # it cannot have cleaned up
            reaper.kill_orphans({one.pid for one in self._running.values()})
        try:
            return TestResult(**json.loads(b"".join(worker.data)))
        except (ValueError, TypeError):
            result = trial.blank(worker.what)
            trial.judge(worker.what.spec, result, GraderError(
                "the process that ran this test died or hung"))
            assert result.status == GRADER_ERROR
            return result

    def _stop_overdue(self) -> None:
        now = time.monotonic()
        for worker in self._running.values():
            if not worker.stopped_at and now - worker.began > HARD_LIMIT_S:
                self._stop(worker)
            elif worker.stopped_at and now - worker.stopped_at > _TERM_GRACE_S:
                _signal(worker.pid, signal.SIGKILL)

    def _stop(self, worker: _Worker) -> None:
        worker.stopped_at = time.monotonic()
        _signal(worker.pid, signal.SIGTERM)

    def stop_all(self) -> None:
        """Ends all trials that run, whatever they are at."""
        for worker in self._running.values():
            if not worker.stopped_at:
                self._stop(worker)
        while self._running:
            self.wait(0.2)
        reaper.kill_orphans(set())


def _signal(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def _reap(pid: int) -> int:
    """Waits for a worker that has closed its pipe, and is thus about to end:
    its status."""
    limit = time.monotonic() + _TERM_GRACE_S
    while True:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return status
        if time.monotonic() > limit:
            _signal(pid, signal.SIGKILL)
        time.sleep(0.002)
