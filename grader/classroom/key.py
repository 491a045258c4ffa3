"""By what it is known that a grade is done: the submission's content, the kit
that graded it, and the options that it was graded with.

The kit is hashed where it can move a grade: labs, reference, handout, and the
grader without the parts that only look at results.
"""

from __future__ import annotations

import hashlib
import os
import pathlib
from dataclasses import dataclass
from typing import List, Optional, Tuple

_GRADES = ("Makefile", "labs", "handout", "solution", "grader/grade",
           "grader/conclave", "grader/net", "grader/check", "grader/proxy",
           "grader/sim", "grader/confine", "grader/classroom/second.py",
           "grader/VERSION")
_ENDS = (".pyc", ".swp", "~", ".md")


def kit_digest(root: pathlib.Path) -> str:
    """Of all that may change a grade."""
    names: List[str] = []
    for one in _GRADES:
        path = root / one
        if path.is_file():
            names.append(one)
        for where, folders, files in os.walk(path):
            folders[:] = [name for name in folders if name != "__pycache__"]
            names += [str((pathlib.Path(where) / name).relative_to(root))
                      for name in files if not name.endswith(_ENDS)]
    digest = hashlib.sha256()
    for name in sorted(names):
        content = (root / name).read_bytes()
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


@dataclass(frozen=True)
class Options:
    """What of a command line may change a grade."""

    labs: Tuple[str, ...] = ()        # none: all
    only: Tuple[str, ...] = ()
    world: str = "both"
    seeds: Optional[int] = None
    seed: Optional[int] = None
    secret: Optional[pathlib.Path] = None
    published: Optional[pathlib.Path] = None  # seeds
    hidden: Optional[pathlib.Path] = None
    sandbox: str = "auto"
    allow_weak: bool = False
    jobs: int = 4                     # of one grade; changes no grade
    pages: bool = True                # timelines
    limit_minutes: int = 60           # of one grade

    def words(self) -> List[str]:
        """For `grader/grade-class --one`."""
        words: List[str] = []
        for name in self.labs:
            words += ["--lab", name]
        for pattern in self.only:
            words += ["--only", pattern]
        for flag, value in (("--world", self.world), ("--seeds", self.seeds),
                            ("--seed", self.seed), ("--secret", self.secret),
                            ("--published-seeds", self.published),
                            ("--hidden", self.hidden),
                            ("--sandbox", self.sandbox),
                            ("--grade-jobs", self.jobs),
                            ("--limit-minutes", self.limit_minutes)):
            if value is not None:
                words += [flag, str(value)]
        words += ["--allow-weak-sandbox"] * self.allow_weak
        return words + ["--no-pages"] * (not self.pages)

    def told(self) -> str:
        """In one line, without what changes no grade: for keys and people."""
        parts = [" ".join(self.labs) or "all labs", f"world {self.world}"]
        if self.only:
            parts.append("only " + " ".join(self.only))
        if self.seeds is not None:
            parts.append(f"{self.seeds} seeds")
        if self.seed is not None:
            parts.append(f"from seed {self.seed}")
        for name, path in (("secret", self.secret),
                           ("published seeds", self.published)):
            if path is not None:
                digest = hashlib.sha256(path.read_bytes()).hexdigest()
                parts.append(f"{name} {digest[:8]}")
        if self.hidden is not None:
            parts.append(f"hidden tests {_folder_digest(self.hidden)}")
        return ", ".join(parts)


def _folder_digest(folder: pathlib.Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.name.endswith(_ENDS):
            digest.update(f"{path.relative_to(folder)}\0".encode()
                          + path.read_bytes())
    return digest.hexdigest()[:8]


def key(content: str, kit: str, options: str, sandbox: str) -> str:
    """Of one grade."""
    text = "\n".join((content, kit, options, sandbox))
    return hashlib.sha256(text.encode()).hexdigest()
