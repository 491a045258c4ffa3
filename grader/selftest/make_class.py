#!/usr/bin/env python3
"""Makes up a class, to try grader/grade-class on.

    grader/selftest/make_class.py FOLDER            thirty submissions
    grader/selftest/make_class.py FOLDER --small    eight, of lab 1 alone

Of the reference, the skeletons and the seeded bugs: students who have it all,
or nothing, or a mistake somewhere; who are half-way; whose files do not
compile; who try something else than the labs; and who hand in strange archives.
The same kit makes the same class. Needs solution/.
"""

from __future__ import annotations

import argparse
import io
import pathlib
import re
import sys
import tarfile
import tempfile
import zipfile
from typing import Callable, Dict, List, Optional, Tuple

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "grader"))
sys.dont_write_bytecode = True

from conclave import bugs  # noqa: E402 - the path comes first

STAGES = ("1-rpc", "2-election", "3-replication", "4-persistence", "5-kv")
START = r"void rpc_start\(void\)\n\{\n"
TIME = 1_760_000_000  # of all files: October 2025
Files = Dict[str, bytes]

BUGS_OF = {"rpc": 2, "election": 2, "replication": 2, "persistence": 2,
           "kv": 1}
ATTACKS = {
    "exits": "exit(0);",
    "prints": 'puts("100/100 passed"); fflush(stdout); _exit(0);',
    "kills": "kill(getppid(), 9);",
    "writes": 'FILE *f = fopen("result.json", "w"); if (f) { fputs("{'
              '\\"score\\": 569}", f); fclose(f); }',
    "loops": "for (volatile int i = 0;; i++) {}",
}
_HEADERS = ("#define _GNU_SOURCE\n#include <signal.h>\n#include <stdio.h>\n"
            "#include <stdlib.h>\n#include <unistd.h>\n")


def stages(folder: str, names: Tuple[str, ...] = STAGES) -> Files:
    """The C files of some stages, of labs/ or solution/."""
    return {f"{stage}/{path.name}": path.read_bytes() for stage in names
            for path in sorted((ROOT / folder / stage).glob("*.[ch]"))}


