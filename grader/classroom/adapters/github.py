"""What GitHub Classroom's autograding-grading-reporter takes from a runner: JSON
in base64, here as the line that a step appends to $GITHUB_OUTPUT.

https://github.com/classroom-resources/autograding-grading-reporter
"""

from __future__ import annotations

import base64
import json
from typing import Any, Dict

from . import common
from .common import Result, Shown

_STATUS = {"passed": "pass", "grader_error": "error", "not_run": "error"}


def render(result: Result, shown: Shown) -> str:
    data = json.dumps(results(result, shown)).encode()
    return "result=" + base64.b64encode(data).decode() + "\n"


def results(result: Result, shown: Shown = Shown()) -> Dict[str, Any]:
    """The document behind the base64."""
    tests = [{
        "name": f"{test['name']}: {test['title']}",
        "status": _STATUS.get(test["status"], "fail"),
        "score": test["score"],
        "message": common.output(result, test, shown),
        "test_code": "grader/grade --only " + test["name"],
        "filename": "", "line_no": 0,
        "execution_time": f"{test['seconds']:.1f}s",
    } for test in common.tests_of(result)]
    kinds = {test["status"] for test in tests} or {"error"}
    return {"version": 1,
            "status": next((one for one in ("error", "fail") if one in kinds),
                           "pass"),
            "max_score": common.total(result)[1], "tests": tests}
