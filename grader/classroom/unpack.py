"""Copies a submission into a folder of ours, trusting nothing that it says.

Only regular files arrive, under plain names inside the folder. What is a link,
a device, or leads elsewhere is left out and told; an archive that is broken or
beyond a limit is refused as a whole. Nothing is ever written through a link,
for none is ever made.
"""

from __future__ import annotations

import lzma
import os
import pathlib
import re
import resource
import stat
import tarfile
import zipfile
import zlib
from contextlib import contextmanager
from typing import IO, Callable, Iterator, List, Sequence

from .entries import Entry, is_loose, loose_name
from .trouble import Trouble

MAX_ARCHIVE_BYTES = 64 << 20   # as it was handed in
MAX_BYTES = 64 << 20           # of all files kept
MAX_FILE_BYTES = 8 << 20       # of one
MAX_FILES = 2000
MAX_MEMBERS = 100_000          # looked at, those left out included
MAX_READ_BYTES = 1 << 30       # decompressed, to find what is kept
MAX_DEPTH = 16
MAX_NAME_BYTES = 200           # of one part of a path
MAX_MEMORY_BYTES = 4 << 30     # of addresses, while unpacking
MAX_TOLD = 20                  # findings of one submission
_CHUNK = 1 << 16
# Of no use here, and at times huge. Nobody is told of these.
_DROPPED = (".git", ".svn", ".hg", "build", "node_modules", "__MACOSX",
            "__pycache__", ".vscode", ".idea", ".cache")
_ODD = re.compile(r"[\x00-\x1f\x7f]")


class Refused(Trouble):
    """The whole submission cannot be taken; one sentence."""


class _Into:
    """The folder that is filled, and what was left out on the way."""

    def __init__(self, folder: pathlib.Path):
        self.folder = folder
        self.findings: List[str] = []
        self._files = self._bytes = self._members = 0

    def tell(self, sentence: str) -> None:
        if len(self.findings) < MAX_TOLD:
            self.findings.append(sentence)

    def look_at(self) -> None:
        """Counts everything, so that an archive of empty names ends too."""
        self._members += 1
        if self._members > MAX_MEMBERS:
            raise Refused(f"it holds more than {MAX_MEMBERS} entries: hand in "
                          "the labs' folders alone")

    def place(self, name: str) -> List[str]:
        """The parts of a file's path; [] if it is left out, and told so."""
        parts = [one for one in name.replace("\\", "/").split("/")
                 if one not in ("", ".")]
        shown = ascii(name[:80])
        if name.startswith(("/", "\\")) or re.match(r"[A-Za-z]:[\\/]", name):
            self.tell(f"its archive holds {shown}, an absolute name: left out")
        elif ".." in parts:
            self.tell(f"its archive holds {shown}, which leads out of its "
                      "folder: left out")
        elif _ODD.search(name) or not _encodable(name):
            self.tell(f"the name {shown} is no file's name: left out")
        elif len(parts) > MAX_DEPTH or any(
                len(os.fsencode(one)) > MAX_NAME_BYTES for one in parts):
            self.tell(f"the name {shown} is too long or too deep: left out")
        elif not any(one in _DROPPED or one.startswith("._")
                     or one == ".DS_Store" for one in parts):
            return parts
        return []

    def put(self, parts: Sequence[str], source: IO[bytes]) -> None:
        """Writes one file, counting what really comes."""
        self._files += 1
        if self._files > MAX_FILES:
            raise Refused(f"it holds more than {MAX_FILES} files: hand in the "
                          "labs' folders alone")
        path = self.folder.joinpath(*parts)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.exists():
                path.unlink()  # named twice: the last one counts
            file = open(path, "xb")
        except OSError:
            self.tell(f"{ascii('/'.join(parts))} is a file and a folder at "
                      "once: left out")
            return
        size = 0
        with file:
            for chunk in iter(lambda: source.read(_CHUNK), b""):
                size += len(chunk)
                self._bytes += len(chunk)
                if size > MAX_FILE_BYTES:
                    raise Refused(
                        f"{ascii('/'.join(parts))} is longer than "
                        f"{MAX_FILE_BYTES >> 20} MiB: hand in sources alone")
                if self._bytes > MAX_BYTES:
                    raise Refused(f"it comes to more than {MAX_BYTES >> 20} "
                                  "MiB: hand in sources alone")
                file.write(chunk)


def _encodable(name: str) -> bool:
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def unpack(entry: Entry, folder: pathlib.Path) -> List[str]:
    """Fills a new folder; returns a sentence for each thing left out.
    Refused."""
    folder.mkdir(parents=True)
    into = _Into(folder)
    path = entry.paths[0]
    if is_loose(path):
        for one in entry.paths:
            with _regular(one) as source:
                into.put([loose_name(one)], source)
    elif path.is_dir():
        _copy_folder(path, into)
    else:
        _unpack_file(path, into)
    return into.findings


