"""Gradescope's results.json.

https://gradescope-autograders.readthedocs.io/en/latest/specs/
"""

from __future__ import annotations

import json
from typing import Any, Dict, List

from . import common
from .common import View

_FOR_STAFF = "For the staff"


def render(view: View) -> str:
    return json.dumps(results(view), indent=1) + "\n"


def results(view: View) -> Dict[str, Any]:
    """The document. Hidden tests are seen when view.shown.visibility says, and
    then without details: those are in entries that students never see."""
    tests: List[Dict[str, Any]] = []
    for number, test in enumerate(common.tests_of(view), 1):
        hidden = common.is_hidden(test)
        tests.append({
            "name": f"{test['name']}: {test['title']}",
            "number": str(number),
            "score": test["score"], "max_score": common.max_score(test),
            "status": "passed" if common.passed(test) else "failed",
            "output": common.output(test),
            "output_format": "text",
            "visibility": view.shown.visibility if hidden else "visible",
            "extra_data": {"status": test["status"]}})
    for heading, text in view.staff:
        tests.append({"name": f"{_FOR_STAFF}: {heading}",
                      "visibility": "hidden", "output_format": "text",
                      "output": common.printable(text[:common.MAX_OUTPUT])})
    said = common.notes(view)
    if view.result.get("trouble"):
        said.insert(0, str(view.result["trouble"]))
    return {"score": common.total(view)[0],
            "execution_time": round(view.result["seconds"], 3),
            "output": "\n\n".join(said), "output_format": "text",
            "visibility": "visible", "stdout_visibility": "hidden",
            "extra_data": common.facts(view), "tests": tests}
