"""What GitHub Classroom's autograding-grading-reporter takes from a runner: its
JSON in base64, here as the line that a step appends to $GITHUB_OUTPUT.

https://github.com/classroom-resources/autograding-grading-reporter
"""

from __future__ import annotations

import base64
import json
from typing import Any, Dict

from . import common
from .common import View

MAX_BYTES = 120_000
_SHORTER = (common.MAX_OUTPUT, 2000, 500, 200, 80)  # characters of a message
_STATUS = {"passed": "pass", "grader_error": "error", "not_run": "error"}


def render(view: View) -> str:
    """The line. It becomes an environment variable, which Linux takes up to
    128 KiB: messages are cut until it fits."""
    for most in (*_SHORTER, 0):
        data = base64.b64encode(json.dumps(
            results(view, most), separators=(",", ":")).encode())
        if len(data) <= MAX_BYTES:
            break
    return "result=" + data.decode() + "\n"


def results(view: View,
            most: int = common.MAX_OUTPUT) -> Dict[str, Any]:
    """The document behind the base64."""
    tests = [{
        "name": f"{test['name']}: {test['title']}",
        "status": _STATUS.get(test["status"], "fail"),
        "score": test["score"],
        "message": common.output(test)[:most],
        "test_code": "grader/grade --only " + test["name"],
        "filename": "", "line_no": 0,
        "execution_time": f"{test['seconds']:.1f}s",
    } for test in common.tests_of(view)]
    kinds = {test["status"] for test in tests} or {"error"}
    return {"version": 1,
            "status": next((one for one in ("error", "fail") if one in kinds),
                           "pass"),
            "max_score": common.total(view)[1], "tests": tests}
