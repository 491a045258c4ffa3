"""What all forms share: tests and points of a result, and what of it is shown.

A result is the JSON of grader/grade. It may be unfinished: the grader was
stopped when time ran out. Tests that had not been run then have the status
not_run, and give no points.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, List, Mapping, Tuple

Result = Mapping[str, Any]
Test = Mapping[str, Any]

PASSED, NOT_RUN, NOT_BUILT, OURS = \
    "passed", "not_run", "not_built", "grader_error"
MAX_OUTPUT = 20_000  # characters shown of one test
_WITHHELD = ("a hidden test: what it does, and how your nodes failed it, is "
             "told when the course publishes it")
_SECRET = "(comes when the course publishes its seeds)"


@dataclass(frozen=True)
class Shown:
    """What students are shown."""

    hidden: bool = False  # of hidden tests more than claim and points
    seeds: bool = False   # the replay lines, where seeds are secret
    visibility: str = "after_published"  # of hidden tests, on Gradescope


STAFF = Shown(hidden=True, seeds=True)


def tests_of(result: Result) -> List[Test]:
    """Those that count, of all labs."""
    return [test for lab in result["labs"] for test in lab["tests"]]


def passed(test: Test) -> bool:
    return bool(test["status"] == PASSED)


def is_hidden(test: Test) -> bool:
    return bool(test.get("hidden"))


def max_score(test: Test) -> int:
    """What it is worth; a test in which the grader failed costs nothing."""
    return 0 if test["status"] == OURS else int(test["max_score"])


def total(result: Result) -> Tuple[int, int]:
    """Points and most points, tests that were not run included."""
    tests = tests_of(result)
    return (sum(int(test["score"]) for test in tests),
            sum(max_score(test) for test in tests))


def explanation(result: Result, test: Test, shown: Shown
                ) -> List[Tuple[str, str]]:
    """(heading, text) of all that a failed test says for itself."""
    if passed(test):
        return []
    if test["status"] == NOT_RUN:
        return [("seen", "not run: the grade ended before its turn")]
    if is_hidden(test) and not shown.hidden:
        return [("seen", _WITHHELD)]
    replay = test["replay"]
    if result.get("first_seeds") == "secret" and not shown.seeds:
        replay = _SECRET
    parts = [("rule", test["rule"]), ("expected", test["expected"]),
             ("seen", test["observed"]),
             ("steps", "\n".join(test.get("story", ()))),
             ("hint", test["hint"]), ("replay", replay)]
    return [(name, text) for name, text in parts if text]


def output(result: Result, test: Test, shown: Shown) -> str:
    """The same as text, bounded."""
    text = "\n".join(f"{name}: {text}" for name, text in
                     explanation(result, test, shown))
    return printable(text if len(text) <= MAX_OUTPUT
                     else text[:MAX_OUTPUT] + "\n(cut off here)")


def printable(text: str) -> str:
    """A node may print anything; forms take text."""
    return "".join(one if one.isprintable() or one in "\n\t" else "?"
                   for one in text)


def notes(result: Result) -> List[str]:
    """Sentences about the whole grade, for students."""
    found = []
    tests = tests_of(result)
    missing = [test for test in tests if test["status"] == NOT_RUN]
    if missing:
        found.append(f"The grade was stopped before its end: {len(missing)} "
                     "tests were not run and give no points.")
    ours = [test for test in tests if test["status"] == OURS]
    if ours:
        found.append(f"The grader itself failed in {len(ours)} tests "
                     f"({', '.join(test['name'] for test in ours[:5])}): they "
                     "cost no points, and the course's staff should hear of "
                     "it.")
    for lab in result["labs"]:
        if lab.get("note"):
            found.append(f"{lab['title']}: {lab['note']}")
        if lab.get("build_log"):
            found.append(f"{lab['title']}: it does not build:\n"
                         + printable(lab["build_log"][:MAX_OUTPUT]))
    return found


def facts(result: Result) -> Dict[str, Any]:
    """What makes a grade repeatable."""
    return {name: result[name] for name in
            ("kit", "official", "first_seeds", "sandbox", "isolation")
            if name in result}


def trouble(sentence: str, labs: Tuple[str, ...] = ()) -> Dict[str, Any]:
    """A result of nothing, when there is none: why."""
    return {"labs": [], "score": 0, "max_score": 0, "seconds": 0.0,
            "finished": False, "interrupted": True, "trouble": sentence,
            "asked": list(labs)}
