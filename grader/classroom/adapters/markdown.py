"""A summary in Markdown: for the page of a job, or a pull request."""

from __future__ import annotations

import html
from typing import List

from . import common
from .common import View

_SIGNS = {"passed": "✅", "not_run": "⏸", "grader_error": "⚠️"}


def render(view: View) -> str:
    points, most = common.total(view)
    lines = [f"## {points} of {most} points", ""]
    if view.result.get("trouble"):
        lines += [cell(str(view.result["trouble"])), ""]
    if view.result["labs"]:
        lines += ["| lab | points | tests passed |", "|---|---:|---:|"]
    for lab in view.result["labs"]:
        tests = lab["tests"]
        lines.append(
            f"| {cell(lab['title'])} | {sum(test['score'] for test in tests)} "
            f"of {sum(map(common.max_score, tests))} | "
            f"{sum(map(common.passed, tests))} of {len(tests)} |")
    for sentence in common.notes(view):
        head, _, rest = sentence.partition("\n")
        lines += ["", cell(head)] + (_block(rest) if rest else [])
    for lab in view.result["labs"]:
        failed = [test for test in lab["tests"] if not common.passed(test)]
        if failed:
            lines += ["", f"### {cell(lab['title'])}", ""]
        for test in failed:
            lines += _failure(test)
    return "\n".join(lines) + "\n"


def _failure(test: common.Test) -> List[str]:
    """One test, folded."""
    sign = _SIGNS.get(test["status"], "❌")
    return [f"<details><summary>{sign} <code>{html.escape(test['name'])}</code>"
            f" ({common.max_score(test)}): {html.escape(test['title'])}"
            "</summary>", *_block(common.output(test)), "",
            "</details>"]


def _block(text: str) -> List[str]:
    """Text as it is: its fence is longer than any in it."""
    fence = "```"
    while fence in text:
        fence += "`"
    return ["", fence, text, fence]


def cell(text: str) -> str:
    """Text that stays text, and in one cell."""
    for one in "\\`*_[]<>|#":
        text = text.replace(one, "\\" + one)
    return " ".join(common.printable(text).split())
