"""Compares two grades of one submission, test by test.

What must be equal whenever the same kit grades the same submission with the
same options: points, verdicts, and the simulated world's trace hashes.
"""

from __future__ import annotations

from typing import Any, Dict, Iterator, List, Tuple

Result = Dict[str, Any]
MAX_LISTED = 12


def verdicts(result: Result) -> Dict[Tuple[str, str], Dict[str, Any]]:
    """(test, stack) -> the test, of all runs."""
    return {(test["name"], test["stack"]): test
            for lab in result.get("labs", [])
            for test in (*lab["tests"], *lab.get("other_tests", []))}


def differences(first: Result, second: Result, hashes: bool = True
                ) -> List[str]:
    """A sentence for each test that went otherwise; [] if none did."""
    return list(_differences(first, second, hashes))


def _differences(first: Result, second: Result, hashes: bool
                 ) -> Iterator[str]:
    ours, theirs = verdicts(first), verdicts(second)
    for key in sorted(set(ours) | set(theirs)):
        name = key[0] + (" (isolated)" if key[1] == "isolated" else "")
        one, other = ours.get(key), theirs.get(key)
        if one is None or other is None:
            yield f"{name}: {'not there' if one is None else 'there'} the " \
                  f"first time, {'not there' if other is None else 'there'} " \
                  "the second"
        elif (one["status"], one["score"]) != (other["status"],
                                               other["score"]):
            yield (f"{name}: {one['status']} in the {_world(one)}, then "
                   f"{other['status']} in the {_world(other)}")
        elif hashes and one.get("trace_hash", "") != \
                other.get("trace_hash", ""):
            yield (f"{name}: {one['status']} both times, but the nodes did "
                   "different things in the simulated world")


def _world(test: Dict[str, Any]) -> str:
    """Where a test broke, or passed last."""
    return {"sim": "simulated world", "real": "real world"}.get(
        str(test.get("world")), "two worlds")


def shown(sentences: List[str]) -> List[str]:
    """Not too many of them."""
    rest = len(sentences) - MAX_LISTED
    return sentences if rest <= 0 else \
        sentences[:MAX_LISTED] + [f"... and {rest} more"]


def points(first: Result, second: Result) -> float:
    """By how much the score moved."""
    return float(second.get("score", 0)) - float(first.get("score", 0))
