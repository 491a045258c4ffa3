"""Does load change a grade on this machine? `grade-class --loads SUBMISSION`.

The same submission is graded alone; several times at once; and on half a core,
which it has to share with a loop that never waits. Points, verdicts and the
simulated world's trace hashes must be the same.
"""

from __future__ import annotations

import dataclasses
import os
import pathlib
import subprocess
import sys
from contextlib import contextmanager
from typing import Iterator, List, Optional

from . import compare, crew, one, store
from .entries import Entry
from .key import Options
from .progress import Progress
from .trouble import Trouble

ALONE, HALF = "alone", "half-a-core"
EXIT_SAME, EXIT_DIFFERENT = 0, 1


@contextmanager
def half_a_core() -> Iterator[str]:
    """Whatever is started meanwhile shares one core with a loop."""
    spin = [sys.executable, "-c", "while True: pass"]
    if not hasattr(os, "sched_setaffinity"):  # then on every core
        loops = [subprocess.Popen(spin) for _ in range(os.cpu_count() or 1)]
        told = "beside a loop on each core"
        before = None
    else:
        before = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {min(before)})
        loops = [subprocess.Popen(spin)]
        told = "on one core, which it shares with a loop"
    try:
        yield told
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()
        if before is not None:
            os.sched_setaffinity(0, before)


def run(results: pathlib.Path, options: Options, entry: Entry, copies: int,
        grader: Optional[pathlib.Path]) -> int:
    """Grades under each load and says what differs. Trouble."""
    if not entry.paths[0].exists():
        raise Trouble(f"there is no {entry.paths[0]}")
    entry = dataclasses.replace(
        entry, paths=tuple(path.absolute() for path in entry.paths))
    words = ["--fresh"]
    if grader is not None:
        words += ["--grader", str(grader)]
    with crew.claim(results):
        one.sweep(results)
        bench = one.prepare(results, options, grader)
        words += ["--level", bench.sandbox]
        progress = Progress(copies + 2, copies)

        def grade(names: List[str]) -> None:
            team = crew.Crew(results, options, len(names), words, progress)
            for ended in team.run([crew.Job(dataclasses.replace(
                    entry, student=name)) for name in names]):
                if ended.how == one.TROUBLE:
                    raise Trouble(f"a grade came to no verdict: {ended.line}")

        print(f"{entry.shown}: alone, {copies} at once, and on half a core")
        grade([ALONE])
        names = [f"copy-{number}" for number in range(1, copies + 1)]
        grade(names)
        with half_a_core() as told:
            print(f"now {told}", flush=True)
            grade([HALF])
    return _judge(results, [*names, HALF])


def _judge(results: pathlib.Path, names: List[str]) -> int:
    """Compares all with the one that was alone."""
    alone = store.read(results / store.STUDENTS / ALONE)
    assert alone is not None
    tests = compare.verdicts(alone.result)
    hashed = sum(bool(test.get("trace_hash")) for test in tests.values())
    different = 0
    for name in names:
        other = store.read(results / store.STUDENTS / name)
        assert other is not None
        found = compare.differences(alone.result, other.result)
        different += bool(found)
        print(f"{name}: {other.score:g} of {other.max_score:g} points, "
              + ("like alone" if not found else f"{len(found)} tests differ"))
        for sentence in compare.shown(found):
            print(f"    {sentence}")
    print(f"{different} of {len(names)} grades differ from the one alone "
          f"({alone.score:g} points, {len(tests)} verdicts, {hashed} trace "
          "hashes)")
    return EXIT_DIFFERENT if different else EXIT_SAME
