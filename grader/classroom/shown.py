"""What students are shown of a grade. This is the one place that decides it.

    view = look(result, Shown())     # for students
    view.result                      # forms and pages are made of this alone
    view.staff                       # what of it only the staff may read
    view.without_secrets(text)       # of text that came from elsewhere

Of a hidden test there is its claim, its points and whether it passed, under a
name that says nothing. While the seeds are secret, no line has one. Whoever
writes for students takes a View, and a View is made nowhere else.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Dict, Iterable, List, Mapping, Tuple

Result = Mapping[str, Any]
Test = Mapping[str, Any]

PASSED, NOT_RUN, NOT_BUILT, OURS = \
    "passed", "not_run", "not_built", "grader_error"
WITHHELD = ("a hidden test: what it does, and how your nodes failed it, is "
            "told when the course publishes it")
SECRET = "(comes when the course publishes its seeds)"
NOT_RUN_YET = "not run: the grade ended before its turn"
_SEED = "(secret)"
_NUMBER = re.compile(r"(?<=seed )\d+|(?<=:)\d{5,}(?= |$)|\d{12,}")
# All that is kept of a hidden test; anything new is left out by itself.
_KEPT = ("title", "part", "kind", "stack", "status", "score", "max_score",
         "seconds", "hidden", "provisional")
_DETAILS = ("rule", "expected", "observed", "hint", "replay")


@dataclass(frozen=True)
class Shown:
    """What students are shown."""

    hidden: bool = False  # of hidden tests more than claim and points
    seeds: bool = False   # the replay lines, where seeds are secret
    visibility: str = "after_published"  # of hidden tests, on Gradescope


STAFF = Shown(hidden=True, seeds=True)


@dataclass(frozen=True)
class View:
    """A grade as it is shown to somebody."""

    result: Result
    shown: Shown
    names: Mapping[str, str] = field(default_factory=dict)  # hidden -> told
    staff: Tuple[Tuple[str, str], ...] = ()  # (heading, text): not shown

    def public(self, sentences: Iterable[Any]) -> List[str]:
        """Those that name no hidden test."""
        return [one for one in map(str, sentences)
                if self.without_secrets(one) == one]

    def without_secrets(self, text: str) -> str:
        """Text without the names of hidden tests."""
        for name in sorted(self.names, key=len, reverse=True):
            text = text.replace(name, self.names[name])
        return text


def look(result: Result, shown: Shown = Shown()) -> View:
    """A result of grader/grade --json (read by convert.load) as it is shown.
    The result itself stays as it is."""
    names = {} if shown.hidden else _names(result)
    seeds = shown.seeds or result.get("first_seeds") != "secret"
    view = View(result, shown, names, _for_staff(result, names))
    labs = [{**lab, **{runs: [_test(test, names, seeds) for test in lab[runs]]
                       for runs in ("tests", "other_tests") if runs in lab}}
            for lab in result["labs"]]
    told = {**result, "labs": labs}
    told["findings"] = view.public(result.get("findings", ()))
    if not shown.hidden:
        told.pop("for_staff", None)
    return View(told, shown, names, view.staff)


def explanation(test: Test) -> List[Tuple[str, str]]:
    """(heading, text) of all that a failed test says for itself."""
    if test["status"] == PASSED:
        return []
    if test["status"] == NOT_RUN:
        return [("seen", NOT_RUN_YET)]
    parts = [("rule", test["rule"]), ("expected", test["expected"]),
             ("seen", test["observed"]),
             ("steps", "\n".join(test.get("story", ()))),
             ("hint", test["hint"]), ("replay", test["replay"])]
    return [(name, text) for name, text in parts if text]


def scrub(text: str, test: Test) -> str:
    """Text about a public test without the seeds that it was run with."""
    seed = test.get("seed")
    if not isinstance(seed, int):
        return text
    # The last seed tried is the one told; those before it led to it.
    least = seed - int(test.get("seeds") or 1)
    return _NUMBER.sub(lambda found: _SEED if least < int(found[0]) <= seed
                     else found[0], text)


def _names(result: Result) -> Dict[str, str]:
    """Hidden tests: their names, and what they are called instead."""
    names: Dict[str, str] = {}
    for lab in result["labs"]:
        mine: Dict[str, None] = {}
        for test in (*lab["tests"], *lab.get("other_tests", ())):
            if test.get("hidden"):
                mine.setdefault(test["name"])
        names.update({name: f"{lab['name']}/hidden-{number}"
                      for number, name in enumerate(mine, 1)})
    return names


def _test(test: Test, names: Mapping[str, str], seeds: bool) -> Test:
    if test["name"] in names:
        kept = {name: test[name] for name in _KEPT if name in test}
        return {"name": names[test["name"]], **kept,
                **dict.fromkeys(_DETAILS, ""), "observed":
                WITHHELD * (test["status"] not in (PASSED, NOT_RUN))}
    if seeds:
        return test
    told = {name: _scrubbed(value, test) for name, value in test.items()
            if name not in ("seed", "replay")}
    return {**told, "seed": None, "replay": SECRET}


def _scrubbed(value: Any, test: Test) -> Any:
    """Every text within a value of JSON."""
    if isinstance(value, str):
        return scrub(value, test)
    if isinstance(value, list):
        return [_scrubbed(one, test) for one in value]
    if isinstance(value, dict):
        return {name: _scrubbed(one, test) for name, one in value.items()}
    return value


def _for_staff(result: Result, names: Mapping[str, str]
               ) -> Tuple[Tuple[str, str], ...]:
    """What the staff should read beside it, where it can be kept apart."""
    found: List[Tuple[str, str]] = []
    if result.get("findings"):
        found.append(("what this submission tried",
                      "\n".join(map(str, result["findings"]))))
    for lab in result["labs"]:
        for test in lab["tests"]:
            if test["name"] in names and test["status"] != PASSED:
                found.append((f"{names[test['name']]} is {test['name']}",
                              "\n".join(f"{heading}: {text}" for heading, text
                                        in explanation(test))))
    if result.get("for_staff"):
        found.append(("what went wrong", str(result["for_staff"])))
    return tuple(found)
