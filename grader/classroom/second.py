"""The second try of tests in which the grader itself failed.

    result = settle(result, lambda labs, names: another grade of these, or None)

A student's own grade says that such a test costs nothing. In a grade that
counts, a submission must gain nothing by it, for it may be what made the grader
fail: the test is run once more. If the grader fails again, the test keeps its
place in max_score, gives no points, is marked "provisional", and somebody has
to look at it.
"""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Tuple

from .shown import NOT_RUN, OURS

Result = Mapping[str, Any]
Tests = List[Dict[str, Any]]
Again = Callable[[Sequence[str], Sequence[str]], Optional[Result]]
Key = Tuple[str, str]  # a test's name and stack


def settle(result: Result, again: Again) -> Result:
    """A result in which every test has a verdict or is provisional. again is
    called once if need be, with names of labs and of tests."""
    broken = _broken(result)
    if not broken:
        return result
    second = again([str(lab["name"]) for lab in result["labs"]
                    if any(map(_is_ours, _all(lab)))],
                   sorted({name for name, _ in broken}))
    found = {_key(test): test for lab in (second or {"labs": ()})["labs"]
             for test in _all(lab)}
    labs = [_merge(lab, found) for lab in result["labs"]]
    return {**result, "labs": labs,
            "score": sum(lab["score"] for lab in labs),
            "max_score": sum(lab["max_score"] for lab in labs)}


def is_needed(result: Result) -> bool:
    """Whether the grader failed in any test."""
    return bool(_broken(result))


def count_unrun(result: Result) -> Result:
    """The result of a grade that was stopped for being slow: what was not run
    keeps its place in max_score, too."""
    labs = [{**lab, "tests": [
        {**test, "provisional": True} if test["status"] == NOT_RUN else test
        for test in lab["tests"]]} for lab in result["labs"]]
    labs = [{**lab, "max_score": _points(lab["tests"])[1]} for lab in labs]
    return {**result, "labs": labs,
            "max_score": sum(lab["max_score"] for lab in labs)}


def to_look_at(result: Result) -> List[str]:
    """A sentence for the instructor on each test that is provisional."""
    return [f"{test['name']} needs a look: the grader itself failed in it "
            f"twice ({test['observed']}), so its {test['max_score']} points "
            "are not given; overrides.json decides"
            for lab in result.get("labs", ()) for test in lab["tests"]
            if test.get("provisional") and _is_ours(test)]


def tried_twice(result: Result) -> List[str]:
    """Names of the tests that have a verdict from their second try."""
    return [str(test["name"]) for lab in result.get("labs", ())
            for test in lab["tests"]
            if test.get("first_try") and not test.get("provisional")]


def _broken(result: Result) -> List[Key]:
    return [_key(test) for lab in result["labs"] for test in _all(lab)
            if _is_ours(test)]


def _all(lab: Mapping[str, Any]) -> Tests:
    return [*lab["tests"], *lab.get("other_tests", ())]


def _key(test: Mapping[str, Any]) -> Key:
    return str(test["name"]), str(test.get("stack", ""))


def _is_ours(test: Mapping[str, Any]) -> bool:
    return bool(test["status"] == OURS)


def _merge(lab: Mapping[str, Any], found: Mapping[Key, Mapping[str, Any]]
           ) -> Dict[str, Any]:
    """A lab with what the second try found out; the better stack counts."""
    runs = [[_settled(test, found.get(_key(test))) for test in lab[name]]
            for name in ("tests", "other_tests") if lab.get(name)]
    points = [_points(run) for run in runs]
    best = max(range(len(runs)), key=lambda at: (points[at], -at))
    told = {**lab, "tests": runs[best], "score": points[best][0],
            "max_score": points[best][1], "other_tests":
            [test for run in runs if run is not runs[best] for test in run]}
    if "counted" in lab:
        told["counted"] = runs[best][0]["stack"]
        told["stacks"] = {run[0]["stack"]: score for run, (score, _)
                          in sorted(zip(runs, points), key=lambda one:
                                    list(lab["stacks"]).index(
                                        one[0][0]["stack"]))}
    return told


def _settled(test: Dict[str, Any], second: Optional[Mapping[str, Any]]
             ) -> Dict[str, Any]:
    """The second verdict on a test, if the first one was none."""
    if not _is_ours(test):
        return test
    if second is None or second["status"] in (OURS, NOT_RUN):
        return {**test, "score": 0, "provisional": True,
                "first_try": test["observed"]}
    return {**second, "first_try": test["observed"]}


def _points(run: Tests) -> Tuple[int, int]:
    """(points, most points) of one stack."""
    return (sum(int(test["score"]) for test in run),
            sum(int(test["max_score"]) for test in run
                if test["status"] not in (OURS, NOT_RUN)
                or test.get("provisional")))
