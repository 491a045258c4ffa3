"""PrairieLearn's results.json of an external grader.

https://docs.prairielearn.com/externalGrading/#grading-results
"""

from __future__ import annotations

import json
from typing import Any, Dict

from . import common
from .common import View

MAX_BYTES = 900_000  # PrairieLearn takes a megabyte
_SHORT = 1000        # of a test's output, if all would be too long


def render(view: View) -> str:
    text = json.dumps(results(view), indent=1)
    if len(text.encode()) > MAX_BYTES:
        text = json.dumps(results(view, _SHORT), indent=1)
    return text + "\n"


def results(view: View,
            most: int = common.MAX_OUTPUT) -> Dict[str, Any]:
    """The document. What does not build is not gradable: it costs no
    attempt."""
    tests = common.tests_of(view)
    said = "\n\n".join(common.notes(view))
    if not tests or all(test["status"] == common.NOT_BUILT for test in tests):
        return {"gradable": False, "format_errors":
                [str(view.result.get("trouble") or said
                     or tests[0]["observed"])]}
    points, most_points = common.total(view)
    return {
        "gradable": True,
        "score": points / most_points if most_points else 0.0,
        "message": f"{points} of {most_points} points",
        "output": said[:most],
        "tests": [{
            "name": test["name"], "description": test["title"],
            "points": test["score"], "max_points": common.max_score(test),
            "message": "" if common.passed(test) else test["status"],
            "output": common.output(test)[:most],
        } for test in tests]}
