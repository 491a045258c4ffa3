"""What lies in a folder of submissions: one entry for each student.

A folder, or an archive. Names are taken as they are ("alice.tar.gz" is
alice's), but for those that Canvas and Moodle give to what they let instructors
download:

    doejane_LATE_123_456789_lab3.zip       Canvas: name, user's id, file's id
    Jane Doe_4711_assignsubmission_file_   Moodle: name, participant's id

Canvas gives each file of a student an entry of its own; C files without an
archive around them are put together again.
"""

from __future__ import annotations

import pathlib
import re
from dataclasses import dataclass
from typing import Dict, List, Sequence, Tuple

from .trouble import Trouble

ENDS = (".tar.gz", ".tar.xz", ".tar.bz2", ".tgz", ".txz", ".tbz2", ".tbz",
        ".tar", ".zip")
MAX_NAME = 80
_CANVAS = re.compile(r"(?P<name>[^_]+)(?:_LATE)?_(?P<id>\d+)_\d+_(?P<file>.+)")
_MOODLE = re.compile(r"(?P<name>.+)_(?P<id>\d+)_assignsubmission_file(?:_.*)?")
_COPY = re.compile(r"-\d+(?=\.[^.]*$)")  # Canvas: handed in again
_NOT_OURS = (".DS_Store", "Thumbs.db", "desktop.ini")


@dataclass(frozen=True)
class Entry:
    """One student's submission, as it was handed in."""

    student: str                     # as results call them: fit for a file
    paths: Tuple[pathlib.Path, ...]  # the folder, the archive, or C files
    id: str = ""                     # that the platform gave the student

    @property
    def shown(self) -> str:
        """What was handed in, for people."""
        return ", ".join(path.name for path in self.paths)


def entry_of(path: pathlib.Path) -> Entry:
    """The entry that one path is."""
    name = path.name
    found = _MOODLE.fullmatch(name) if path.is_dir() else None
    if found is None and not path.is_dir():
        found = _CANVAS.fullmatch(name)
    if found is not None:
        return Entry(_plain(f"{found['name']}-{found['id']}"), (path,),
                     found["id"])
    if not path.is_dir():
        for end in ENDS:
            if name.lower().endswith(end) and len(name) > len(end):
                name = name[:-len(end)]
                break
    return Entry(_plain(name), (path,))


def loose_name(path: pathlib.Path) -> str:
    """What a C file was called before Canvas named it anew."""
    found = _CANVAS.fullmatch(path.name)
    name = found["file"] if found else path.name
    return _COPY.sub("", name)


def _plain(name: str) -> str:
    """A name that is safe as a file's, and in every list."""
    name = re.sub(r"[^\w.@+-]+", "_", name.strip())[:MAX_NAME].lstrip(".-")
    return name or "_"


def find(folder: pathlib.Path) -> Tuple[List[Entry], List[str]]:
    """All entries in order, and a sentence for each thing that is none."""
    if not folder.is_dir():
        raise Trouble(f"there is no folder {folder}: name the one that holds "
                      "a folder or an archive of each student")
    groups: Dict[str, List[Entry]] = {}
    refused: List[str] = []
    for path in sorted(folder.iterdir(), key=lambda one: one.name):
        if path.name.startswith(".") or path.name in _NOT_OURS:
            continue
        if path.is_symlink():
            refused.append(f"{path.name} is a link and was left out: put what "
                           "it points to there")
        elif not (path.is_dir() or path.is_file()):
            refused.append(f"{path.name} is neither a folder nor a file")
        elif path.is_file() and not _may_be(path):
            refused.append(f"{path.name} was left out: submissions are "
                           f"folders, or files *{', *'.join(ENDS)}")
        else:
            entry = entry_of(path)
            groups.setdefault(entry.student.lower(), []).append(entry)
    entries: List[Entry] = []
    for group in groups.values():
        entries += _joined(group, refused)
    return entries, refused


def _may_be(path: pathlib.Path) -> bool:
    name = path.name.lower()
    return name.endswith(ENDS) or (name.endswith((".c", ".h"))
                                   and bool(_CANVAS.fullmatch(path.name)))


def _joined(group: Sequence[Entry], refused: List[str]) -> List[Entry]:
    """What one student handed in, as one entry if it can be."""
    paths = [path for entry in group for path in entry.paths]
    if all(is_loose(path) for path in paths):
        return [Entry(group[0].student, tuple(paths), group[0].id)]
    if len(group) == 1:
        return list(group)
    names = " and ".join(path.name for path in paths)
    refused.append(f"{group[0].student} handed in {names}: keep one of them "
                   "(none was graded)")
    return []


def is_loose(path: pathlib.Path) -> bool:
    """Whether a path is a C file by itself."""
    return path.is_file() and path.name.lower().endswith((".c", ".h"))
