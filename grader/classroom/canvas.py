"""Fills one assignment of the gradebook that Canvas has exported.

Canvas reads back what it wrote: the header's columns Student, ID, SIS User ID,
SIS Login ID and Section, then one column for each assignment, "Lab 1 (4711)".
We set the cells of one such column and leave every other byte alone.
"""

from __future__ import annotations

import pathlib
import re
from dataclasses import dataclass, field
from typing import Dict, List, Mapping, Optional, Sequence

from .marks import Mark
from .sheet import Row, Sheet
from .trouble import Trouble

_FIXED = ("Student", "ID", "SIS User ID", "SIS Login ID", "Integration ID",
          "Root Account", "Section")


@dataclass
class Filled:
    """The new file, and what there is to say."""

    data: bytes
    count: int = 0
    notes: List[str] = field(default_factory=list)


def fill(path: pathlib.Path, column: Optional[str], marks: Sequence[Mark],
         ids: Mapping[str, str], missing: Optional[str], scale: bool
         ) -> Filled:
    """Sets marks; ids are student -> the platform's id. Trouble."""
    sheet = Sheet(path)
    header = [sheet.rows[0].value(at) for at in
              range(len(sheet.rows[0].cells))]
    if "Student" not in header or "ID" not in header:
        raise Trouble(f"{path} is no export of Canvas's gradebook: its first "
                      "line names no columns Student and ID")
    target = _column(header, column, path)
    people = [row for row in sheet.rows[1:] if row.value(header.index("ID"))]
    factor, notes = _factor(sheet, target, marks, scale)
    filled = Filled(b"", notes=notes)
    places = _match(people, header, marks, ids, filled.notes)
    got = {id(row) for row in places.values()}
    for mark in marks:
        if mark.student in places:
            _set(places[mark.student], target,
                 f"{round(mark.final * factor, 2):.10g}")
            filled.count += 1
    absent = [row for row in people if id(row) not in got]
    for row in absent:
        if missing is not None:
            _set(row, target, missing)
    if absent:
        names = "; ".join(row.value(header.index("Student"))
                          for row in absent[:8])
        what = "left as they were" if missing is None else f"set to {missing}"
        filled.notes.append(f"{len(absent)} of Canvas's students handed in "
                            f"nothing and were {what}: {names}"
                            + ", ..." * (len(absent) > 8))
    filled.data = sheet.data()
    return filled


def _column(header: Sequence[str], wanted: Optional[str], path: pathlib.Path
            ) -> int:
    """The assignment's column: its whole name, or a beginning that only one
    has."""
    open_ones = [at for at, name in enumerate(header)
                 if name not in _FIXED and re.search(r"\(\d+\)\Z", name)]
    names = ", ".join(f"'{header[at]}'" for at in open_ones) or "none"
    if wanted is None:
        raise Trouble(f"say which assignment, with --column: {names}")
    exact = [at for at in open_ones if header[at] == wanted
             or re.sub(r" \(\d+\)\Z", "", header[at]) == wanted]
    found = exact or [at for at in open_ones
                      if header[at].startswith(wanted)]
    if len(found) != 1:
        raise Trouble(f"{path.name} has {len(found) or 'no'} assignments that "
                      f"begin with '{wanted}': take one of {names}")
    return found[0]


def _factor(sheet: Sheet, target: int, marks: Sequence[Mark], scale: bool
            ) -> "tuple[float, List[str]]":
    """What to multiply with, and a note if points differ from Canvas's."""
    worth = max((mark.max_score for mark in marks), default=0.0)
    for row in sheet.rows[1:4]:
        if row.value(0) != "Points Possible":
            continue
        try:
            possible = float(row.value(target).replace(",", "."))
        except ValueError:
            break
        if not worth or possible == worth:
            break
        if scale:
            return possible / worth, []
        return 1.0, [f"Canvas has {possible:g} points for it, the grader gives "
                     f"up to {worth:g}: --scale would make one of the other"]
    return 1.0, []


def _match(people: Sequence[Row], header: Sequence[str],
           marks: Sequence[Mark], ids: Mapping[str, str], notes: List[str]
           ) -> Dict[str, Row]:
    """Student -> the row. The id first, then logins, then names."""
    tables = [_table(people, header, "ID", str), _table(
        people, header, "SIS Login ID", str.lower), _table(
            people, header, "SIS Login ID", _local), _table(
                people, header, "SIS User ID", str.lower), _table(
                    people, header, "Student", _letters)]
    places: Dict[str, Row] = {}
    taken: Dict[int, str] = {}
    for mark in marks:
        name = re.sub(r"-\d+\Z", "", mark.student) \
            if ids.get(mark.student) else mark.student
        keys = [ids.get(mark.student) or name, name.lower(), name.lower(),
                name.lower(), _letters(name)]
        row = next((table[key] for table, key in zip(tables, keys)
                    if table.get(key) is not None), None)
        if row is None:
            notes.append(f"{mark.student} is not in Canvas's file (or not only "
                         "once): enter that mark by hand")
        elif id(row) in taken:
            notes.append(f"{mark.student} and {taken[id(row)]} are one "
                         "student in Canvas's file: enter that mark by hand")
        else:
            taken[id(row)] = mark.student
            places[mark.student] = row
    return places


def _table(people: Sequence[Row], header: Sequence[str], column: str, plain
           ) -> Dict[str, Optional[Row]]:
    """What a column says -> its row; None where two rows say the same."""
    table: Dict[str, Optional[Row]] = {}
    if column in header:
        for row in people:
            key = plain(row.value(header.index(column)))
            if key:
                table[key] = None if key in table else row
    return table


def _local(login: str) -> str:
    """A login without the host's name."""
    return login.lower().split("@")[0]


def _letters(name: str) -> str:
    """As Canvas makes names of files of "Doe, Jane": doejane."""
    return re.sub(r"[\W\d_]+", "", name.lower())


def _set(row: Row, column: int, text: str) -> None:
    row.cells += [""] * (column + 1 - len(row.cells))
    row.cells[column] = text
