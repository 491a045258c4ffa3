"""What the instructor adds to results afterwards, as data: lateness and
overrides. Both files live in the folder of results, so that no regrade loses
them; nothing in them is ever written by us.

late.json:

    {
     "due": "2026-10-01T23:59:00+02:00",
     "grace_minutes": 15,             late by no more counts as in time
     "percent_a_day": 10,             of what was earned, each day begun
     "most_percent": 50,              never more than that
     "closed_after_days": 7,          later still: nothing
     "extensions": {"bob": "2026-10-08T23:59:00+02:00"},
     "submitted": {"alice": "2026-10-02T08:00:00+02:00"},
     "times": "listed"                or "files": of those not listed, the
    }                                 newest time of what they handed in

overrides.json: a list; each holds one of "test", "lab" and "total".

    [
     {"student": "alice", "test": "election/swarm", "score": 8,
      "was": 0, "reason": "Her proof in the office hour", "by": "M. K."},
     {"student": "*", "test": "kv/odd_one", "score": "full",
      "reason": "The text of the task was wrong"},
     {"student": "bob", "total": 120, "reason": "Illness; final"}
    ]

Tests and labs are overridden before lateness takes its part, "total" after.
"was" is optional: what was given when you decided; if a regrade gives something
else, you are told.
"""

from __future__ import annotations

import datetime
import pathlib
from dataclasses import dataclass, field
from typing import Any, Dict, List, Mapping, Optional, Union

from . import store
from .trouble import Trouble

EVERYBODY, FULL = "*", "full"
LISTED, FILES = "listed", "files"
_LATE_NUMBERS = {"grace_minutes": 0.0, "percent_a_day": 0.0,
                 "most_percent": 100.0, "closed_after_days": float("inf")}
_LATE_NAMES = ("due", "extensions", "submitted", "times", *_LATE_NUMBERS)
_WHAT = ("test", "lab", "total")
_OVERRIDE_NAMES = ("student", "test", "lab", "total", "score", "was",
                   "reason", "by", "date")


@dataclass(frozen=True)
class Late:
    """late.json."""

    due: datetime.datetime
    grace_minutes: float
    percent_a_day: float
    most_percent: float
    closed_after_days: float
    times: str = LISTED
    extensions: Mapping[str, datetime.datetime] = field(default_factory=dict)
    submitted: Mapping[str, datetime.datetime] = field(default_factory=dict)


@dataclass(frozen=True)
class Override:
    """One entry of overrides.json."""

    student: str                  # or EVERYBODY
    what: str                     # "test", "lab" or "total"
    name: str                     # of the test or lab
    score: Union[float, str]      # or FULL
    was: Optional[float]
    reason: str
    by: str


def take_over(results: pathlib.Path, late: Optional[pathlib.Path],
              overrides: Optional[pathlib.Path]) -> None:
    """Checks what was named, and keeps it with the results. Trouble."""
    for path, name, reader in ((late, store.LATE, read_late),
                               (overrides, store.OVERRIDES, read_overrides)):
        if path is not None:
            if not path.is_file():
                raise Trouble(f"there is no file {path}")
            reader(path)
            results.mkdir(parents=True, exist_ok=True)
            store.write_text(results / name, path.read_text(encoding="utf-8"))
        else:
            reader(results / name)


def read_late(path: pathlib.Path) -> Optional[Late]:
    """None if there is no such file. Trouble."""
    data = store.read_json(path)
    if data is None:
        return None
    where = path.name
    if not isinstance(data, dict):
        raise Trouble(f"{where}: it must be an object, {{\"due\": ...}}")
    _known(data, _LATE_NAMES, where)
    if "due" not in data:
        raise Trouble(f"{where}: it must say when work is \"due\"")
    numbers = {name: _number(data.get(name, usual), f"{where}: {name}")
               for name, usual in _LATE_NUMBERS.items()}
    if data.get("times", LISTED) not in (LISTED, FILES):
        raise Trouble(f'{where}: "times" is "{LISTED}" or "{FILES}"')
    return Late(due=_time(data["due"], f"{where}: due"), **numbers,
                times=data.get("times", LISTED),
                extensions=_times(data, "extensions", where),
                submitted=_times(data, "submitted", where))


def _times(data: Mapping[str, Any], name: str, where: str
           ) -> Dict[str, datetime.datetime]:
    """A table of student -> time."""
    table = data.get(name, {})
    if not isinstance(table, dict):
        raise Trouble(f'{where}: "{name}" must be an object: student and time')
    return {str(student): _time(when, f"{where}: {name}: {student}")
            for student, when in table.items()}


def _time(text: Any, where: str) -> datetime.datetime:
    """An ISO time with its zone."""
    try:
        when = datetime.datetime.fromisoformat(
            str(text).strip().replace("Z", "+00:00"))
    except ValueError:
        raise Trouble(f"{where}: '{text}' is no time such as "
                      "2026-10-01T23:59:00+02:00") from None
    if when.tzinfo is None:
        raise Trouble(f"{where}: '{text}' has no time zone: add one, such as "
                      "+02:00 or Z")
    return when


def _number(value: Any, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or \
            value < 0:
        raise Trouble(f"{where}: '{value}' must be a number from 0 up")
    return float(value)


def _known(data: Mapping[str, Any], names: Any, where: str) -> None:
    unknown = sorted(set(data) - set(names))
    if unknown:
        raise Trouble(f"{where}: nothing is called '{unknown[0]}' there: take "
                      f"{', '.join(names)}")


def read_overrides(path: pathlib.Path) -> List[Override]:
    """[] if there is no such file. Trouble."""
    data = store.read_json(path)
    if data is None:
        return []
    if not isinstance(data, list):
        raise Trouble(f"{path.name}: it must be a list of overrides")
    return [_override(one, f"{path.name}: entry {number}")
            for number, one in enumerate(data, 1)]


def _override(data: Any, where: str) -> Override:
    if not isinstance(data, dict):
        raise Trouble(f"{where}: it must be an object")
    _known(data, _OVERRIDE_NAMES, where)
    whats = [name for name in _WHAT if name in data]
    if len(whats) != 1:
        raise Trouble(f"{where}: it must hold just one of test, lab and total")
    what = whats[0]
    score = data["total"] if what == "total" else data.get("score")
    if score != FULL:
        score = _number(score, f"{where}: its score")
    for name in ("student", "reason"):
        if not str(data.get(name, "")).strip():
            raise Trouble(f'{where}: it must name its "{name}"')
    was = data.get("was")
    return Override(
        student=str(data["student"]), what=what,
        name="" if what == "total" else str(data[what]), score=score,
        was=None if was is None else _number(was, f"{where}: was"),
        reason=str(data["reason"]).strip(), by=str(data.get("by", "")))
