#!/usr/bin/env python3
"""Makes the skeletons that students fill in from the reference solution.

    grader/skeleton.py             solution/*/*.c -> labs/*/*.c
    grader/skeleton.py --check     only say which skeletons are stale
    grader/skeleton.py --force     write over skeletons that were edited
    grader/skeleton.py --into DIR  write somewhere else, record nothing

A master marks what students write themselves. What stands between the marks is
cut out and replaced by the stub, which may be empty:

    int majority(int total)
    {
        // BEGIN SOLUTION: return 0;
        return total / 2 + 1;
        // END SOLUTION
    }

A stub of several lines stands behind bars, below the first mark:

    // BEGIN SOLUTION:
    // | /* Your code here. */
    // | return 0;
    return total / 2 + 1;
    // END SOLUTION

labs/.skeletons records what was made last, so that a skeleton somebody has
worked in is never written over unasked.
"""

from __future__ import annotations

import argparse
import hashlib
import pathlib
import re
import sys
from typing import Dict, List, Optional, Sequence

ROOT = pathlib.Path(__file__).resolve().parent.parent
RECORD = ".skeletons"

BEGIN = re.compile(r"^(\s*)// BEGIN SOLUTION:(.*)$")
BAR = re.compile(r"^\s*// \|( (.*))?$")
END = re.compile(r"^\s*// END SOLUTION$")
MARK = re.compile(r"\b(BEGIN|END)\s+SOLUTION\b", re.IGNORECASE)


class SkeletonError(Exception):
    """A sentence: what is wrong, where, what to do."""


def make_skeleton(text: str, name: str) -> str:
    """A master's text without its solutions. name is for error messages."""
    lines: List[str] = []
    indent = ""
    begun_at = 0        # the line of the region's first mark; 0: outside
    takes_bars = False  # the region's stub may go on
    count = 0

    for number, line in enumerate(text.splitlines(), 1):
        begin, bar = BEGIN.match(line), BAR.match(line)
        if begin and begun_at:
            raise SkeletonError(
                f"{name}:{number}: BEGIN SOLUTION inside the region that "
                f"begins on line {begun_at}; end that one first")
        if begin:
            count += 1
            begun_at = number
            indent, stub = begin.group(1), begin.group(2).strip()
            takes_bars = not stub
            if stub:
                lines.append(indent + stub)
        elif END.match(line):
            if not begun_at:
                raise SkeletonError(
                    f"{name}:{number}: END SOLUTION without a BEGIN SOLUTION "
                    "before it")
            begun_at = 0
        elif MARK.search(line):
            raise SkeletonError(
                f"{name}:{number}: not the form of a mark; write "
                "'// BEGIN SOLUTION: stub' or '// END SOLUTION' on a line of "
                "its own")
        elif bar:
            if not begun_at or not takes_bars:
                raise SkeletonError(
                    f"{name}:{number}: a stub's line stands apart; put it "
                    "right below a '// BEGIN SOLUTION:' without a stub")
            stub = bar.group(2) or ""
            lines.append((indent + stub).rstrip())
        elif begun_at:
            takes_bars = False
        else:
            lines.append(line.rstrip())
    if begun_at:
        raise SkeletonError(
            f"{name}:{begun_at}: this BEGIN SOLUTION has no END SOLUTION")
    if count == 0:
        raise SkeletonError(
            f"{name}:1: nothing is marked, so students would get the whole "
            "solution; mark it with BEGIN SOLUTION and END SOLUTION")
    return "\n".join(tidy(lines)) + "\n"


def tidy(lines: Sequence[str]) -> List[str]:
    """No doubled blank lines, and none just inside of braces."""
    kept: List[str] = []
    for line in lines:
        before = kept[-1] if kept else ""
        if line == "" and (before == "" or before.endswith("{")):
            continue
        if line.strip().startswith("}") and before == "":
            while kept and kept[-1] == "":
                kept.pop()
        kept.append(line)
    while kept and kept[-1] == "":
        kept.pop()
    return kept


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


