"""The timeline page: one self-contained HTML file that shows one test.

The page is page/timeline.html with its css and js in it, and the scene as JSON;
it asks nothing of the network. Times are microseconds of the record's clock.

    path.write_text(page(scene, result))

The JSON's rows are described where they are made, below; page/model.js reads
them.
"""

from __future__ import annotations

import html
import json
import pathlib
import re
from typing import Any, Container, Dict, List, Mapping, Optional, Sequence

from . import history
from .failure import PASSED
from .frames import METHOD_NAMES, OUTCOMES, Frame
from .record import describe
from .results import (BOTH, OWN, UNCOUNTED, Grade, TestResult, replace_file)
from .scene import Scene
from .spec import REAL, SIM

MAX_FRAMES = 20_000    # drawn; of a longer record the last ones
MAX_LOG_LINES = 5_000  # of all nodes together, the last ones
MAX_OPERATIONS = 5_000 # of clients, the last ones
MAX_TEXT = 400         # characters of a field's value or a log line
_PARTS = pathlib.Path(__file__).resolve().parent / "page"

# What a node puts before each line of its log: time, node, term, topic.
_STAMP = re.compile(r"^\s*\d+\.\d+\s+n\d+\s+t\d+\s+(\w+)\s+")

Row = List[Any]


def page(scene: Scene, result: TestResult) -> str:
    """The whole file."""
    text = (_PARTS / "timeline.html").read_text(encoding="utf-8")
    parts = {"TITLE": html.escape(f"{result.name}: {result.status}"),
             "STYLE": _part("timeline.css"),
             "SCRIPT": "".join(_part(name) for name in (
                 "model.js", "geometry.js", "lanes.js", "arrows.js",
                 "chart.js", "list.js", "legend.js", "view.js")),
             "DATA": embed(data(scene, result))}
    return re.sub(r"@(TITLE|STYLE|SCRIPT|DATA)@",
                  lambda found: parts[found.group(1)], text)


def _part(name: str) -> str:
    return (_PARTS / name).read_text(encoding="utf-8")


def embed(value: Any) -> str:
    """JSON that may stand inside <script>: no < > & and only ASCII."""
    text = json.dumps(value, separators=(",", ":"))
    for one in "<>&":
        text = text.replace(one, f"\\u{ord(one):04x}")
    return text


def data(scene: Scene, result: TestResult) -> Dict[str, Any]:
    """What the page draws. Times are microseconds."""
    record = scene.record
    frames = record.frames[-MAX_FRAMES:]
    logs = sorted(scene.logs)[-MAX_LOG_LINES:]
    end_us = max([scene.end_us, record.last_us]
                 + [one.time_us for one in frames[-1:]])
    bands, sides = history.network(record.orders, scene.ids, end_us)
    return {
        "test": {key: getattr(result, key) for key in (
            "name", "title", "status", "world", "seed", "seconds", "rule",
            "expected", "observed", "hint", "replay")},
        "is_virtual": scene.is_virtual,
        "end_us": end_us,
        "nodes": [{"id": one, "is_seat": one in scene.seats}
                  for one in scene.ids],
        "frames": [_frame(one) for one in frames],
        # [time, role, term, number of the frame that shows it]
        "roles": {node: [[one.time_us, one.role, one.term, one.frame]
                         for one in turns]
                  for node, turns in history.roles(record.frames).items()},
        # [time, node, "start"|"kill"|"pause"|"resume"|"end", text]
        "lives": _lives(scene),
        # [began, ended, text, [[from, to], ...], it is a cut]
        "bands": [[one.began_us, one.ended_us,
                   history.name_band(one, scene.ids), one.links,
                   one.fault == "cut"] for one in bands],
        # [from when on, the sides: lists of nodes]
        "sides": [[at, [sorted(one) for one in parts]] for at, parts in sides],
        # [node, began, ended or null, command, reply]
        "operations": [[one.node, one.began_us, one.ended_us, one.text,
                        one.reply]
                       for one in scene.operations[-MAX_OPERATIONS:]],
        "steps": [[at, text] for at, text in scene.steps],
        # [time, node, text]
        "logs": [[at, node, _short(_STAMP.sub(r"\1: ", text))]
                 for at, node, text in logs],
        "streams": [[one.time_us, one.frm, one.to, one.what]
                    for one in record.streams],
        "garbage": [[one.time_us, one.frm, one.to, one.size]
                    for one in record.garbage],
        "wrong": _first_wrong(scene, result, end_us),
        "left_out": {"frames": len(record.frames) - len(frames),
                     "logs": len(scene.logs) - len(logs)},
    }


def _frame(frame: Frame) -> Row:
    """[n, time, from, to, type, method, call, stream, deliveries, why it was
    lost or null, in words, term or null, fields]"""
    msg = frame.msg
    term = msg.get("term") if msg else None
    method = METHOD_NAMES.get(frame.method, f"method {frame.method}")
    if frame.type in ("PING", "PONG"):
        method = frame.type
    return [frame.n, frame.time_us, frame.frm, frame.to, frame.type, method,
            frame.call_id, frame.stream, frame.delivered_us, frame.lost,
            describe(frame).split("  ", 1)[1],
            term if isinstance(term, int) else None, _fields(frame)]


def _fields(frame: Frame) -> Dict[str, str]:
    """The decoded payload, for people."""
    if not frame.msg:
        if not frame.size:
            return {}
        shown = frame.payload[:32].hex(" ")
        return {"payload": f"{frame.size} bytes: {shown}"
                + " ..." * (frame.size > 32)}
    fields = {name: _value(name, value) for name, value in frame.msg.items()}
    return {name: _short(text) for name, text in fields.items()}


