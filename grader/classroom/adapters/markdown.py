"""A summary in Markdown: for the page of a job, or a pull request."""

from __future__ import annotations

import html
from typing import List

from . import common
from .common import Result, Shown

_SIGNS = {"passed": "✅", "not_run": "⏸", "grader_error": "⚠️"}


def render(result: Result, shown: Shown) -> str:
    points, most = common.total(result)
    lines = [f"## {points} of {most} points", ""]
    if result.get("trouble"):
        lines += [cell(str(result["trouble"])), ""]
    if result["labs"]:
        lines += ["| lab | points | tests passed |", "|---|---:|---:|"]
    for lab in result["labs"]:
        tests = lab["tests"]
        lines.append(
            f"| {cell(lab['title'])} | {sum(test['score'] for test in tests)} "
            f"of {sum(map(common.max_score, tests))} | "
            f"{sum(map(common.passed, tests))} of {len(tests)} |")
    for sentence in common.notes(result):
        head, _, rest = sentence.partition("\n")
        lines += ["", cell(head)] + (_block(rest) if rest else [])
    for lab in result["labs"]:
        failed = [test for test in lab["tests"] if not common.passed(test)]
        if failed:
            lines += ["", f"### {cell(lab['title'])}", ""]
        for test in failed:
            lines += _failure(result, test, shown)
    return "\n".join(lines) + "\n"


def _failure(result: Result, test: common.Test, shown: Shown) -> List[str]:
    """One test, folded."""
    sign = _SIGNS.get(test["status"], "❌")
    return [f"<details><summary>{sign} <code>{html.escape(test['name'])}</code>"
            f" ({common.max_score(test)}): {html.escape(test['title'])}"
            "</summary>", *_block(common.output(result, test, shown)), "",
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
