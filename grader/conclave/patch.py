"""Unified diffs, as `git diff` writes them, read and applied strictly.

    for change in parse(text):              # one a file
        new = change.apply(old)

A hunk must fit letter by letter. Its line number is where it is looked for
first; if the file has moved on above it, it may stand anywhere further down
than the hunk before, as long as there is one place only. Files are changed,
never made or removed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import List, Optional, Sequence, Tuple

_HEAD = re.compile(r"@@ -(\d+)(?:,(\d+))? \+\d+(?:,(\d+))? @@")


class PatchError(Exception):
    """One sentence on what is wrong with a diff, or why it does not fit."""


@dataclass(frozen=True)
class Hunk:
    """Lines to be found, and those to be put in their place."""

    line: int               # where the old lines begin, counted from 1
    old: Tuple[str, ...]    # kept and removed lines, in order
    new: Tuple[str, ...]    # kept and added lines, in order

    def place(self, lines: Sequence[str], first: int, guess: int) -> int:
        """Where in a file it fits, not before first. PatchError."""
        if guess >= first and self._fits(lines, guess):
            return guess
        places = [place for place in range(first, len(lines))
                  if self._fits(lines, place)]
        if len(places) == 1:
            return places[0]
        if places:
            numbers = ", ".join(str(place + 1) for place in places)
            raise PatchError(f"fits more than one place, lines {numbers}")
        raise PatchError(self._misfit(lines, max(guess, first)))

    def _fits(self, lines: Sequence[str], place: int) -> bool:
        return tuple(lines[place:place + len(self.old)]) == self.old

    def _misfit(self, lines: Sequence[str], place: int) -> str:
        for number, wanted in enumerate(self.old, place):
            there = f"is '{lines[number].strip()}'" if number < len(lines) \
                else "the file has ended"
            if number >= len(lines) or lines[number] != wanted:
                return (f"does not fit: at line {number + 1} it wants "
                        f"'{wanted.strip()}', and there {there}")
        raise AssertionError("it fits after all")


@dataclass(frozen=True)
class FileChange:
    """All hunks of one file."""

    path: str                 # as in the diff, without a/ and b/
    hunks: Tuple[Hunk, ...]   # from top to bottom

    def apply(self, text: str) -> str:
        """The changed file. PatchError says which hunk does not fit."""
        lines = text.split("\n")
        done: List[str] = []
        at, moved = 0, 0
        for number, hunk in enumerate(self.hunks, 1):
            guess = hunk.line - 1 + moved
            try:
                place = hunk.place(lines, at, guess)
            except PatchError as error:
                raise PatchError(f"hunk {number} for {self.path} {error}"
                                 ) from None
            moved += place - guess
            done += lines[at:place]
            done += hunk.new
            at = place + len(hunk.old)
        return "\n".join(done + lines[at:])


def parse(text: str) -> List[FileChange]:
    """Reads a diff; whatever stands before the first --- is no part of it."""
    lines = text.split("\n")
    while lines and not lines[-1]:
        lines.pop()
    at = next((number for number, line in enumerate(lines)
               if line.startswith("--- ")), len(lines))
    changes: List[FileChange] = []
    while at < len(lines):
        path, at = _parse_path(lines, at)
        hunks: List[Hunk] = []
        while at < len(lines) and lines[at].startswith("@@"):
            hunk, at = _parse_hunk(lines, at)
            hunks.append(hunk)
        if not hunks:
            raise PatchError(f"line {at + 1}: a hunk (@@ -1,2 +1,2 @@) is "
                             f"missing behind the names of {path}")
        if any(path == change.path for change in changes):
            raise PatchError(f"{path} is changed twice: put its hunks together")
        changes.append(FileChange(path, tuple(hunks)))
    return changes


def _parse_path(lines: Sequence[str], at: int) -> Tuple[str, int]:
    """The file that a --- and a +++ line name, and where its hunks begin."""
    old = _name(lines[at], "--- ")
    new = _name(lines[at + 1], "+++ ") if at + 1 < len(lines) else None
    if old is None or new is None:
        raise PatchError(f"line {at + 1}: '--- a/FILE' and '+++ b/FILE' are "
                         f"wanted, not '{lines[at]}'")
    if old != new:
        raise PatchError(f"line {at + 1}: a bug changes files and does not "
                         f"rename, make or remove them ({old} and {new})")
    return old, at + 2


def _name(line: str, mark: str) -> Optional[str]:
    if not line.startswith(mark):
        return None
    return re.sub(r"\A[ab]/", "", line[len(mark):].split("\t")[0])


def _parse_hunk(lines: Sequence[str], at: int) -> Tuple[Hunk, int]:
    """The hunk whose head is at a line, and where the next thing begins."""
    head = _HEAD.match(lines[at])
    if head is None:
        raise PatchError(f"line {at + 1}: '{lines[at]}' heads no hunk")
    old_count = int(head[2] or 1)
    new_count = int(head[3] or 1)
    if old_count == 0:
        raise PatchError(f"line {at + 1}: a hunk without lines around it fits "
                         "anywhere: make the diff with three lines of context")
    first = at
    old: List[str] = []
    new: List[str] = []
    while len(old) < old_count or len(new) < new_count:
        at += 1
        line = lines[at] if at < len(lines) else "(the end)"
        mark, rest = line[:1] or " ", line[1:]  # editors cut a lone space
        if mark not in " -+":
            raise PatchError(f"line {at + 1}: the hunk of line {first + 1} is "
                             f"{old_count} old and {new_count} new lines "
                             f"long, and ends too soon with '{line}'")
        if mark in " -":
            old.append(rest)
        if mark in " +":
            new.append(rest)
    if len(old) != old_count or len(new) != new_count:
        raise PatchError(f"line {first + 1}: the hunk's head counts "
                         f"{old_count} old and {new_count} new lines, its "
                         "body holds others")
    return Hunk(int(head[1]), tuple(old), tuple(new)), at + 1
