"""The reference's stages, where they are at hand.

An instructor has all of them, in solution/. A student may have been handed that
of a past lab (`make reference`), as source or as objects, in reference/.
"""

from __future__ import annotations

import pathlib
import subprocess
from typing import Optional

from .spec import Lab
from .submission import BadSubmission

HANDED_OUT = "reference"  # at the top of a student's copy
OBJECT = ".c.o"           # how an object's name ends
MACHINE = "machine"       # beside objects: what they run on


class WrongMachine(BadSubmission):
    """One sentence."""


def folder(root: pathlib.Path, lab: Lab) -> Optional[pathlib.Path]:
    """Where the reference of a lab is; None if it is not here. WrongMachine
    says that it is, and of no use."""
    if (root / "solution").is_dir():
        return root / "solution" / lab.folder
    path = root / HANDED_OUT / lab.folder
    if any(path.glob("*.c")):
        return path
    if not any(path.glob("*" + OBJECT)):
        return None
    theirs = (path / MACHINE).read_text().strip()
    if theirs != machine():
        raise WrongMachine(
            f"{HANDED_OUT}/{lab.folder} was compiled for {theirs}, and this "
            f"is {machine()}: ask for the reference of this machine, or as "
            f"source; without {HANDED_OUT}/{lab.folder}, grading goes on")
    return path


def machine(compiler: str = "cc") -> str:
    """What a compiler compiles for: "x86_64-linux-gnu"."""
    try:
        return subprocess.run([compiler, "-dumpmachine"], check=True,
                              capture_output=True).stdout.decode().strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
