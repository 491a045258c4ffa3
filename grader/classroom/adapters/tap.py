"""TAP 14: a subtest for each lab, a YAML block for each test that failed.

https://testanything.org/tap-version-14-specification.html
"""

from __future__ import annotations

import json
from typing import List

from . import common
from .common import View


def render(view: View) -> str:
    labs = view.result["labs"]
    lines = ["TAP version 14", f"1..{len(labs)}"]
    for number, lab in enumerate(labs, 1):
        lines.append(f"# Subtest: {escape(lab['name'])}")
        lines.append(f"    1..{len(lab['tests'])}")
        for place, test in enumerate(lab["tests"], 1):
            lines += [f"    {line}" for line in
                      _point(test, place)]
        good = all(common.passed(test) for test in lab["tests"])
        lines.append(f"{'ok' if good else 'not ok'} {number} - "
                     f"{escape(lab['title'])}")
    if view.result.get("trouble"):
        lines.append("Bail out! " + escape(str(view.result["trouble"])))
    return "\n".join(lines) + "\n"


def _point(test: common.Test, place: int) -> List[str]:
    """A test's line, and why it failed."""
    good = common.passed(test)
    lines = [f"{'ok' if good else 'not ok'} {place} - "
             f"{escape(test['name'])}: {escape(test['title'])}"]
    if good:
        return lines
    # What JSON calls a string, YAML does too.
    told = [("status", str(test["status"])),
            *common.explanation(test)]
    return lines + ["  ---", *(f"  {name}: {json.dumps(text)}"
                               for name, text in told), "  ..."]


def escape(text: str) -> str:
    """In descriptions # begins a directive, and \\ takes its meaning away."""
    text = " ".join(common.printable(text).split())
    return text.replace("\\", "\\\\").replace("#", "\\#")
