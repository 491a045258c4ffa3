"""What the demo's view shows: lines of text, made of what is known of the nodes.

Nothing here touches a terminal; demo_terminal.py puts the lines there.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Dict, List, Optional, Sequence

from .demo_client import Health
from .demo_cluster import Faults

LEAST_WIDTH = 20          # columns of a terminal that a view makes sense in
_FULL_ROOM = 5            # rows that a full view leaves for what is typed
_LEAST_ROOM = 3           # that any view leaves

_COLOURS = {"leader": "1;32", "candidate": "33", "down": "31",
            "paused": "35", "silent": "33", "title": "1", "faint": "2"}


@dataclass
class Scene:
    """All that the view tells."""

    title: str
    ids: Sequence[int]
    addresses: Dict[int, str]
    states: Dict[int, str]                 # "up", "paused" or "down"
    health: Dict[int, Health]
    faults: Faults
    load: str = ""                         # how the load goes, if there is one
    hint: str = ""                         # what to type elsewhere

    def role(self, node: int) -> str:
        """One word."""
        if self.states[node] != "up":
            return self.states[node]
        health = self.health[node]
        return health.role if health.answers else "silent"


@dataclass
class Column:
    name: str
    width: int
    right: bool = False
    needs: int = 0                         # columns of the whole terminal


_COLUMNS = [
    Column("node", 4, True), Column("clients", 15, needs=66),
    Column("role", 9), Column("term", 5, True), Column("commit", 8, True, 44),
    Column("applied", 8, True, 90), Column("keys", 6, True, 40),
    Column("links", 0, needs=34),
]


@dataclass
class Paint:
    """Colours, or none."""

    is_on: bool
    codes: Dict[str, str] = field(default_factory=lambda: _COLOURS)

    def __call__(self, kind: str, text: str) -> str:
        code = self.codes.get(kind)
        return f"\x1b[{code}m{text}\x1b[0m" if self.is_on and code else text


def links(faults: Faults, node: int) -> str:
    """What is wrong with a node's links, in words."""
    others = [one for one in faults.ids if one != node]
    away = [one for one in others if (node, one) in faults.cut]
    back = [one for one in others if (one, node) in faults.cut]
    both = [one for one in away if one in back]
    parts = []
    if both:
        parts.append("cut off" if both == others and len(others) > 1
                     else "cut from " + _list(both))
    only = [one for one in away if one not in both]
    if only:
        parts.append("cannot reach " + _list(only))
    only = [one for one in back if one not in both]
    if only:
        parts.append("does not hear " + _list(only))
    delays: Dict[int, List[int]] = {}
    for one in others:
        delay_ms = faults.delay_ms.get((node, one))
        if delay_ms:
            delays.setdefault(delay_ms, []).append(one)
    for delay_ms, to in sorted(delays.items()):
        whom = "all" if to == others else _list(to)
        parts.append(f"{delay_ms} ms to {whom}")
    return ", ".join(parts) or "fine"


def _list(nodes: Sequence[int]) -> str:
    return " ".join(map(str, nodes))


def _cell(scene: Scene, node: int, name: str) -> str:
    health = scene.health[node]
    known = scene.states[node] == "up" and health.answers
    if name == "node":
        return str(node)
    if name == "clients":
        return scene.addresses[node]
    if name == "role":
        return scene.role(node)
    if name == "links":
        return links(scene.faults, node)
    if not known:
        return "-"
    value: Optional[int] = {"term": health.term, "commit": health.commit,
                            "applied": health.applied,
                            "keys": health.keys}[name]
    return "-" if value is None else str(value)


def table(scene: Scene, width: int, paint: Paint) -> List[str]:
    """A head and a line for each node; columns that do not fit are left out."""
    chosen = [one for one in _COLUMNS if one.needs <= width]
    lines = [paint("faint", _row(chosen, [one.name for one in chosen], width))]
    for node in scene.ids:
        text = _row(chosen, [_cell(scene, node, one.name) for one in chosen],
                    width)
        lines.append(paint(scene.role(node), text))
    return lines


def _row(columns: Sequence[Column], cells: Sequence[str], width: int) -> str:
    parts = []
    for column, cell in zip(columns, cells):
        parts.append(cell.rjust(column.width) if column.right
                     else cell.ljust(column.width))
    return "  ".join(parts).rstrip()[:width]


def _compact(scene: Scene, width: int) -> str:
    """Everything in one line."""
    parts = []
    for node in scene.ids:
        text = f"{node} {scene.role(node)}"
        if links(scene.faults, node) != "fine":
            text += "*"  # something is wrong with its links
        parts.append(text)
    return " | ".join(parts)[:width]


def view(scene: Scene, width: int, height: int, paint: Paint) -> List[str]:
    """The lines above what is typed, for a terminal of some size."""
    rows = len(scene.ids) + 1     # of the table
    if height < _LEAST_ROOM + 1:
        return []
    if height < rows + _LEAST_ROOM or width < LEAST_WIDTH:
        return [_compact(scene, width)]
    if height < rows + 3 + _FULL_ROOM:
        return table(scene, width, paint)
    lines = [paint("title", scene.title[:width]), *table(scene, width, paint)]
    lines.append((scene.load or scene.hint)[:width])
    return lines + [paint("faint", "-" * width)]


def fold(text: str, width: int) -> List[str]:
    """A text as lines that fit, broken at blanks where that is possible."""
    lines: List[str] = []
    for line in text.split("\n"):
        while len(line) > width:
            at = line.rfind(" ", 1, width + 1)
            lines.append(line[:at if at > 0 else width])
            line = line[at + 1 if at > 0 else width:]
        lines.append(line)
    return lines