def some_bugs() -> List[bugs.Bug]:
    """Some of each stage, from all over the list."""
    found = [bugs.load(path) for path in
             sorted((ROOT / "solution" / "bugs").glob("*.patch"))]
    chosen: List[bugs.Bug] = []
    for stage, count in BUGS_OF.items():
        mine = [bug for bug in found if bug.stage == stage and bug.changes]
        chosen += [mine[len(mine) * (2 * one + 1) // (2 * count)]
                   for one in range(count)]
    return chosen


def with_bug(bug: bugs.Bug) -> Files:
    """The reference with a seeded bug, up to the stage that has it."""
    reached = next(at for at, one in enumerate(STAGES, 1)
                   if one.endswith(bug.stage))
    files = {**stages("labs"), **stages("solution", STAGES[:reached])}
    with tempfile.TemporaryDirectory() as folder:
        bugs.plant(bug, ROOT, pathlib.Path(folder))
        for path in pathlib.Path(folder).glob("*/*.[ch]"):
            files[f"{path.parent.name}/{path.name}"] = path.read_bytes()
    return files


def with_statement(statement: str, names: Tuple[str, ...]) -> Files:
    """The reference's first stages, but they do something at their start."""
    files = stages("solution", names)
    for name, content in files.items():
        text, count = re.subn(START, lambda found: found.group(0)
                              + f"    {statement}\n", content.decode())
        if count:
            files[name] = (_HEADERS + text).encode()
            return files
    raise AssertionError("the reference has no rpc_start")


def edited(files: Files, name: str, old: str, new: str) -> Files:
    text = files[name].decode()
    assert old in text, (name, old)
    return {**files, name: text.replace(old, new, 1).encode()}


# How it is handed in

def as_folder(path: pathlib.Path, files: Files) -> None:
    for name, content in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(content)


def as_zip(path: pathlib.Path, files: Files) -> None:
    with zipfile.ZipFile(f"{path}.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, (2025, 10, 9, 8, 0, 0)),
                             content)


def as_tar(path: pathlib.Path, files: Files, end: str = ".tar.gz",
           evil: bool = False) -> None:
    mode = {".tar.gz": "w:gz", ".tar.xz": "w:xz", ".tar.bz2": "w:bz2",
            ".tar": "w"}[end]
    with tarfile.open(f"{path}{end}", mode) as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mtime = len(content), TIME
            archive.addfile(member, io.BytesIO(content))
        if evil:
            _add_traps(archive)


def _add_traps(archive: tarfile.TarFile) -> None:
    """Names that lead elsewhere, and links."""
    for name in ("../../escaped.txt", "/escaped-conclave.txt"):
        member = tarfile.TarInfo(name)
        member.size = 4
        archive.addfile(member, io.BytesIO(b"out\n"))
    for name, target, kind in (
            ("1-rpc/all.c", "/etc/passwd", tarfile.SYMTYPE),
            ("up", "../..", tarfile.SYMTYPE),
            ("1-rpc/hard.c", "/etc/passwd", tarfile.LNKTYPE)):
        member = tarfile.TarInfo(name)
        member.type, member.linkname = kind, target
        archive.addfile(member)


def under(top: str, files: Files) -> Files:
    return {f"{top}/{name}": content for name, content in files.items()}


# Who there is

Student = Tuple[str, Callable[[pathlib.Path], None]]


def half_way() -> List[Student]:
    """Those who stopped somewhere."""
    first = stages("solution", STAGES[:1])
    two = stages("solution", STAGES[:2])
    skeletons = stages("labs")
    return [
        ("nina", lambda path: as_folder(path, first)),
        ("omar", lambda path: as_tar(path, {**skeletons, **first})),
        ("petra", lambda path: as_zip(path, under("lab work", two))),
        ("quentin", lambda path: as_folder(path, {**skeletons, **two})),
    ]


def broken() -> List[Student]:
    """Those whose files do not compile, or cannot be unpacked."""
    whole = stages("solution")
    syntax = edited(whole, "1-rpc/rpc.c", "void rpc_start(void)",
                    "this is not C; void rpc_start(void)")
    upper = edited(whole, "5-kv/state.c", "#include", "#inclde")
    missing = {name: content for name, content in whole.items()
               if name != "3-replication/applier.c"}
    return [
        ("rosa", lambda path: as_folder(path, syntax)),
        ("samir", lambda path: as_tar(path, upper, ".tar.xz")),
        ("tess", lambda path: as_zip(path, missing)),
        ("ulf", lambda path: pathlib.Path(f"{path}.tar.gz").write_bytes(
            b"\x1f\x8b\x08\0this is no archive") and None),
        ("vera", lambda path: as_folder(path, {"README.txt": b"Sorry.\n"})),
    ]


def attackers(names: Tuple[str, ...] = STAGES[:2]) -> List[Student]:
    """Those who try something else."""

    def handing_in(what: str) -> Callable[[pathlib.Path], None]:
        return lambda path: as_folder(path, with_statement(ATTACKS[what],
                                                           names))

    makefile = {**stages("labs", names), "Makefile": b"all:\n\techo 100\n",
                "1-rpc/Makefile": b"node-rpc:\n\ttouch node-rpc\n"}
    reader = stages("labs", names)
    reader["1-rpc/rpc.c"] = b'#include "../../solution/1-rpc/rpc.c"\n'
    return [(f"mallory-{what}", handing_in(what)) for what in ATTACKS] + [
        ("mallory-makefile", lambda path: as_zip(path, makefile)),
        ("mallory-reads", lambda path: as_folder(path, reader)),
        ("mallory-archive", lambda path: as_tar(
            path, stages("labs", names), evil=True)),
    ]


def everybody() -> List[Student]:
    """Thirty."""
    whole, skeletons = stages("solution"), stages("labs")
    students: List[Student] = [
        ("ada", lambda path: as_folder(path, whole)),
        ("boris", lambda path: as_tar(path, under("conclave/labs", whole),
                                      ".tar.bz2")),
        ("carla", lambda path: as_folder(path, skeletons)),
        ("dmitri", lambda path: as_zip(path, under("conclave-1.0/labs",
                                                   skeletons))),
    ]
    names = ("emil", "fatima", "george", "hanna", "ivan", "jun", "kofi",
             "lea", "marta")
    students += [(name, lambda path, bug=bug: as_folder(path, with_bug(bug)))
                 for name, bug in zip(names, some_bugs())]
    return students + half_way() + broken() + attackers()


def a_few() -> List[Student]:
    """Eight, of lab 1 alone."""
    first = STAGES[:1]
    students: List[Student] = [
        ("ada", lambda path: as_folder(path, stages("solution", first))),
        ("boris", lambda path: as_tar(path, under("labs", stages(
            "solution", first)))),
        ("carla", lambda path: as_zip(path, stages("labs", first))),
    ]
    chosen = ("ulf", "mallory-exits", "mallory-archive", "mallory-makefile")
    students += [one for one in broken() + attackers(first)
                 if one[0] in chosen]
    syntax = edited(stages("solution", first), "1-rpc/rpc.c",
                    "void rpc_start(void)", "nonsense void rpc_start(void)")
    return students + [("rosa", lambda path: as_folder(path, syntax))]


def make(folder: pathlib.Path, students: List[Student]) -> None:
    """Writes the class."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, hand_in in students:
        hand_in(folder / name)


def main(words: Optional[List[str]] = None) -> int:
    parser = argparse.ArgumentParser(description="Makes up a class.")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--small", action="store_true")
    options = parser.parse_args(words)
    if options.folder.exists() and any(options.folder.iterdir()):
        parser.error(f"{options.folder} is not empty: name a new folder")
    make(options.folder, a_few() if options.small else everybody())
    print(f"{len(list(options.folder.iterdir()))} submissions in "
          f"{options.folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
