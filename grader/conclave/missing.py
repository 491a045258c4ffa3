"""Functions that nodes call and nothing defines: which they are, and where they
belong.

A stage without one of its files does not link, and what the linker names are
those who call: the wrong place to look. Where a function belongs, the kit's own
skeletons say; on a student's machine they have become the student's work, and
what is left are the headers and the list of the skeletons that were made.
"""

from __future__ import annotations

import pathlib
import re
from dataclasses import dataclass
from typing import Dict, List, Mapping, Optional

# What `sim check` says of an object, and the linkers of a program.
NOTHING, SIMULATORS = "nothing defines it", "this one is the simulator's"
_CHECKED = re.compile(r"^(?P<file>\S+)\.o calls (?P<name>\w+)\(\): "
                      rf"(?:{NOTHING}|.*(?P<other>{SIMULATORS}))$",
                      re.MULTILINE)
_LINKED = re.compile(r"(?P<file>[^\s:]+\.c)(?:\.o)?:[^\n]*undefined reference "
                     r"to \W(?P<name>\w+)")
_LINKED_BY_LLD = re.compile(r"undefined symbol: (?P<name>\w+)(?P<file>)")
_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
_RECORD = "labs/.skeletons"  # a digest and a name a line (skeleton.py)

Stages = Mapping[str, pathlib.Path]  # "3-replication" -> the submission's folder


@dataclass(frozen=True)
class _Home:
    """Where functions belong."""

    file: str = ""         # "3-replication/replication.c"; "": one of a stage's
    is_there: bool = True  # the submission has it
    header: str = ""       # that declares them, if no file is known
    caller: str = ""       # who calls them, if not even that is known


def sentence(text: str, root: pathlib.Path, stages: Stages) -> Optional[str]:
    """What is missing from the submission, if what make printed says so, and
    what to do about it. None: nothing is, or it is not for the submission."""
    missing: Dict[str, str] = {}  # function -> a file that calls it
    for pattern in (_CHECKED, _LINKED, _LINKED_BY_LLD):
        for found in pattern.finditer(text):
            # Who calls the simulator's, which no stage defines, meant it.
            file = "" if found.groupdict().get("other") else found["file"]
            missing.setdefault(found["name"], file)
    kit = _Kit(root, stages) if missing else None
    groups: Dict[_Home, List[str]] = {}
    for name, caller in missing.items():
        home = kit and kit.home(name, caller)
        if home:
            groups.setdefault(home, []).append(name)
    if not groups:
        return None
    # A file that is not there explains most.
    home = min(groups, key=lambda one: (one.is_there, not one.file,
                                        not one.header))
    return _in_words(home, groups[home])


def _in_words(home: _Home, names: List[str]) -> str:
    more = len(names) - 1
    it = "them" if more else "it"
    what = f"{names[0]}() is missing"
    if more:
        what = (f"{names[0]}() and {more} more function{'s' * (more > 1)} are "
                "missing")
    if not home.is_there:
        return (f"{what}: {home.file} should define {it}, and the submission "
                "has no such file. Put it there: yours, or if you have not "
                "begun it the one that came with the kit")
    if home.file:
        return (f"{what}: {home.file} should define {it}, and does not. Define "
                f"{it} there, spelled like that")
    if home.header:
        return (f"{what}: {home.header} declares {it}, and no file of the "
                f"submission defines {it}. Define {it}, spelled like that")
    return (f"{what}: {home.caller} calls {it}, and no file defines {it}. "
            f"Is the name right? Else define {it}, or add the file that does")


class _Kit:
    """What the kit says of these stages."""

    def __init__(self, root: pathlib.Path, stages: Stages):
        self._stages = stages
        self._sources = {f"{folder}/{path.name}": _code(path)
                         for folder in stages
                         for path in sorted((root / "labs" / folder)
                                            .glob("*.c"))}
        self._headers = {f"{path.parent.name}/{path.name}": _code(path)
                         for path in sorted(root.glob("labs/*/*.h"))}
        # Those that all stages share: "store.h".
        self._headers.update(
            (path.name, _code(path))
            for path in sorted(root.glob("handout/node/*.h")))
        self._lost = [file for file in _skeletons(root)
                      if file.split("/")[0] in stages and not self._has(file)]

    def home(self, name: str, caller: str) -> Optional[_Home]:
        """Where a function belongs, as far as it can be known; None: it does
        not belong to the submission."""
        file = self._defines(name)
        if file:
            return _Home(file, self._has(file))
        header = next((one for one, code in self._headers.items()
                       if re.search(rf"\b{name}\(", code)), "")
        folder = header.rpartition("/")[0]
        if header and (not folder or folder in self._stages):
            lost = [one for one in self._lost
                    if one.startswith(f"{folder}/" if folder else "")]
            if f"{header[:-2]}.c" in lost:
                lost = [f"{header[:-2]}.c"]
            return _Home(lost[0], is_there=False) if len(lost) == 1 \
                else _Home(header=header)
        for stage, path in self._stages.items():
            if caller.startswith(f"{path}/") or f"obj/{stage}/" in caller:
                return _Home(caller=f"{stage}/{caller.rpartition('/')[2]}")
        return None

    def _has(self, file: str) -> bool:
        folder, _, name = file.partition("/")
        return (self._stages[folder] / name).is_file()

    def _defines(self, name: str) -> str:
        """The file of the kit's that defines a function for others."""
        definition = re.compile(rf"^(?!static\b)[A-Za-z][\w \t*]*\b{name}"
                                r"\([^;{}()]*\)\s*\{", re.MULTILINE)
        return next((file for file, code in self._sources.items()
                     if definition.search(code)), "")


def _skeletons(root: pathlib.Path) -> List[str]:
    """The files that stages had when they came: "3-replication/leader.c"."""
    try:
        lines = (root / _RECORD).read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    return [line.split()[1] for line in lines if len(line.split()) == 2]


def _code(path: pathlib.Path) -> str:
    text = path.read_text(encoding="utf-8", errors="replace")
    return _COMMENT.sub(" ", text)
