"""The reference of a past lab, for those who could not finish it.

As source it is what solution/ holds, without the marks that cut the skeleton
out of it. As objects it is compiled for this kind of machine, without what
debuggers read; a student can go on with it and learns little from it. Both lie
in reference/2-election, to be unpacked at the top of a student's copy; the
grader then gives isolated credit with it (conclave/reference.py).
"""

from __future__ import annotations

import os
import pathlib
import subprocess
from typing import Dict

from conclave import reference
from conclave.discover import Course
from skeleton import BAR, BEGIN, END

from .archive import Entry, Files
from .files import Trouble

SOURCE, OBJECTS = "source", "objects"


def package(root: pathlib.Path, course: Course, form: str) -> Files:
    """The files to hand out, under reference/. Trouble."""
    lab = course.lab
    folder = root / "solution" / lab.folder
    names = sorted(path.name for path in folder.glob("*.[ch]"))
    if not any(name.endswith(".c") for name in names):
        raise Trouble(f"{folder} holds no C file")
    top = f"{reference.HANDED_OUT}/{lab.folder}"
    if form == SOURCE:
        return {f"{top}/{name}":
                Entry(clean((folder / name).read_text()).encode())
                for name in names}
    return _objects(root, course, top)


def clean(text: str) -> str:
    """A master without the marks and stubs."""
    inside = False
    kept = []
    for line in text.splitlines():
        if BEGIN.match(line) or END.match(line):
            inside = bool(BEGIN.match(line))
        elif not (inside and BAR.match(line)):
            kept.append(line)
    return "\n".join(kept) + "\n"


def _objects(root: pathlib.Path, course: Course, top: str) -> Files:
    """Compiled as every node is, but without debug information."""
    lab = course.lab
    build = pathlib.Path(os.environ.get("BUILD") or "build")
    out = build / "reference"
    folder = f"solution/{lab.folder}"
    objects = [out / "obj" / lab.folder / f"{path.name}.o"
               for path in sorted((root / folder).glob("*.c"))]
    made = subprocess.run(
        ["make", "--no-print-directory", "-s", *map(str, objects),
         f"OUT={out}", f"STAGE_{lab.name.upper()}={folder}",
         "FLAVOUR=release", f"CFLAGS={os.environ.get('CFLAGS', '')} -g0"],
        cwd=root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if made.returncode:
        raise Trouble(f"the reference of {lab.folder} does not compile:\n"
                      + made.stdout.decode(errors="replace"))
    machine = reference.machine(os.environ.get("CC") or "cc")
    files: Dict[str, Entry] = {
        f"{top}/{path.name}": Entry((root / path).read_bytes())
        for path in objects}
    files[f"{top}/{reference.MACHINE}"] = Entry(f"{machine}\n".encode())
    return files
