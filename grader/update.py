#!/usr/bin/env python3
"""Lays a newer kit over a student's work, without touching the work.

    make update KIT=../conclave-1.1.tar.gz
    grader/update.py ../conclave-1.1.tar.gz      the same

.kit holds a digest of every file as it was handed out, so it is known what was
changed since. Of each file of the newer kit:

- a stage's file (labs/*/*.c) that you have changed stays as it is, and if the
  kit's has changed too, that is put beside it as NAME.c.new;
- any other file that you have changed is replaced, and yours kept beside it as
  NAME.mine;
- a file that you have not changed is replaced.

Files of your own stay. Files that the kit has no more go, unless you have
changed them. The work is done by the newer kit's own update.py. If it is
interrupted, do it again.
"""

from __future__ import annotations

import argparse
import fnmatch
import hashlib
import os
import pathlib
import subprocess
import sys
import tarfile
import tempfile
from typing import Dict, List, Mapping, Optional, Sequence

ROOT = pathlib.Path(__file__).resolve().parent.parent
MANIFEST = ".kit"
STAGE_FILES = "labs/*/*.c"  # what students work in


class Trouble(Exception):
    """One sentence: what is wrong, where, what to do."""


# ---- the manifest -----------------------------------------------------------

def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def manifest_text(contents: Mapping[str, bytes]) -> str:
    """A line for each file: its digest, its name."""
    return "".join(f"{digest(contents[name])}  {name}\n"
                   for name in sorted(contents) if name != MANIFEST)


def read_manifest(folder: pathlib.Path) -> Dict[str, str]:
    """Name -> digest of what was handed out. Trouble."""
    try:
        lines = (folder / MANIFEST).read_text(encoding="utf-8").splitlines()
    except OSError:
        raise Trouble(f"{folder} is not an unpacked kit: it has no "
                      f"{MANIFEST}") from None
    found = {}
    for line in lines:
        value, _, name = line.partition("  ")
        path = pathlib.PurePosixPath(name)
        if len(value) != 64 or not name or path.is_absolute() or \
                ".." in path.parts:
            raise Trouble(f"{folder / MANIFEST} is damaged: '{line[:60]}' is "
                          "no line of it; unpack the kit again")
        found[name] = value
    return found


# ---- laying it over ---------------------------------------------------------

class Update:
    """One kit laid over one folder."""

    def __init__(self, kit: pathlib.Path, into: pathlib.Path):
        self.kit, self.into = kit, into
        self.new = read_manifest(kit)
        self.old = read_manifest(into)
        self.replaced = 0
        self.told: List[str] = []  # sentences about files that were changed

    def run(self) -> None:
        """Every step can be done again; the manifest is the last."""
        for name in self.new:
            self._content(name)  # before anything is written
        for name in sorted(self.new):
            self._bring(name)
        for name in sorted(set(self.old) - set(self.new)):
            self._take_away(name)
        self._write(MANIFEST, (self.kit / MANIFEST).read_bytes())

    def _bring(self, name: str) -> None:
        content = self._content(name)
        mine = self._read(self.into, name)
        if mine == content:
            self._write(name, content)  # its mode may be another
            return
        if mine is None or digest(mine) == self.old.get(name):
            self._write(name, content)
            self.replaced += 1
        elif fnmatch.fnmatchcase(name, STAGE_FILES):
            if self.old.get(name) == self.new[name]:
                return  # nothing new
            beside = self._beside(name, ".new", content)
            self.told.append(f"{name} is yours and stays; the kit's new one "
                             f"is {beside}")
        else:
            beside = self._beside(name, ".mine", mine)
            self._write(name, content)
            self.replaced += 1
            self.told.append(f"{name} was changed by you: it is the kit's "
                             f"again, and yours is {beside}")

    def _content(self, name: str) -> bytes:
        """Of a file of the new kit."""
        content = self._read(self.kit, name)
        if content is None or digest(content) != self.new[name]:
            raise Trouble(f"the kit's {name} is damaged: fetch the kit again")
        return content

    def _take_away(self, name: str) -> None:
        mine = self._read(self.into, name)
        if mine is None:
            return
        if digest(mine) == self.old[name]:
            (self.into / name).unlink()
            self.replaced += 1
        else:
            self.told.append(f"{name} is in the kit no more; it stays, since "
                             "you have changed it")

    @staticmethod
    def _read(folder: pathlib.Path, name: str) -> Optional[bytes]:
        try:
            return (folder / name).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None

    def _write(self, name: str, content: bytes) -> None:
        """All of it or nothing, with the mode that the kit gives it."""
        path, mode = self.into / name, (self.kit / name).stat().st_mode & 0o777
        if path.exists() and path.read_bytes() == content:
            os.chmod(path, mode)
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(path.name + ".part")
        part.write_bytes(content)
        os.chmod(part, mode)
        os.replace(part, path)

    def _beside(self, name: str, ending: str, content: bytes) -> str:
        """Keeps a content beside a file; the name that it got. What lies
        there already is not lost."""
        for count in range(1, 100):
            beside = name + ending + (f".{count}" if count > 1 else "")
            path = self.into / beside
            if path.exists() and path.read_bytes() != content:
                continue
            path.write_bytes(content)
            return beside
        raise Trouble(f"{name}{ending}.99 exists: clear up, and try again")


