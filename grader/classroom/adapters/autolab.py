"""What an Autolab autograder prints: text for the student, and in the last line
the points of each problem. Problems are called as labs are: rpc, election, ...

https://docs.autolabproject.com/lab/
"""

from __future__ import annotations

import json

from . import common
from .common import Result, Shown


def render(result: Result, shown: Shown) -> str:
    lines = []
    if result.get("trouble"):
        lines += [str(result["trouble"]), ""]
    for lab in result["labs"]:
        lines.append(f"{lab['title']}: {_points(lab)} of {_most(lab)} points")
        for test in lab["tests"]:
            lines.append(f"  {test['score']:>3}/{common.max_score(test):<3} "
                         f"{test['name']}: {test['title']}")
            text = common.output(result, test, shown)
            lines += [f"          {line}" for line in text.splitlines()]
        lines.append("")
    lines += common.notes(result)
    return "\n".join(lines) + "\n" + scores(result) + "\n"


def scores(result: Result) -> str:
    """The last line."""
    found = {name: 0 for name in result.get("asked", ())}
    found.update({lab["name"]: _points(lab) for lab in result["labs"]})
    return json.dumps({"scores": found, "scoreboard":
                       [*found.values(), sum(found.values())]})


def _points(lab: Result) -> int:
    return sum(int(test["score"]) for test in lab["tests"])


def _most(lab: Result) -> int:
    return sum(common.max_score(test) for test in lab["tests"])
