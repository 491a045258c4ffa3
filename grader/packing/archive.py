"""Folders, tar and zip files of the same bytes every time.

Whoever makes a package of the same files gets the same bytes: names are
sorted, times, owners and modes are fixed.
"""

from __future__ import annotations

import gzip
import io
import os
import pathlib
import shutil
import tarfile
import zipfile
from typing import Mapping, NamedTuple

_TIME = 1767225600                    # 2026-01-01: any time does
_ZIP_TIME = (2026, 1, 1, 0, 0, 0)


class Entry(NamedTuple):
    """A file of a package."""

    content: bytes
    program: bool = False  # it may be run


Files = Mapping[str, Entry]  # by name, with slashes


def _mode(entry: Entry) -> int:
    return 0o755 if entry.program else 0o644


def write_folder(files: Files, folder: pathlib.Path) -> None:
    """Makes the folder anew."""
    shutil.rmtree(folder, ignore_errors=True)
    for name in sorted(files):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(files[name].content)
        os.chmod(path, _mode(files[name]))


def tar_bytes(files: Files, top: str = "") -> bytes:
    """A tar file; top is the folder that all lies in, "" for none."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w",
                      format=tarfile.USTAR_FORMAT) as tar:
        for name in sorted(files):
            info = tarfile.TarInfo(f"{top}/{name}" if top else name)
            info.size = len(files[name].content)
            info.mode = _mode(files[name])
            info.mtime = _TIME
            tar.addfile(info, io.BytesIO(files[name].content))
    return data.getvalue()


def tar_gz_bytes(files: Files, top: str = "") -> bytes:
    """The same, compressed: without a name and a time in it."""
    return gzip.compress(tar_bytes(files, top), 9, mtime=0)


def zip_bytes(files: Files) -> bytes:
    """A zip file; unzip gives programs their mode."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name in sorted(files):
            info = zipfile.ZipInfo(name, _ZIP_TIME)
            info.external_attr = (0o100000 | _mode(files[name])) << 16
            info.create_system = 3  # Unix
            info.compress_type = zipfile.ZIP_DEFLATED
            zipped.writestr(info, files[name].content)
    return data.getvalue()


def replace(path: pathlib.Path, content: bytes) -> None:
    """All of it or nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(path.name + ".part")
    new.write_bytes(content)
    os.replace(new, path)
