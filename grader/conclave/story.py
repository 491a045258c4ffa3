"""The numbered steps of a test: what it did, in order, for its report.

Lifecycle calls, faults and commands add their own steps; a test adds more by
c.note. Commands that a wait polls with are left out.
"""

from __future__ import annotations

from contextlib import contextmanager
from itertools import groupby
from typing import Iterator, List, Tuple

MAX_STEPS = 2_000  # kept; a test with more shows its first ones
SHOW_HEAD = 4      # steps shown from the start of a long story
SHOW_TAIL = 20     # and from its end
MAX_TEXT = 160     # characters of one step


class Story:
    """Grows as the test goes."""

    def __init__(self) -> None:
        self.steps: List[Tuple[float, str]] = []  # (milliseconds, text)
        self._quiet = 0

    def add(self, now_ms: float, text: str) -> None:
        if self._quiet or len(self.steps) >= MAX_STEPS:
            return
        if len(text) > MAX_TEXT:
            text = text[:MAX_TEXT] + "..."
        self.steps.append((now_ms, text))

    @contextmanager
    def quiet(self) -> Iterator[None]:
        """Adds no steps inside."""
        self._quiet += 1
        try:
            yield
        finally:
            self._quiet -= 1

    def lines(self) -> List[str]:
        """Numbered; what was done again and again is one line, and the middle
        of a long story is left out."""
        lines: List[str] = []
        number = 1
        for text, same in groupby(text for _, text in self.steps):
            count = len(list(same))
            lines.append(f"{number}. {text}" if count == 1 else
                         f"{number}. {text} ({count} times)")
            number += count
        if len(lines) <= SHOW_HEAD + SHOW_TAIL + 1:
            return lines
        left_out = len(lines) - SHOW_HEAD - SHOW_TAIL
        return (lines[:SHOW_HEAD] + [f"   ... {left_out} more steps ..."]
                + lines[-SHOW_TAIL:])
