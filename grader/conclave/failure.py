"""Why a test did not pass.

A Failure is the student's: it names the rule, what was expected and what was
seen. A GraderError is ours: it costs no points.
"""

from __future__ import annotations

from typing import Optional

# A test's status, as in the JSON results.
PASSED = "passed"
FAILED = "failed"              # the rule was broken
CRASHED = "crashed"            # a node died of a signal or a sanitizer
TIMEOUT = "timeout"            # no end within the limit for a whole test
NOT_BUILT = "not_built"        # the submission did not compile
GRADER_ERROR = "grader_error"  # our fault: costs no points
NOT_RUN = "not_run"            # interrupted before its turn

STATUSES = (PASSED, FAILED, CRASHED, TIMEOUT, NOT_BUILT, GRADER_ERROR, NOT_RUN)


class Failure(Exception):
    """The submission broke a rule."""

    def __init__(self, expected: str, observed: str, rule: Optional[str] = None,
                 hint: Optional[str] = None, status: str = FAILED,
                 node: Optional[int] = None, at_start: bool = False):
        super().__init__(observed)
        self.expected = expected    # what the rule demands
        self.observed = observed    # one sentence: what was seen instead
        self.rule = rule            # None: the test's own rule
        self.hint = hint            # None: the test's own hint
        self.status = status        # FAILED, CRASHED or TIMEOUT
        self.node = node            # whose log to show first, if one's
        self.at_start = at_start    # the node never came up


class GraderError(Exception):
    """The grader, its proxy, or a test is at fault, not the submission."""