# ---- the command ------------------------------------------------------------

def unpack(archive: pathlib.Path, into: pathlib.Path) -> pathlib.Path:
    """A kit's tar file, unpacked; its top folder. Trouble."""
    try:
        with tarfile.open(archive) as tar:
            members = tar.getmembers()
            for one in members:
                path = pathlib.PurePosixPath(one.name)
                if not (one.isreg() or one.isdir()) or path.is_absolute() or \
                        ".." in path.parts:
                    raise Trouble(f"{archive} is no kit: it holds {one.name}")
            for one in members:
                tar.extract(one, into)
    except (OSError, EOFError, tarfile.TarError) as error:
        raise Trouble(f"{archive} cannot be unpacked: {error}") from error
    tops = list(into.iterdir())
    if len(tops) != 1 or not (tops[0] / MANIFEST).is_file():
        raise Trouble(f"{archive} is no kit: it should hold one folder with a "
                      f"{MANIFEST}")
    return tops[0]


def lay_over(kit: pathlib.Path, into: pathlib.Path) -> None:
    """Does it, and says what it did."""
    if kit.resolve() == into.resolve():
        raise Trouble("the newer kit and this folder are the same")
    update = Update(kit, into)
    update.run()
    version = (kit / "VERSION").read_text().strip()
    print(f"This is version {version} now: {update.replaced} files are new, "
          "or gone.")
    for sentence in update.told:
        print(f"- {sentence}")


def main(words: Optional[Sequence[str]] = None) -> int:
    parser = argparse.ArgumentParser(
        description="Lays a newer kit over a student's work.")
    parser.add_argument("kit", type=pathlib.Path,
                        help="its tar file, or the folder it was unpacked to")
    parser.add_argument("--into", type=pathlib.Path, default=ROOT,
                        help="the folder with the work (default: this one)")
    args = parser.parse_args(words)
    try:
        read_manifest(args.into)
        if args.kit.is_dir():
            lay_over(args.kit, args.into)
            return 0
        if not args.kit.is_file():
            raise Trouble(f"there is no {args.kit}")
        with tempfile.TemporaryDirectory() as folder:
            kit = unpack(args.kit, pathlib.Path(folder))
            return subprocess.call(
                [sys.executable, str(kit / "grader" / "update.py"), str(kit),
                 "--into", str(args.into)])
    except Trouble as error:
        print(f"update: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"update: {error}; nothing is lost: do it again when that is "
              "put right", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