def _copy_folder(top: pathlib.Path, into: _Into) -> None:
    for where, folders, names in os.walk(top):
        here = pathlib.Path(where)
        folders.sort()
        for name in sorted(names) + [one for one in folders
                                     if (here / one).is_symlink()]:
            into.look_at()
            path = here / name
            parts = into.place(str(path.relative_to(top)))
            if not parts:
                continue
            if not stat.S_ISREG(os.lstat(path).st_mode):
                into.tell(f"{ascii('/'.join(parts))} is a link or a device: "
                          "left out")
                continue
            with _regular(path) as source:
                into.put(parts, source)


def _regular(path: pathlib.Path) -> IO[bytes]:
    """Opens a file that was regular a moment ago, and must still be."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise Refused(f"{path.name} cannot be read: {error.strerror}") from None
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise Refused(f"{path.name} is no regular file any more")
    return os.fdopen(handle, "rb")


def _unpack_file(path: pathlib.Path, into: _Into) -> None:
    if path.stat().st_size > MAX_ARCHIVE_BYTES:
        raise Refused(f"{path.name} is longer than {MAX_ARCHIVE_BYTES >> 20} "
                      "MiB: hand in sources alone")
    with _regular(path) as file, _little_memory():
        is_zip = zipfile.is_zipfile(file)
        file.seek(0)
        reader: Callable[[IO[bytes], _Into], None] = \
            _unzip if is_zip else _untar
        try:
            reader(file, into)
        except (tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError,
                lzma.LZMAError, OSError, NotImplementedError, RuntimeError,
                ValueError, OverflowError, MemoryError) as error:
            said = str(error).split("\n")[0] or type(error).__name__
            raise Refused(f"{path.name} cannot be unpacked ({said[:120]}): "
                          "hand in a tar.gz or a zip") from None


@contextmanager
def _little_memory() -> Iterator[None]:
    """A header may ask for gigabytes: here it gets an error instead."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    wanted = MAX_MEMORY_BYTES if hard == resource.RLIM_INFINITY \
        else min(MAX_MEMORY_BYTES, hard)
    try:
        resource.setrlimit(resource.RLIMIT_AS, (wanted, hard))
    except (OSError, ValueError):  # not on every system
        wanted = soft
    try:
        yield
    finally:
        if wanted != soft:
            resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


class _Metered:
    """A decompressed stream that says stop. A tar's own headers can be huge,
    so what tarfile reads is counted as well as what we keep."""

    def __init__(self, file: IO[bytes]):
        self._file = file
        self._left = MAX_READ_BYTES

    def read(self, size: int = -1) -> bytes:
        chunk = self._file.read(_CHUNK if size < 0 else size)
        self._left -= len(chunk)
        if self._left < 0:
            raise Refused("it unpacks to more than "
                          f"{MAX_READ_BYTES >> 30} GiB")
        return chunk


def _untar(file: IO[bytes], into: _Into) -> None:
    with tarfile.open(fileobj=_opened(file),  # type: ignore[arg-type]
                      mode="r|") as archive:
        for member in archive:
            into.look_at()
            parts = into.place(member.name)
            if not parts or member.isdir():
                continue
            if not member.isreg():
                into.tell(f"its archive holds {ascii(member.name[:80])}, a "
                          "link or a device: left out")
                continue
            source = archive.extractfile(member)
            assert source is not None
            into.put(parts, source)


def _opened(file: IO[bytes]) -> _Metered:
    """The tar inside, whatever it is compressed with."""
    head = file.read(6)
    file.seek(0)
    if head[:2] == b"\x1f\x8b":
        import gzip
        return _Metered(gzip.open(file))  # type: ignore[arg-type]
    if head[:3] == b"BZh":
        import bz2
        return _Metered(bz2.open(file))  # type: ignore[arg-type]
    if head == b"\xfd7zXZ\0":
        return _Metered(lzma.open(file))
    return _Metered(file)


def _unzip(file: IO[bytes], into: _Into) -> None:
    with zipfile.ZipFile(file) as archive:
        for member in archive.infolist():
            into.look_at()
            parts = into.place(member.filename)
            if not parts or member.is_dir():
                continue
            kind = stat.S_IFMT(member.external_attr >> 16)
            if kind not in (0, stat.S_IFREG):
                into.tell(f"its archive holds {ascii(member.filename[:80])}, "
                          "a link or a device: left out")
                continue
            with archive.open(member) as source:
                into.put(parts, source)
