"""Grades many submissions side by side.

Each is a `grader/grade-class --one` in a process of its own, the very command
that anybody could type on another machine. We hold the other end of its
standard input: if we die, however suddenly, it ends too, and so do its nodes.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import pathlib
import signal
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Iterator, List, Optional, Sequence

from . import grading, store
from .entries import Entry
from .key import Options
from .one import GRADED, KEPT, REFUSED, TROUBLE
from .progress import Progress
from .trouble import Trouble

COMMAND = grading.ROOT / "grader" / "grade-class"
_TICK_S = 1.0


@dataclass(frozen=True)
class Job:
    """One call of --one."""

    entry: Entry
    again: bool = False

    @property
    def name(self) -> str:
        return self.entry.student + " again" * self.again


@dataclass(frozen=True)
class Ended:
    """How it went: one of GRADED, KEPT, REFUSED, TROUBLE; and in words."""

    job: Job
    how: str
    line: str


@contextmanager
def claim(results: pathlib.Path) -> Iterator[None]:
    """One class run at a time in a folder of results."""
    results.mkdir(parents=True, exist_ok=True)
    with open(results / ".lock", "a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise Trouble(f"process {file.read().strip() or 'unknown'} is "
                          f"grading into {results} already: wait for it, or "
                          "take another folder") from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


class Crew:
    """Runs jobs, so many at a time."""

    def __init__(self, results: pathlib.Path, options: Options, jobs: int,
                 words: Sequence[str], progress: Progress):
        self._results = results
        self._options = options
        self._jobs = jobs
        self._words = list(words)     # more for each --one
        self._progress = progress
        self._ended: List[Ended] = []

    def run(self, jobs: Sequence[Job]) -> List[Ended]:
        """All of them. KeyboardInterrupt after having stopped what ran."""
        asyncio.run(self._run(jobs))
        return self._ended

    async def _run(self, jobs: Sequence[Job]) -> None:
        waiting = list(jobs)
        tasks = [asyncio.ensure_future(self._work(waiting))
                 for _ in range(min(self._jobs, len(waiting)))]
        everybody = asyncio.gather(*tasks)
        loop = asyncio.get_running_loop()
        for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(one, everybody.cancel)
        ticking = asyncio.ensure_future(self._tick())
        try:
            await everybody
        except asyncio.CancelledError:
            await asyncio.gather(*tasks, return_exceptions=True)
            raise KeyboardInterrupt from None
        finally:
            ticking.cancel()
            self._progress.close()

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(_TICK_S)
            self._progress.tick()

    async def _work(self, waiting: List[Job]) -> None:
        while waiting:
            job = waiting.pop(0)
            self._progress.started(job.name)
            ended = await self._grade(job)
            self._ended.append(ended)
            self._progress.ended(job.name, ended.line, ended.how == KEPT)

    async def _grade(self, job: Job) -> Ended:
        words = [str(path) for path in job.entry.paths]
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-B", str(COMMAND), "--one", *words, "--out",
            str(self._results), "--student", job.entry.student, "--on-leash",
            *self._options.words(), *self._words, *["--again"] * job.again,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT, start_new_session=True)
        try:
            assert process.stdout is not None
            said = await process.stdout.read()
            await process.wait()
        except asyncio.CancelledError:
            process.terminate()
            await process.wait()
            raise
        return self._told(job, process.returncode,
                          said.decode(errors="replace").strip())

    def _told(self, job: Job, status: Optional[int], said: str) -> Ended:
        """What --one said: how it went, and a line."""
        last = said.split("\n")[-1] if said else ""
        how, _, line = last.partition(" ")
        if how not in (GRADED, KEPT, REFUSED, TROUBLE):
            how, line = TROUBLE, (f"{job.entry.student}: the grade ended with "
                                  f"status {status}: {last or 'silently'}")
        if job.again:
            line += " (the second time)"
        return Ended(job, how, line)


def sample(entries: Sequence[Entry], results: pathlib.Path, count: int
           ) -> List[Entry]:
    """Whom to grade twice: those who have points, for there most can differ;
    by content hash, so that it is always the same."""
    order = {one.student: (one.score == 0, str(one.meta["sha256"]))
             for one in store.read_all(results)
             if one.labs and not one.meta["trouble"]}
    found = [one for one in entries if one.student in order]
    return sorted(found, key=lambda one: order[one.student])[:count]
