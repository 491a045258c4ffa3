"""From a node's backtrace to the student's line, where binutils are found.

The host prints frames as backtrace_symbols does: PROGRAM(name+0x12)[0x...] or
PROGRAM(+0x1234)[0x...]. The first frame outside the kit is the one to look at.
"""

from __future__ import annotations

import pathlib
import re
import shutil
import subprocess
from typing import Dict, List, Sequence

_FRAME = re.compile(r"^(?P<program>\S+)\((?P<name>[\w.]*)"
                    r"\+0x(?P<offset>[0-9a-f]+)\)\s*\[")
_LIMIT_S = 20.0
_MAX_FRAMES = 64
_HANDLER = re.compile(r", uv/watch\.c:")       # what prints the backtrace
_REFUSED = "refused: "  # before a backtrace
_STUDENTS = re.compile(r", \d+-\w+/[^/]+$")  # in a lab's folder


def readable(texts: Sequence[str], program: pathlib.Path) -> List[str]:
    """A log with its backtraces in words, where they can be had."""
    places = _places(texts, program)
    shown = []
    for text in texts:
        found = _FRAME.match(text)
        if not places:
            shown.append(text)
        elif found is None:
            if not text.startswith("(addr2line "):
                shown.append(text)
        elif text in places and not _HANDLER.search(places[text][-1]):
            shown.append("  at " + places[text][-1])
        elif not found["program"].endswith(program.name):
            shown.append("  at " + found["program"].split("/")[-1])
    return shown


def place(texts: Sequence[str], program: pathlib.Path) -> str:
    """The student's line that a backtrace leads to: "handle_vote,
    2-election/election.c:120"; "" if it cannot be told."""
    places = _places(texts, program)
    for text in texts:
        for where in places.get(text, []):
            if _STUDENTS.search(where):
                return where
    return ""


def _places(texts: Sequence[str], program: pathlib.Path
            ) -> Dict[str, List[str]]:
    """Line of a log -> "function, file:line", inlined ones first."""
    frames = [(text, found) for text in texts
              for found in [_FRAME.match(text)]
              if found and found["program"].endswith(program.name)]
    if not frames or not shutil.which("addr2line") or not shutil.which("nm"):
        return {}
    try:
        symbols = _symbols(program)
        faulted = _faulted(texts, program)
        places = {}
        for text, found in frames[:_MAX_FRAMES]:
            start = symbols.get(found["name"], 0)
            if start or not found["name"]:
                # A frame holds where it returns to: the call lies one byte
                # before. Only the one that a signal stopped holds its place.
                back = 0 if text == faulted else 1
                where = _lines(program,
                               start + int(found["offset"], 16) - back)
                if where:
                    places[text] = where
        return places
    except (OSError, ValueError, subprocess.SubprocessError):
        return {}


def _faulted(texts: Sequence[str], program: pathlib.Path) -> str:
    """The frame that a signal stopped: the program's first below the system's
    one, which lies below those of the handler. "" if there is none: where the
    system has more, a function of its own was stopped, memcpy() say; and one
    that has made a call of the system's, and was refused it, returns like the
    others."""
    if any(text.startswith(_REFUSED) for text in texts):
        return ""
    seen_own, system_frames = False, 0
    for text in texts:
        found = _FRAME.match(text)
        if not found:
            continue
        if not found["program"].endswith(program.name):
            system_frames += seen_own
        elif system_frames:
            return text if system_frames == 1 else ""
        else:
            seen_own = True
    return ""


def _symbols(program: pathlib.Path) -> Dict[str, int]:
    """Name -> address of the program's functions."""
    found = {}
    for line in _run(["nm", str(program)]):
        word = line.split()
        if len(word) == 3 and word[1] in "tTwW":
            found[word[2]] = int(word[0], 16)
    return found


def _lines(program: pathlib.Path, address: int) -> List[str]:
    """"function, file:line" of an address, inlined callees first."""
    lines = _run(["addr2line", "-f", "-i", "-e", str(program),
                  hex(max(address, 0))])
    return [f"{function}, {_short(where)}"
            for function, where in zip(lines[::2], lines[1::2])
            if re.search(r"\.[chS]:[0-9]", where)]


def _run(words: List[str]) -> List[str]:
    done = subprocess.run(words, stdin=subprocess.DEVNULL, check=True,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          timeout=_LIMIT_S)
    return done.stdout.decode(errors="replace").splitlines()


def _short(where: str) -> str:
    """The last folder, the file and the line."""
    where = where.split(" ")[0]
    return "/".join(where.split("/")[-2:])
