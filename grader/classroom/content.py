"""What an unpacked submission holds: where its stages are, and its hash."""

from __future__ import annotations

import hashlib
import os
import pathlib
from typing import List, Sequence

from .unpack import Refused

MAX_LEVELS = 6  # of folders around the stages


def find_top(folder: pathlib.Path, stages: Sequence[str],
             labs: Sequence[str]) -> pathlib.Path:
    """The folder that holds 1-rpc/, ...; or, where one lab is graded, the one
    that holds its C files. Refused."""
    level = [folder]
    for _ in range(MAX_LEVELS):
        found = [one for one in level
                 if any(_holds_c(one / stage) for stage in stages)]
        labelled = [one for one in found if one.name == "labs"]
        if len(found) > 1 and len(labelled) == 1:
            found = labelled
        if len(found) > 1:
            names = " and in ".join(_shown(one, folder) for one in found[:3])
            raise Refused(f"it holds labs in {names}: hand in one of them")
        if found:
            return found[0]
        level = [path for one in level for path in _folders(one)]
    return _flat_top(folder, stages, labs)


def _flat_top(folder: pathlib.Path, stages: Sequence[str],
              labs: Sequence[str]) -> pathlib.Path:
    """Where C files lie without a lab's folder around them."""
    found = sorted({path.parent for path in folder.rglob("*.c")
                    if path.is_file()})
    if len(found) == 1 and len(labs) == 1:
        return found[0]
    if not found:
        raise Refused("it holds no C file: hand in the labs' folders, such as "
                      f"{stages[0]}/")
    raise Refused(f"it holds C files, but none in a folder such as "
                  f"{stages[0]}/: hand in the labs' folders")


def _holds_c(folder: pathlib.Path) -> bool:
    return folder.is_dir() and any(folder.glob("*.c"))


def _folders(folder: pathlib.Path) -> List[pathlib.Path]:
    return sorted(path for path in folder.iterdir() if path.is_dir())


def _shown(path: pathlib.Path, top: pathlib.Path) -> str:
    name = path.relative_to(top).as_posix()
    return "the top" if name == "." else f"{name}/"


def content_hash(top: pathlib.Path) -> str:
    """Of all names and contents below a folder, however it came here."""
    digest = hashlib.sha256()
    names: List[str] = []
    for where, _, files in os.walk(top):
        names += [(pathlib.Path(where) / name).relative_to(top).as_posix()
                  for name in files]
    for name in sorted(names):
        content = (top / name).read_bytes()
        digest.update(f"{len(name.encode())} {len(content)}\n".encode())
        digest.update(name.encode() + content)
    return digest.hexdigest()