class Skeletons:
    """All skeletons of a tree."""

    def __init__(self, root: pathlib.Path):
        self.root = root
        self.labs = root / "labs"
        self.made: Dict[str, str] = {}  # "1-rpc/rpc.c" -> its text
        for master in sorted((root / "solution").glob("*/*.c")):
            name = master.relative_to(root / "solution").as_posix()
            self.made[name] = make_skeleton(
                master.read_text(encoding="utf-8"), f"solution/{name}")
        self.record = self.read_record()  # name -> digest of the last one made

    def read_record(self) -> Dict[str, str]:
        path = self.labs / RECORD
        if not path.exists():
            return {}
        pairs = (line.split() for line in path.read_text().splitlines())
        return {pair[1]: pair[0] for pair in pairs if len(pair) == 2}

    def write_record(self) -> None:
        lines = [f"{digest(text)}  {name}\n"
                 for name, text in sorted(self.made.items())]
        (self.labs / RECORD).write_text("".join(lines))

    def present(self, name: str) -> Optional[str]:
        path = self.labs / name
        return path.read_text(encoding="utf-8") if path.exists() else None

    def is_edited(self, name: str) -> bool:
        """Whether somebody has worked in a skeleton."""
        text = self.present(name)
        return (text is not None and text != self.made.get(name)
                and digest(text) != self.record.get(name))

    def without_master(self) -> List[str]:
        """Skeletons made once whose master is gone."""
        return [name for name in sorted(self.record)
                if name not in self.made and self.present(name) is not None]

    def stale(self) -> List[str]:
        """One sentence for each skeleton that is not what it should be."""
        found = []
        for name, text in self.made.items():
            present = self.present(name)
            if present is None:
                found.append(f"labs/{name} is missing; run make skeletons")
            elif self.is_edited(name):
                found.append(f"labs/{name} was edited by hand; edit "
                             f"solution/{name} instead")
            elif present != text:
                found.append(f"labs/{name} is stale; run make skeletons")
            elif self.record.get(name) != digest(text):
                found.append(f"labs/{RECORD} does not know labs/{name}; run "
                             "make skeletons")
        found += [f"labs/{name} has no master any more; run make skeletons"
                  for name in self.without_master()]
        return found

    def write(self, force: bool) -> List[str]:
        """Writes what changed; returns the names. All or nothing."""
        gone = self.without_master()
        edited = [name for name in [*self.made, *gone] if self.is_edited(name)]
        if edited and not force:
            names = ", ".join(f"labs/{name}" for name in edited)
            raise SkeletonError(
                f"{names}: edited since it was made; move your work away, or "
                "write over it with: make skeletons ARGS=--force")
        changed = [name for name, text in self.made.items()
                   if self.present(name) != text]
        for name in changed:
            path = self.labs / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(self.made[name], encoding="utf-8")
        for name in gone:
            (self.labs / name).unlink()
        self.write_record()
        return changed + gone

    def write_into(self, folder: pathlib.Path) -> None:
        for name, text in self.made.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")


def main(words: Optional[Sequence[str]] = None,
         root: pathlib.Path = ROOT) -> int:
    parser = argparse.ArgumentParser(
        description="Makes labs/*/*.c from solution/*/*.c.")
    parser.add_argument("--check", action="store_true",
                        help="write nothing; fail if a skeleton is stale")
    parser.add_argument("--force", action="store_true",
                        help="write over skeletons that were edited")
    parser.add_argument("--into", metavar="DIR", type=pathlib.Path,
                        help="write there instead, and record nothing")
    args = parser.parse_args(words)

    if not (root / "solution").is_dir():
        print("there is no solution/ here to make skeletons from")
        return 0
    try:
        skeletons = Skeletons(root)
        if args.into:
            skeletons.write_into(args.into)
        elif args.check:
            stale = skeletons.stale()
            for sentence in stale:
                print(sentence, file=sys.stderr)
            return 1 if stale else 0
        else:
            for name in skeletons.write(args.force):
                print(f"labs/{name}")
    except SkeletonError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
