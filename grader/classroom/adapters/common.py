"""What all forms share: tests and points of a result as students see it.

A form is made of a View (../shown.py), which holds what may be shown and
nothing else. Its result may be unfinished: the grader was stopped when time ran
out. Tests that had not been run then have the status not_run, and give no
points.
"""

from __future__ import annotations

from typing import Any, Dict, List, Tuple

from ..shown import (NOT_BUILT, NOT_RUN, OURS, PASSED, STAFF, Result, Shown,
                     Test, View, explanation, look)

__all__ = ["NOT_BUILT", "NOT_RUN", "OURS", "PASSED", "STAFF", "Result",
           "Shown", "Test", "View", "explanation", "look"]
MAX_OUTPUT = 20_000  # characters shown of one test


def tests_of(view: View) -> List[Test]:
    """Those that count, of all labs."""
    return [test for lab in view.result["labs"] for test in lab["tests"]]


def passed(test: Test) -> bool:
    return bool(test["status"] == PASSED)


def is_hidden(test: Test) -> bool:
    return bool(test.get("hidden"))


def max_score(test: Test) -> int:
    """What it is worth; a test in which the grader failed costs nothing,
    unless it failed twice where that counts (../second.py)."""
    counts = test["status"] != OURS or test.get("provisional")
    return int(test["max_score"]) if counts else 0


def total(view: View) -> Tuple[int, int]:
    """Points and most points, tests that were not run included."""
    tests = tests_of(view)
    return (sum(int(test["score"]) for test in tests),
            sum(max_score(test) for test in tests))


def output(test: Test) -> str:
    """What a failed test says for itself as text, bounded."""
    text = "\n".join(f"{name}: {text}" for name, text in explanation(test))
    return printable(text if len(text) <= MAX_OUTPUT
                     else text[:MAX_OUTPUT] + "\n(cut off here)")


def printable(text: str) -> str:
    """A node may print anything; forms take text."""
    return "".join(one if one.isprintable() or one in "\n\t" else "?"
                   for one in text)


def notes(view: View) -> List[str]:
    """Sentences about the whole grade, for students."""
    found = []
    tests = tests_of(view)
    missing = [test for test in tests if test["status"] == NOT_RUN]
    if missing:
        found.append(f"The grade was stopped before its end: {len(missing)} "
                     "tests were not run and give no points.")
    found += _ours([test for test in tests if test["status"] == OURS])
    for lab in view.result["labs"]:
        if lab.get("note"):
            found.append(f"{lab['title']}: {lab['note']}")
        if lab.get("build_log"):
            found.append(f"{lab['title']}: it does not build:\n"
                         + printable(lab["build_log"][:MAX_OUTPUT]))
    return found


def _ours(tests: List[Test]) -> List[str]:
    """On tests in which the grader failed."""
    found = []
    for provisional, what in (
            (False, "they cost no points, and the course's staff should hear "
                    "of it"),
            (True, "they give no points as yet, until somebody of the "
                   "course's staff has looked at them")):
        names = [test["name"] for test in tests
                 if bool(test.get("provisional")) is provisional]
        if names:
            twice = " twice" * provisional
            found.append(f"The grader itself failed{twice} in {len(names)} "
                         f"tests ({', '.join(names[:5])}): {what}.")
    return found


def facts(view: View) -> Dict[str, Any]:
    """What makes a grade repeatable."""
    return {name: view.result[name] for name in
            ("kit", "official", "first_seeds", "sandbox", "isolation")
            if name in view.result}


def trouble(sentence: str, labs: Tuple[str, ...] = (), for_staff: str = ""
            ) -> Dict[str, Any]:
    """A result of nothing, when there is none: why; and what students must
    not read of it."""
    return {"labs": [], "score": 0, "max_score": 0, "seconds": 0.0,
            "finished": False, "interrupted": True, "trouble": sentence,
            "for_staff": for_staff, "asked": list(labs)}
