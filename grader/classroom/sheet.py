"""CSV that comes back as it was: only the cells that are set change.

The raw text of every cell is kept, quotes and line ends included, so that what
another program wrote is what it reads again.
"""

from __future__ import annotations

import pathlib
import re
from dataclasses import dataclass
from typing import List

from .trouble import Trouble

_BOM = "\ufeff"


@dataclass
class Row:
    """Cells as they were written, and the line end behind them."""

    cells: List[str]
    end: str

    def value(self, column: int) -> str:
        """What a cell says; "" beyond the end."""
        if column >= len(self.cells):
            return ""
        raw = self.cells[column].lstrip(_BOM)
        if len(raw) >= 2 and raw[0] == raw[-1] == '"':
            raw = raw[1:-1].replace('""', '"')
        return raw.strip()


class Sheet:
    """A whole file."""

    def __init__(self, path: pathlib.Path):
        try:
            text = path.read_bytes().decode("utf-8", "surrogateescape")
        except OSError as error:
            raise Trouble(f"{path} cannot be read: {error.strerror}") from None
        head = text.split("\n", 1)[0]
        self.comma = ";" if head.count(";") > head.count(",") else ","
        self.rows = self._parse(text, path)
        if not self.rows:
            raise Trouble(f"{path} is empty")

    def _parse(self, text: str, path: pathlib.Path) -> List[Row]:
        cell = re.compile(r'\ufeff?"(?:[^"]|"")*"[^%s\r\n]*|[^%s\r\n]*'
                          % (self.comma, self.comma))
        rows: List[Row] = []
        cells: List[str] = []
        at = 0
        while at < len(text):
            found = cell.match(text, at)
            assert found is not None
            if found.group().lstrip(_BOM).startswith('"') and \
                    found.group().count('"') % 2:
                raise Trouble(f"{path}: a quote in line "
                              f"{text.count(chr(10), 0, at) + 1} never ends")
            cells.append(found.group())
            at = found.end()
            if text[at:at + 1] == self.comma:
                at += 1
                if at == len(text):
                    cells.append("")
                continue
            end = "\r\n" if text[at:at + 2] == "\r\n" else text[at:at + 1]
            at += len(end)
            rows.append(Row(cells, end))
            cells = []
        if cells:
            rows.append(Row(cells, ""))
        return rows

    def data(self) -> bytes:
        """The file again."""
        return "".join(self.comma.join(row.cells) + row.end
                       for row in self.rows).encode("utf-8", "surrogateescape")


def line(cells: List[object], comma: str = ",") -> str:
    """A row of ours. Spreadsheets take what begins with = + - @ for a formula:
    such text gets an apostrophe."""
    return comma.join(_quoted(cell) for cell in cells) + "\n"


def _quoted(cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, float):
        return f"{cell:.10g}"
    text = str(cell)
    if isinstance(cell, str) and text[:1] in ("=", "+", "-", "@", "\t"):
        text = "'" + text
    if re.search(r'[",;\r\n]', text):
        text = '"' + text.replace('"', '""') + '"'
    return text
