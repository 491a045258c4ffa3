"""Plain text, for whoever reads it: every test with its points, and why those
that failed did."""

from __future__ import annotations

from typing import List

from . import common
from .common import View


def render(view: View) -> str:
    return "\n".join(lines(view)) + "\n"


def lines(view: View) -> List[str]:
    """All of it."""
    found: List[str] = []
    if view.result.get("trouble"):
        found += [str(view.result["trouble"]), ""]
    for lab in view.result["labs"]:
        found.append(f"{lab['title']}: {points(lab)} of {most(lab)} points")
        for test in lab["tests"]:
            found.append(f"  {test['score']:>3}/{common.max_score(test):<3} "
                         f"{test['name']}: {test['title']}")
            found += [f"          {line}"
                      for line in common.output(test).splitlines()]
        found.append("")
    return found + common.notes(view)


def points(lab: common.Result) -> int:
    return sum(int(test["score"]) for test in lab["tests"])


def most(lab: common.Result) -> int:
    return sum(common.max_score(test) for test in lab["tests"])
