"""Packages for graders elsewhere. Each holds what grading needs of this tree,
the reference and the hidden tests included: it is for the staff's eyes.

At its top lie conclave.json, which says what is graded and for how long
(classroom/adapters/drive.py), and the course's secret, if one was given.
"""

from __future__ import annotations

import json
import pathlib
import uuid
from typing import Callable, Dict, NamedTuple, Optional, Sequence

from classroom.adapters.drive import SECRET, SETTINGS
from conclave import kit
from conclave.discover import Course

from .archive import Entry, Files, tar_bytes
from .files import TEMPLATES, Trouble, read_all

_LEFT_OUT = ("docs/", "grader/selftest/", "grader/bench/", "grader/packing/")
_MAKEFILE = "grader/packing/instructor.mk"  # included where solution/ is
_SPACE = uuid.UUID("6d6dd0fc-8d2c-5a58-9c55-0b2e3a7f1c11")  # of our names


class Asked(NamedTuple):
    """What the instructor asked for."""

    labs: Sequence[str]       # names; none: all
    courses: Sequence[Course]
    minutes: int              # for one submission; 0: what is usual
    secret: Optional[bytes]


class Kind(NamedTuple):
    """One system."""

    title: str
    zipped: bool                               # one zip file, or a folder
    make: Callable[[pathlib.Path, Asked], Files]


def _template(name: str, program: bool = False) -> Entry:
    return Entry((TEMPLATES / name).read_bytes(), program)


def tree(root: pathlib.Path, asked: Asked, minutes: float) -> Dict[str, Entry]:
    """The part of this tree that grading needs."""
    everything = read_all(root)
    version = kit.version_of({name: entry.content
                              for name, entry in everything.items()})
    files = {name: entry for name, entry in everything.items()
             if not name.startswith(_LEFT_OUT) or name == _MAKEFILE}
    for pattern in ("*-*/*.[ch]", "hidden/**/*.py"):
        for path in (root / "solution").glob(pattern):
            files[path.relative_to(root).as_posix()] = Entry(path.read_bytes())
    files[kit.VERSION] = Entry((version + "\n").encode())
    settings = {"labs": list(asked.labs), "minutes": minutes,
                "folders": [one.lab.folder for one in asked.courses],
                "visibility": "after_published", "show_seeds": False}
    files[SETTINGS] = Entry((json.dumps(settings, indent=1) + "\n").encode())
    if asked.secret is not None:
        files[SECRET] = Entry(asked.secret + b"\n")
    return files


def gradescope(root: pathlib.Path, asked: Asked) -> Files:
    """A zip as Gradescope's "Configure Autograder" takes it. Its time limit is
    10 minutes by default, and 40 at most: ours must end before."""
    files = tree(root, asked, asked.minutes or 35)
    files["setup.sh"] = _template("gradescope-setup.sh", True)
    files["run_autograder"] = _template("gradescope-run_autograder", True)
    return files


def autolab(root: pathlib.Path, asked: Asked) -> Files:
    """The two files of an Autolab assessment."""
    inside = tree(root, asked, asked.minutes or 15)
    return {"autograde-Makefile": _template("autolab-Makefile"),
            "autograde.tar": Entry(tar_bytes(inside, "conclave"))}


def prairielearn(root: pathlib.Path, asked: Asked) -> Files:
    """Folders to copy into a course. The limit there is 10 minutes."""
    minutes = asked.minutes or 8
    if minutes > 9:
        raise Trouble("PrairieLearn ends a grader after 10 minutes: take "
                      "--minutes 9 or less, and fewer labs in a question")
    files = {f"serverFilesCourse/conclave/{name}": entry
             for name, entry in tree(root, asked, minutes).items()}
    files["serverFilesCourse/conclave/run.sh"] = \
        _template("prairielearn-run.sh", True)
    files["Containerfile"] = _template("prairielearn-Containerfile")
    name = "conclave-" + ("-".join(asked.labs) or "all")
    titles = [one.lab.title for one in asked.courses
              if one.lab.name in asked.labs
              or not (asked.labs or one.lab.elective)]
    info = {
        "uuid": str(uuid.uuid5(_SPACE, name)), "type": "v3",
        "title": ", ".join(titles), "topic": "Distributed systems",
        "tags": ["conclave"], "singleVariant": True,
        "gradingMethod": "External",
        "externalGradingOptions": {
            "enabled": True, "image": "YOUR-REGISTRY/conclave-grader",
            "serverFilesCourse": ["conclave/"],
            "entrypoint": "/grade/serverFilesCourse/conclave/run.sh",
            "timeout": 600}}
    files[f"questions/{name}/info.json"] = \
        Entry((json.dumps(info, indent=2) + "\n").encode())
    files[f"questions/{name}/question.html"] = \
        _template("prairielearn-question.html")
    return files


def classroom(_: pathlib.Path, asked: Asked) -> Files:
    """The workflow alone: it goes into the students' repository."""
    text = _template("classroom.yml").content.decode()
    text = text.replace("@LABS@ ", "".join(f"{one} " for one in asked.labs))
    text = text.replace("@MINUTES@", str(asked.minutes or 30))
    return {".github/workflows/classroom.yml": Entry(text.encode())}


KINDS: Dict[str, Kind] = {
    "gradescope": Kind("Gradescope", True, gradescope),
    "autolab": Kind("Autolab", False, autolab),
    "prairielearn": Kind("PrairieLearn", False, prairielearn),
    "classroom": Kind("GitHub Classroom", False, classroom),
}
