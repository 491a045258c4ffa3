"""Which files the students' package holds.

Everything but solution/ and the instructors' guides (conclave/kit.py), with a
README of its own in the place of the kit's, a VERSION, a Containerfile, and
.kit: a digest of every file, by which a newer kit finds out what a student has
changed (grader/update.py).

A package of labs 1 to 3 holds the later ones as headers only: the stand-ins are
compiled against them.
"""

from __future__ import annotations

import pathlib
import re
import subprocess
from typing import Dict, List, Optional, Sequence, Tuple

from conclave import kit
from conclave.discover import Course
from update import MANIFEST, manifest_text

from .archive import Entry, Files

TEMPLATES = pathlib.Path(__file__).resolve().parent / "templates"
_NOT_YET = re.compile(r"labs/(\d+)-[^/]+/.*(?<!\.h)\Z")
_RECORD = "labs/.skeletons"


class Trouble(Exception):
    """One sentence: what is wrong, where, what to do."""


def package(root: pathlib.Path, courses: Sequence[Course],
            last: Optional[int] = None) -> Files:
    """The students' package, with labs 1 to last; all by default."""
    files = read_all(root)
    version = kit.version_of({name: entry.content
                              for name, entry in files.items()})
    for name in list(files):
        lab = _NOT_YET.match(name)
        if last is not None and lab and int(lab.group(1)) > last:
            del files[name]
    if last is not None:
        files[_RECORD] = Entry(_record(files).encode())
    chosen = [one for one in courses
              if last is None or number(one) <= last]
    files["README.md"] = Entry(_readme(version, chosen, files).encode())
    files["Containerfile"] = Entry((TEMPLATES / "Containerfile").read_bytes())
    files[kit.VERSION] = Entry((version + "\n").encode())
    files[MANIFEST] = Entry(manifest_text(
        {name: entry.content for name, entry in files.items()}).encode())
    return files


def read_all(root: pathlib.Path) -> Dict[str, Entry]:
    """What a package of all labs is made of."""
    return {name: Entry((root / name).read_bytes(),
                        kit.is_program(root / name))
            for name in kit.student_files(root)}


def version_in(files: Files) -> str:
    """The version that a package says it is."""
    return files[kit.VERSION].content.decode().strip()


def number(course: Course) -> int:
    """A lab's place in the course: 3."""
    return int(course.lab.folder.split("-")[0])


def package_name(files: Files, courses: Sequence[Course],
                 last: Optional[int] = None) -> str:
    """What the folder and the tar file are called."""
    name = f"conclave-{version_in(files)}"
    if last is None or last >= max(map(number, courses)):
        return name
    return f"{name}-labs-1-{last}" if last > 1 else f"{name}-lab-1"


def _record(files: Files) -> str:
    """Which skeletons were made: of the labs that are there."""
    return "".join(
        line + "\n"
        for line in files[_RECORD].content.decode().splitlines()
        if "labs/" + line.split()[1] in files)


def _readme(version: str, courses: Sequence[Course], files: Files) -> str:
    """The students' README, with this version and these labs."""
    text = (TEMPLATES / "README.in").read_text(encoding="utf-8")
    rows = "\n".join(
        f"| [{one.lab.title}](labs/{one.lab.folder}/README.md) | "
        f"{one.lab.hours} | {sum(test.points for test in one.tests)} |"
        if f"labs/{one.lab.folder}/README.md" in files else
        f"| {one.lab.title} | {one.lab.hours} | "
        f"{sum(test.points for test in one.tests)} |"
        for one in courses)
    first = courses[0].lab
    return (text.replace("@VERSION@", version)
            .replace("@LABS@", rows).replace("@FIRST@", first.name))


def unknown_to_git(root: pathlib.Path) -> Tuple[List[str], List[str]]:
    """Files that would be handed out and are not in git, and those edited
    since the last commit. None where there is no git to ask."""
    if not (root / ".git").exists():
        return [], []
    try:
        said = subprocess.run(
            ["git", "status", "--porcelain", "-uall", "-z"], cwd=root,
            capture_output=True, check=True).stdout.decode()
    except (OSError, subprocess.CalledProcessError):
        return [], []
    ours = set(kit.student_files(root))
    lines = [line for line in said.split("\0") if line[3:] in ours]
    return ([line[3:] for line in lines if line.startswith("??")],
            [line[3:] for line in lines if not line.startswith("??")])
