"""Files in folders that others write, too: a node may have put a link, a pipe
or a folder where a file is looked for. Nothing here follows it.
"""

from __future__ import annotations

import os
import pathlib
import stat

_NEW = 0o644


def read(path: pathlib.Path, most_bytes: int = -1) -> bytes:
    """A regular file's content, or its beginning. OSError if it is no such
    file."""
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(f"{path.name} is no regular file")
        return file.read(most_bytes)


def write(path: pathlib.Path, data: bytes) -> None:
    """Puts a new file in the place of whatever was there."""
    try:
        path.unlink()
    except FileNotFoundError:
        pass
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL
                     | os.O_NOFOLLOW, _NEW)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
