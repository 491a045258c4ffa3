"""Which kit this is: its version, and the files that students get.

    number(root)    "1.0", what people call it: grader/VERSION
    version(root)   "1.0+3f9a2c1d04": and a digest of all that students get

The number moves by hand, when something changes that matters for grades: the
course's secret seeds hang on it. The digest moves by itself.
"""

from __future__ import annotations

import hashlib
import os
import pathlib
from typing import List, Mapping

# All there is at the top, but for what instructors keep and what is made.
TOP = (".clang-format", ".gitignore", "Makefile", "README.md", "docs",
       "grader", "handout", "labs")

# Of that, what is for instructors.
KEPT_BACK = ("docs/instructor.md", "docs/handing-out.md", "docs/spreading.md",
             "docs/sandbox.md", "grader/selftest/attacks/",
             "grader/selftest/test_attacks.py")  # a folder ends with a slash

VERSION = "VERSION"  # at the top of a student's copy: what was handed out
_NUMBER = "grader/VERSION"
_DIGITS = 10         # of the digest
_MADE = ("__pycache__",)
_MADE_ENDS = (".pyc", ".swp", "~", ".DS_Store", ".new", ".mine")


def number(root: pathlib.Path) -> str:
    """The version's first half."""
    return (root / _NUMBER).read_text().strip()


def version(root: pathlib.Path) -> str:
    """The whole of it. A student's copy knows what it was handed out as."""
    told = root / VERSION
    if told.is_file():
        return told.read_text().split("\n")[0].strip()
    return version_of({name: (root / name).read_bytes()
                       for name in student_files(root)})


def version_of(contents: Mapping[str, bytes]) -> str:
    """The version that students' files make."""
    digest = hashlib.sha256()
    for name in sorted(contents):
        digest.update(f"{name}\0{len(contents[name])}\0".encode())
        digest.update(contents[name])
    number = contents[_NUMBER].decode().strip()
    return f"{number}+{digest.hexdigest()[:_DIGITS]}"


def student_files(root: pathlib.Path) -> List[str]:
    """Everything but solution/, the instructors' guides and what submissions
    could learn to attack from, sorted."""
    found: List[str] = []
    for top in TOP:
        path = root / top
        if path.is_file():
            found.append(top)
            continue
        for folder, folders, names in os.walk(path):
            folders[:] = [one for one in folders if one not in _MADE]
            found += [(pathlib.Path(folder) / name).relative_to(root)
                      .as_posix() for name in names
                      if not name.endswith(_MADE_ENDS)]
    return sorted({name for name in found
                   if not any(name == kept or kept.endswith("/")
                              and name.startswith(kept)
                              for kept in KEPT_BACK)})


def is_program(path: pathlib.Path) -> bool:
    """Whether it may be run."""
    return bool(path.stat().st_mode & 0o100)
