"""The class page: one file of HTML that needs nothing else.

Whatever a submission may have had a say in (names, findings, sentences) is
escaped; the page runs no script but the one that sorts tables.
"""

from __future__ import annotations

import html
import pathlib
import re
from typing import TYPE_CHECKING, Any, Callable, List, Optional, Sequence

from . import compare, items, marks
from .items import Item
from .store import Graded

if TYPE_CHECKING:
    from .closing import Class

_PARTS = pathlib.Path(__file__).resolve().parent / "page"
_BINS = 10          # of a distribution
_MAX_FINDINGS = 200


def page(told: "Class") -> str:
    """The whole of it."""
    sections: Sequence[Callable[["Class"], str]] = (
        _notices, _distribution, _students, _hardest, _tests, _twice,
        _findings, _changes)
    parts = {"STYLE": (_PARTS / "class.css").read_text(encoding="utf-8"),
             "SCRIPT": (_PARTS / "class.js").read_text(encoding="utf-8"),
             "ABOUT": _about(told),
             "FIGURES": _figures(told),
             "SECTIONS": "".join(section(told) for section in sections)}
    text = (_PARTS / "class.html").read_text(encoding="utf-8")
    return re.sub(r"@(STYLE|SCRIPT|ABOUT|FIGURES|SECTIONS)@",
                  lambda found: parts[found.group(1)], text)


def _e(text: Any) -> str:
    return html.escape(str(text))


def _about(told: "Class") -> str:
    """What was graded how, in a line; the last time of a grade."""
    def seen(name: str) -> str:
        return " / ".join(sorted({str(one.meta.get(name, ""))
                                  for one in told.graded}))
    times = [str(one.meta.get("graded_at", "")) for one in told.graded]
    last = max(times, default="").replace("T", " ").replace("+00:00", " UTC")
    return _e(f"{seen('options')}; kit {seen('kit')}; sandbox "
              f"{seen('sandbox')}; last grade {last}")


def _figures(told: "Class") -> str:
    finals = [mark.final for mark in told.marks]
    cells: List["tuple[str, str]"] = [("students", str(len(finals)))]
    if finals:
        most = max(mark.max_score for mark in told.marks)
        cells += [("points to be had", f"{most:g}"),
                  ("median", f"{items.median(finals):g}"),
                  ("mean", f"{sum(finals) / len(finals):.1f}"),
                  ("best", f"{max(finals):g}"),
                  ("full marks", str(sum(
                      mark.final >= mark.max_score > 0
                      for mark in told.marks)))]
    hours = sum(float(one.meta.get("cpu_seconds", 0)) for one in told.graded)
    cells.append(("processor time", f"{hours / 60:.0f} min"))
    return "".join(f"<div><b>{_e(value)}</b>{_e(name)}</div>"
                   for name, value in cells)


def _section(title: str, body: str, about: str = "") -> str:
    if not body:
        return ""
    about = f'<p class="about">{about}</p>' if about else ""
    return f"<section><h2>{_e(title)}</h2>{about}{body}</section>\n"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]], kind: str = ""
           ) -> str:
    """Cells are HTML; heads that begin with # are of numbers."""
    if not rows:
        return ""
    head = "".join(f'<th class="n">{_e(one[1:])}' if one.startswith("#")
                   else f"<th>{_e(one)}" for one in heads)
    body = "".join("<tr>" + "".join(
        f'<td class="n">{cell}' if one.startswith("#") else f"<td>{cell}"
        for one, cell in zip(heads, row)) + "\n" for row in rows)
    return (f'<div class="wide"><table class="{kind}"><thead><tr>{head}'
            f"</thead><tbody>{body}</tbody></table></div>")


# Sections

def _notices(told: "Class") -> str:
    listed = "".join(f"<li>{_e(one)}" for one in told.notices)
    return _section("To be looked at", f'<ul class="look">{listed}</ul>'
                    if listed else "")


def _distribution(told: "Class") -> str:
    """The total, and each lab, as bars of a share of the points."""
    if not told.marks:
        return ""
    charts = [_bars("All labs", [mark.final / mark.max_score
                                 for mark in told.marks if mark.max_score])]
    most = marks.full_marks(told.graded)
    if len(most) > 1:
        charts += [_bars(name, [
            mark.labs[name].score / mark.labs[name].max_score
            for mark in told.marks if mark.labs[name].max_score])
            for name in most]
    return _section("Distribution", f'<div class="charts">{"".join(charts)}'
                    "</div>", "Students by their share of the points.")


def _bars(title: str, shares: Sequence[float]) -> str:
    counts = [0] * (_BINS + 1)  # full marks have a bar of their own
    for share in shares:
        counts[max(0, min(_BINS, int(share * _BINS + 1e-9)))] += 1
    most = max(counts + [1])
    bars = []
    for at, count in enumerate(counts):
        height = 90.0 * count / most
        low = f"{100 * at // _BINS}"
        label = "100 %" if at == _BINS else f"{low} to under " \
            f"{100 * (at + 1) // _BINS} %"
        bars.append(
            f"<g><title>{count} with {label}</title>"
            f'<rect x="{at * 26 + 4}" y="{100 - height:.1f}" width="22" '
            f'height="{height:.1f}" rx="2"/>'
            + (f'<text class="count" x="{at * 26 + 15}" '
               f'y="{96 - height:.1f}">{count}</text>' if count else "")
            + f'<text x="{at * 26 + 15}" y="114">{low}</text></g>')
    width = 26 * (_BINS + 1) + 4
    return (f'<figure><svg viewBox="0 -14 {width} 132" role="img" '
            f'aria-label="{_e(title)}"><line x1="2" x2="{width - 2}" y1="100" '
            f'y2="100"/>{"".join(bars)}</svg><figcaption>{_e(title)} '
            f"<span>{len(shares)} students, in per cent</span></figcaption>"
            "</figure>")


