"""Gradescope's results.json.

https://gradescope-autograders.readthedocs.io/en/latest/specs/
"""

from __future__ import annotations

import json
from typing import Any, Dict, List

from . import common
from .common import Result, Shown

_FOR_STAFF = "For the staff: what this submission tried"


def render(result: Result, shown: Shown) -> str:
    return json.dumps(results(result, shown), indent=1) + "\n"


def results(result: Result, shown: Shown = Shown()) -> Dict[str, Any]:
    """The document. Hidden tests are seen when shown.visibility says."""
    tests: List[Dict[str, Any]] = []
    for number, test in enumerate(common.tests_of(result), 1):
        hidden = common.is_hidden(test)
        # Whoever may see a hidden test's entry may read it: by then it is
        # published, or the staff looks.
        how = Shown(shown.hidden or shown.visibility != "visible",
                    shown.seeds) if hidden else shown
        tests.append({
            "name": f"{test['name']}: {test['title']}",
            "number": str(number),
            "score": test["score"], "max_score": common.max_score(test),
            "status": "passed" if common.passed(test) else "failed",
            "output": common.output(result, test, how),
            "output_format": "text",
            "visibility": shown.visibility if hidden else "visible",
            "extra_data": {"status": test["status"]}})
    if result.get("findings"):
        tests.append({"name": _FOR_STAFF, "visibility": "hidden",
                      "output": common.printable("\n".join(
                          map(str, result["findings"]))),
                      "output_format": "text"})
    said = common.notes(result)
    if result.get("trouble"):
        said.insert(0, str(result["trouble"]))
    return {"score": common.total(result)[0],
            "execution_time": round(result["seconds"], 3),
            "output": "\n\n".join(said), "output_format": "text",
            "visibility": "visible", "stdout_visibility": "hidden",
            "extra_data": common.facts(result), "tests": tests}
