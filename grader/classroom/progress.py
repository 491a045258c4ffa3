"""How far a class is: a live last line on a terminal, plain lines elsewhere."""

from __future__ import annotations

import os
import shutil
import sys
import time
from typing import Dict, List, TextIO


class Progress:
    """Told of starts and ends; writes."""

    def __init__(self, total: int, jobs: int, stream: TextIO = sys.stdout):
        self._total = total
        self._jobs = jobs
        self._stream = stream
        self._live = stream.isatty() and os.environ.get("TERM") != "dumb"
        self._running: Dict[str, float] = {}  # name -> when it was started
        self._spent: List[float] = []         # seconds of each that was graded
        self._done = 0
        self._began = time.monotonic()
        self._has_line = False

    def started(self, name: str) -> None:
        self._running[name] = time.monotonic()
        self.tick()

    def ended(self, name: str, line: str, was_kept: bool) -> None:
        """One more is done; line says how."""
        spent = time.monotonic() - self._running.pop(name)
        if not was_kept:
            self._spent.append(spent)
        self._done += 1
        width = len(str(self._total))
        left = self.left()
        self.line(f"[{self._done:>{width}}/{self._total}] {line}"
                  + (f" - {left}" if left and not was_kept else ""))
        self.tick()

    def left(self) -> str:
        """About how long it will yet take, in words; "" if unknown or over."""
        todo = self._total - self._done
        if not self._spent or todo <= 0:
            return ""
        mean = sum(self._spent) / len(self._spent)
        now = time.monotonic()
        seconds = mean * max(0, todo - len(self._running))
        seconds += sum(max(0.0, mean - (now - since))
                       for since in self._running.values())
        return f"about {span(seconds / self._jobs)} left"

    def line(self, text: str) -> None:
        """A line that stays."""
        if self._has_line:
            self._stream.write("\r\x1b[K")
            self._has_line = False
        self._stream.write(text + "\n")
        self._stream.flush()

    def tick(self) -> None:
        """Renews the live line, if there is one."""
        if not self._live:
            return
        now = time.monotonic()
        running = ", ".join(f"{name} {now - since:.0f} s" for name, since
                            in self._running.items())
        parts = [f"{self._done} of {self._total} done",
                 f"running: {running}" if running else "", self.left(),
                 span(now - self._began) + " so far"]
        width = shutil.get_terminal_size().columns - 1
        text = "; ".join(part for part in parts if part)
        self._stream.write("\r\x1b[K" + text[:width])
        self._stream.flush()
        self._has_line = True

    def close(self) -> None:
        if self._has_line:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
            self._has_line = False


def span(seconds: float) -> str:
    """Of time, in words."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