def _students(told: "Class") -> str:
    labs = list(marks.full_marks(told.graded))
    rows = []
    for one in told.graded:
        mark = told.mark_of(one.student)
        rows.append([
            _links(one),
            *(f"{mark.labs[lab].score:g}" for lab in labs),
            f"{mark.graded:g}", _steps(mark),
            f'<b class="{_shade(mark)}">{mark.final:g}</b>',
            f"{100 * mark.final / mark.max_score:.0f}"
            if mark.max_score else "",
            str(len(one.meta["findings"]) or ""),
            f"{float(one.meta.get('seconds', 0)):.0f}"])
    return _section("Students", _table(
        ["Student", *(f"#{lab}" for lab in labs), "#graded",
         "changed by", "#final", "#%", "#findings", "#seconds"], rows, "sorts"),
        "Click on a heading to sort. What a student may be sent is in "
        "students/NAME/for-student.")


def _links(one: Graded) -> str:
    base = f"students/{html.escape(one.student, quote=True)}"
    pages = f' <a href="{base}/pages/index.html">tests</a>' \
        if (one.folder / "pages" / "index.html").is_file() else ""
    text = f' <a href="{base}/result.txt">report</a>' \
        if (one.folder / "result.txt").is_file() else ""
    return (f'<a href="{base}/for-student/grade.txt">{_e(one.student)}</a>'
            f"<small>{pages}{text}</small>")


def _steps(mark: marks.Mark) -> str:
    return "".join(f"<p>{_e(step)}</p>" for step in mark.steps)


def _shade(mark: marks.Mark) -> str:
    share = mark.final / mark.max_score if mark.max_score else 0.0
    return "good" if share >= 0.9 else "bad" if share < 0.5 else ""


def _share(share: float) -> str:
    """A number and a bar."""
    percent = 100 * share
    return (f'<span class="share"><i style="width:{percent:.0f}%"></i></span>'
            f"{percent:.0f}")


def _hardest(told: "Class") -> str:
    return _section("Hardest tests", _table(
        ["Test", "Claim", "#passed by %", "how it went"],
        [[_e(item.name), _e(item.title), _share(item.pass_rate),
          _e(_went(item))] for item in items.hardest(told.items)]))


def _went(item: Item) -> str:
    return ", ".join(f"{count} {status.replace('_', ' ')}" for status, count
                     in sorted(item.statuses.items(), key=lambda one: -one[1]))


def _tests(told: "Class") -> str:
    rows = [[_e(item.name), f"{item.max_score:g}", str(item.count),
             _share(item.pass_rate), _number(item.difficulty),
             _number(item.discrimination), _number(item.spread),
             _e(item.remark)] for item in told.items]
    alphas = "; ".join(f"{_e(lab)} {_number(value)}"
                       for lab, value in told.alphas.items()
                       if value is not None)
    return _section("All tests", _table(
        ["Test", "#points", "#graded", "#passed by %", "#difficulty",
         "#discrimination", "#spread", "remark"], rows, "sorts"),
        "Difficulty: the mean share of the points. Discrimination: how a test "
        "goes with the rest of its lab, from -1 to 1. Spread: the mean of the "
        "best 27 % of the class less that of the last 27 %."
        + (f" Cronbach's alpha: {alphas}." if alphas else ""))


def _number(value: Optional[float]) -> str:
    return "" if value is None else f"{value:.2f}"


def _twice(told: "Class") -> str:
    rows = [[_e(pair.student), f"{pair.score:g}", f"{pair.again:g}",
             '<b class="good">the same</b>' if pair.same else "".join(
                 f'<p class="bad">{_e(one)}</p>'
                 for one in compare.shown(pair.tests))]
            for pair in told.pairs]
    return _section("Graded twice", _table(
        ["Student", "#first", "#second", "verdicts and trace hashes"], rows),
        "A sample, to see whether anything but the submission has a say.")


def _findings(told: "Class") -> str:
    rows = [[_e(one.student), _e(sentence)] for one in told.graded
            for sentence in one.meta["findings"]]
    more = len(rows) - _MAX_FINDINGS
    return _section("Findings", _table(["Student", "What"],
                                       rows[:_MAX_FINDINGS])
                    + (f"<p>... and {more} more, in each student's "
                       "meta.json.</p>" if more > 0 else ""),
                    "What submissions held or tried that no lab asks for. "
                    "Points are not taken for it: that is yours to decide "
                    "(overrides.json).")


def _changes(told: "Class") -> str:
    rows: List[List[str]] = []
    for change in told.changes:
        rows.append([_e(change.student), f"{change.before:g}",
                     f"{change.after:g}", _e(change.why),
                     "".join(f"<p>{_e(one)}</p>"
                             for one in compare.shown(change.tests))])
    return _section("Changed by the last grade", _table(
        ["Student", "#before", "#after", "because of", "what"], rows))
