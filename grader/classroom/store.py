"""A folder of results.

    RESULTS/
      students/NAME/      one student's: what grader/grade-class --one made
        meta.json           what was graded, when, by which kit, how it ended
        result.json         what grader/grade found (its --json)
        result.txt          what it printed
        pages/index.html    the tests, with a timeline for each that failed
        for-student/        the same without what students must not see, and
                            the mark (for_student.py)
        submission/         the files that were graded
      again/NAME/         the sample that was graded twice, the second time
      earlier/NAME/       what students/NAME was before its last regrade
      class.json          who handed in, and what was left out
      late.json           the policy and times of submission, if there are any
      overrides.json      the instructor's own verdicts, if there are any
      .work/              grades in the making; may be deleted at any time

A student's folder appears at once, complete: meta.json is in it or the folder
is not there. All else in RESULTS is written from these.
"""

from __future__ import annotations

import json
import os
import pathlib
import shutil
from dataclasses import dataclass, field
from typing import Any, Dict, Iterator, List, Optional, Tuple

from conclave.results import replace_file

from .trouble import Trouble

STUDENTS, AGAIN, EARLIER, WORK = "students", "again", "earlier", ".work"
CLASS, LATE, OVERRIDES = "class.json", "late.json", "overrides.json"
META, RESULT, TEXT = "meta.json", "result.json", "result.txt"
PAGES, SUBMISSION, FOR_STUDENT = "pages", "submission", "for-student"


@dataclass
class Graded:
    """One student's results, as they stand in a folder."""

    student: str
    folder: pathlib.Path
    meta: Dict[str, Any]
    result: Dict[str, Any] = field(default_factory=dict)

    @property
    def labs(self) -> List[Dict[str, Any]]:
        return list(self.result.get("labs", []))

    @property
    def score(self) -> float:
        return float(self.result.get("score", 0))

    @property
    def max_score(self) -> float:
        return float(self.result.get("max_score", 0))

    def tests(self) -> Iterator[Tuple[str, Dict[str, Any]]]:
        """(lab, test) of the runs that count."""
        for lab in self.labs:
            for test in lab["tests"]:
                yield str(lab["name"]), test


def read_json(path: pathlib.Path) -> Any:
    """Trouble if it is no JSON; None if it is not there."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise Trouble(f"{path} cannot be read as JSON: {error}") from None


def write_text(path: pathlib.Path, text: str) -> None:
    """Replaces a file at once; leaves it alone if it says just that."""
    if not path.is_file() or path.read_bytes() != text.encode("utf-8"):
        replace_file(path, text)


def write_json(path: pathlib.Path, value: Any) -> None:
    write_text(path, json.dumps(value, indent=1, ensure_ascii=False) + "\n")


def read(folder: pathlib.Path) -> Optional[Graded]:
    """One student's folder; None if there is none, or it is not whole."""
    meta = read_json(folder / META)
    if not isinstance(meta, dict):
        return None
    result = read_json(folder / RESULT)
    return Graded(folder.name, folder, meta,
                  result if isinstance(result, dict) else {})


def read_all(results: pathlib.Path, kind: str = STUDENTS) -> List[Graded]:
    """All of a kind, by name."""
    folder = results / kind
    if not folder.is_dir():
        return []
    found = [read(path) for path in sorted(folder.iterdir())
             if path.is_dir()]
    return [one for one in found if one is not None]


def settle(made: pathlib.Path, place: pathlib.Path,
           earlier: Optional[pathlib.Path]) -> None:
    """Puts a finished folder in its place; what was there is kept as earlier.
    Killed in between, the place is empty and the grade is done again."""
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if place.exists():
        if earlier is None:
            shutil.rmtree(place)
        else:
            earlier.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            shutil.rmtree(earlier, ignore_errors=True)
            os.replace(place, earlier)
    os.replace(made, place)
