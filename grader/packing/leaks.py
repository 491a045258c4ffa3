"""No line of the solution, of a hidden test or of a seeded bug is handed out.

A line is secret if it stands between the marks of a master, in a file of
solution/hidden, or is what a seeded bug puts in or says of itself. Short lines
say nothing alone: two people who close a scope write the same; three of them in
a row do. Some of these pieces are the common idiom of both sides (a loop over
the nodes of the configuration); each is listed in solution/shared-lines, where
somebody has looked at it. Any other that the package holds is a leak.
"""

from __future__ import annotations

import pathlib
import re
from typing import Dict, Iterable, Iterator, List, Set, Tuple

from skeleton import BAR, BEGIN, END

from .archive import Files

TELLING = 30             # characters from which a line says something
TELLING_ROW = 45         # and from which three lines in a row do
ROW = 3
SHORTEST = 5             # of a line in a row; braces are passed over
SHARED = "shared-lines"  # under solution/
_TEST = re.compile(r"^async def (\w+)|^def (\w+)", re.MULTILINE)
_HEAD = re.compile(r"^(?:Bug|Name|Stage|Breaks|Caught by): ")


def squeeze(line: str) -> str:
    """A line without what layout makes of it."""
    return " ".join(line.split())


def pieces(lines: Iterable[str]) -> Iterator[Tuple[int, str]]:
    """(line number, text) of all that says something: lines, and rows of
    them."""
    row: List[Tuple[int, str]] = []
    for number, line in enumerate(map(squeeze, lines), 1):
        if len(line) >= TELLING:
            yield number, line
        if len(line) < SHORTEST:
            continue
        row = [*row, (number, line)][-ROW:]
        text = " | ".join(one for _, one in row)
        if len(row) == ROW and len(text) >= TELLING_ROW:
            yield row[0][0], text


def secrets(solution: pathlib.Path) -> Dict[str, str]:
    """Every telling piece that is secret -> where it stands."""
    found: Dict[str, str] = {}
    for where, lines in _secret_lines(solution):
        for _, piece in pieces(lines):
            found.setdefault(piece, where)
    return found


def _secret_lines(solution: pathlib.Path) -> Iterator["tuple[str, List[str]]"]:
    for path in sorted(solution.glob("*/*.c")):
        yield _name(solution, path), list(_regions(path.read_text()))
    for path in sorted((solution / "hidden").rglob("*.py")):
        yield _name(solution, path), path.read_text().splitlines()
    for path in sorted((solution / "bugs").glob("*.patch")):
        yield _name(solution, path), list(_bug_lines(path.read_text()))


def _name(solution: pathlib.Path, path: pathlib.Path) -> str:
    return path.relative_to(solution.parent).as_posix()


def _regions(text: str) -> Iterator[str]:
    """The lines between the marks, stubs aside."""
    inside = False
    for line in text.splitlines():
        if BEGIN.match(line) or END.match(line):
            inside = bool(BEGIN.match(line))
        elif inside and not BAR.match(line):
            yield line


def _bug_lines(text: str) -> Iterator[str]:
    """What a patch says of the bug, and what it puts in."""
    head, _, diff = text.partition("\n--- ")
    yield from (line for line in head.splitlines() if not _HEAD.match(line))
    yield from (line[1:] for line in diff.splitlines()
                if line.startswith("+") and not line.startswith("+++"))


def hidden_names(solution: pathlib.Path) -> Set[str]:
    """The names of hidden tests: these tell what is tested."""
    return {one or other
            for path in (solution / "hidden").rglob("tests*.py")
            for one, other in _TEST.findall(path.read_text())
            if not (one or other).startswith("_")}


def shared(solution: pathlib.Path) -> Set[str]:
    """Lines that somebody has looked at."""
    path = solution / SHARED
    if not path.exists():
        return set()
    return {line for line in path.read_text().splitlines()
            if line and not line.startswith("# ")}


def held(files: Files, lines: Iterable[str]) -> Dict[str, str]:
    """Which of some pieces a package holds -> where."""
    wanted = set(lines)
    found: Dict[str, str] = {}
    for name in sorted(files):
        text = files[name].content.decode("utf-8", errors="replace")
        for number, piece in pieces(text.splitlines()):
            if piece in wanted:
                found.setdefault(piece, f"{name}:{number}")
    return found


def search(files: Files, solution: pathlib.Path) -> List[str]:
    """A sentence for each leak of a package."""
    known = secrets(solution)
    allowed = shared(solution)
    sentences = [f"{where} holds what {known[piece]} does: {piece}"
                 for piece, where in held(files, known).items()
                 if piece not in allowed]
    for word in sorted(hidden_names(solution)):
        pattern = re.compile(rf"\b{word}\b".encode())
        sentences += [f"{name} names the hidden test {word}"
                      for name in sorted(files)
                      if pattern.search(files[name].content)]
    return sentences


def list_text(lines: Set[str]) -> str:
    """The file of lines that somebody has looked at."""
    return ("# Lines of the reference that students may see elsewhere: the "
            "common idiom\n# of both sides. Made by `make shared-lines`; "
            "whoever commits a new one\n# says that it gives nothing away.\n"
            + "".join(line + "\n" for line in sorted(lines)))