def _value(name: str, value: Any) -> str:
    if name == "outcome":
        return OUTCOMES.get(int(value), str(value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, bytes):
        text = value[:MAX_TEXT].decode(errors="replace")
        return f'"{text}"' if text.isprintable() else \
            f"{len(value)} bytes: {value[:32].hex(' ')}"
    if isinstance(value, list):
        shown = ", ".join(f"term {term}: {len(entry)} bytes"
                          for term, entry in value[:8])
        return f"{len(value)} ({shown})" if value else "none"
    return str(value)


def _short(text: str) -> str:
    return text if len(text) <= MAX_TEXT else text[:MAX_TEXT] + "..."


def _lives(scene: Scene) -> List[Row]:
    """Starts, kills, pauses and ends, in order."""
    words = {"start": "starts (incarnation {})", "kill": "is killed (kill -9)",
             "pause": "is paused", "resume": "goes on"}
    lives: List[Row] = []
    for at, node, text in scene.record.notes:
        what, _, rest = text.partition(" ")
        if node.isdigit() and what in words:
            lives.append([at, int(node), what, words[what].format(rest)])
    lives += [[at, node, "end", how] for at, node, how in scene.ends]
    return sorted(lives, key=lambda one: one[0])


def _first_wrong(scene: Scene, result: TestResult, end_us: int
                 ) -> Optional[Dict[str, Any]]:
    """Where to look first; None when nothing went wrong."""
    if result.passed:
        return None
    for one in scene.record.violations:
        if one.node not in scene.seats:
            return {"time": one.time_us, "node": one.node, "is_event": True,
                    "text": f"{one.rule}: {one.observed}",
                    "frame": _frame_at(scene.record.frames, one.time_us,
                                       one.node)}
    marks = [at for at, text in scene.steps if text.startswith("unexplained:")]
    if marks:  # kv_client.py: the last one is what no order explains
        return {"time": marks[-1], "node": None, "is_event": True,
                "text": result.observed, "frame": None}
    return {"time": min(scene.end_us or end_us, end_us), "node": scene.culprit,
            "is_event": False, "text": result.observed, "frame": None}


def _frame_at(frames: Sequence[Frame], time_us: int, node: int
              ) -> Optional[int]:
    """The frame of a node that broke an invariant: its last one by then."""
    for frame in reversed(frames):
        if frame.frm == node and frame.time_us <= time_us:
            return frame.n
    return None


# All pages

def file_name(name: str, world: str, stack: str) -> str:
    """Of a test's page: "rpc-echo.html", or "rpc-echo-sim-isolated.html"."""
    name = re.sub(r"[^A-Za-z0-9_.-]", "-", name)
    world = "" if world == REAL else f"-{world}"
    stack = "" if stack == OWN else f"-{stack}"
    return f"{name}{world}{stack}.html"


def names_of(test: Mapping[str, Any]) -> List[str]:
    """Of the page that a test may have, be it of one world or the other."""
    return [file_name(test["name"], world, test["stack"])
            for world in (SIM, REAL)
            if test.get("world", world) in (world, BOTH)]


def write_page(folder: pathlib.Path, scene: Scene, result: TestResult) -> None:
    """Writes a test's page and notes its name in the result."""
    result.page = file_name(result.name, result.world, result.stack)
    replace_file(folder / result.page, page(scene, result))


def write_index(folder: pathlib.Path, grade: Grade) -> None:
    """index.html: every test of a grade, with links to the pages there are."""
    about = (f"{grade.submission}, seed {grade.seed}, {grade.seconds:.1f} s, "
             f"sandbox: {grade.sandbox}")
    pages = {test.page for test in grade.all_tests()}
    replace_file(folder / "index.html", index(grade.as_json(), about, pages))


def index(grade: Mapping[str, Any], about: str, pages: Container[str]) -> str:
    """The same of a grade as JSON. A test is linked if it has a page."""
    text = (_PARTS / "index.html").read_text(encoding="utf-8")
    parts = {"STYLE": _part("index.css"),
             "SCORE": f"{grade['score']} of {grade['max_score']} points",
             "ABOUT": html.escape(about),
             "LABS": "".join(_lab(lab, pages) for lab in grade["labs"])}
    return re.sub(r"@(STYLE|SCORE|ABOUT|LABS)@",
                  lambda found: parts[found.group(1)], text)


def _lab(lab: Mapping[str, Any], pages: Container[str]) -> str:
    title, score = lab["title"], f"{lab['score']}/{lab['max_score']}"
    rows = "".join(_index_row(one, pages) for one in
                   (*lab["tests"], *lab.get("other_tests", ())))
    return (f"<section><h2>{html.escape(title)} <span>{score}</span></h2>"
            f"<table><thead><tr><th>Verdict<th>Points<th>Test<th>World"
            f"<th>Claim<th>Seconds</thead><tbody>{rows}</tbody></table>"
            "</section>\n")


def _index_row(test: Mapping[str, Any], pages: Container[str]) -> str:
    name = html.escape(test["name"]) + (
        "" if test["stack"] == OWN else " (isolated)")
    page_name = next((one for one in names_of(test) if one in pages), None)
    if page_name is not None:
        name = f'<a href="{html.escape(page_name)}">{name}</a>'
    status = test["status"]
    seen = ""
    if status != PASSED and test["observed"]:
        seen = f"<p>{html.escape(test['observed'])}</p>"
    kind = "passed" if status == PASSED else \
        "other" if status in UNCOUNTED else "failed"
    return (f'<tr><td><b class="{kind}">{status.replace("_", " ")}</b>'
            f"<td>{test['score']}/{test['max_score']}<td>{name}"
            f"<td>{test.get('world', '')}"
            f"<td>{html.escape(test['title'])}{seen}"
            f"<td>{test['seconds']:.1f}\n")
