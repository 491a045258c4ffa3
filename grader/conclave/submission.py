"""A submission: whose stages are graded, and the files that count of it.

Only regular *.c and *.h files of plain names are taken, and no header that the
kit fixes: those always come from labs/. Nothing else that lies in a submission
(makefiles, links, scripts) is ever read.
"""

from __future__ import annotations

import os
import pathlib
import re
import stat
from typing import Dict, List, Optional, Sequence

from .spec import Lab

MAX_FILES = 100           # of one stage
MAX_FILE_BYTES = 1 << 20  # of one file
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*\.[ch]\Z")


class BadSubmission(Exception):
    """One sentence on what is wrong with it."""


class Submission:
    """A folder with a stage in each of its subfolders, or one stage flat."""

    def __init__(self, folder: pathlib.Path, root: pathlib.Path,
                 labs: Sequence[Lab], asked: Sequence[str]):
        self.folder = folder
        self._root = root
        self._flat = _flat_lab(folder, labs, asked)

    def stage(self, lab: Lab) -> Optional[pathlib.Path]:
        """The folder with a lab's stage, or None if it holds none."""
        if self._flat is not None:
            return self.folder if lab.name == self._flat else None
        path = self.folder / lab.folder
        if not path.is_dir() or not _c_files(path) or self._leads_out(path):
            return None
        return path

    def _leads_out(self, path: pathlib.Path) -> bool:
        """Whether a folder is a link to somewhere else."""
        return path.is_symlink() and \
            self.folder.resolve() not in path.resolve().parents

    def is_the_kits(self, name: str) -> bool:
        """Whether one of its files is what the kit's folder of labs holds under
        that name: handed in as it came."""
        mine, kits = self.folder / name, self._root / "labs" / name
        return kits.is_file() and mine.is_file() and not mine.is_symlink() \
            and mine.stat().st_size == kits.stat().st_size \
            and mine.read_bytes() == kits.read_bytes()

    def files(self, lab: Lab) -> Dict[str, bytes]:
        """Name -> content of the files of a stage that count."""
        path = self.stage(lab)
        if path is None and self._leads_out(self.folder / lab.folder):
            raise BadSubmission(
                f"{lab.folder} is a link that leads out of {self.folder}: put "
                "the files themselves there")
        if path is None:
            raise BadSubmission(
                f"there is no C file in {self.folder / lab.folder}: put the "
                f"files of {lab.title} there")
        fixed = {one.name
                 for one in (self._root / "labs" / lab.folder).glob("*.h")}
        found = {}
        for name in sorted(os.listdir(path)):
            if not _NAME.match(name) or name in fixed:
                continue
            content = _read_regular(path / name)
            if content is not None:
                found[name] = content
        if len(found) > MAX_FILES:
            raise BadSubmission(f"{path} holds {len(found)} C files; at most "
                                f"{MAX_FILES} are taken")
        return found


def _flat_lab(folder: pathlib.Path, labs: Sequence[Lab],
              asked: Sequence[str]) -> Optional[str]:
    """The one lab that C files straight in the folder are of, if there are."""
    if any((folder / lab.folder).is_dir() for lab in labs) or \
            not _c_files(folder):
        return None
    if len(asked) != 1:
        raise BadSubmission(f"{folder} holds C files but no folder such as "
                            f"{labs[0].folder}: name the one lab they are of")
    return asked[0]


def _c_files(folder: pathlib.Path) -> List[pathlib.Path]:
    return [path for path in folder.glob("*.c")
            if path.is_file() and not path.is_symlink()]


def _read_regular(path: pathlib.Path) -> Optional[bytes]:
    """A regular file's content; None for links, folders, pipes."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        return None
    with os.fdopen(handle, "rb") as file:
        content = file.read(MAX_FILE_BYTES + 1)
    if len(content) > MAX_FILE_BYTES:
        raise BadSubmission(f"{path} is longer than {MAX_FILE_BYTES} bytes")
    return content
