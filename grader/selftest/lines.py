#!/usr/bin/env python3
"""Runs one file of unittests and prints a line for each test.

    grader/selftest/lines.py grader/selftest/test_skeleton.py

prints "ok   skeleton: Making: regions become stubs", or FAIL and the traceback,
or "skip" and why: what run.py counts.
"""

from __future__ import annotations

import importlib.util
import pathlib
import sys
import traceback
import unittest
from typing import Any


class Lines(unittest.TestResult):
    """Prints as the tests end."""

    def __init__(self, module: str):
        super().__init__()
        self.module = module
        self.failed = False
        self.sub_failed = False  # a subtest of the current test has

    def name_of(self, test: Any) -> str:
        method = getattr(test, "_testMethodName", "")
        if not method:
            return f"{self.module}: {test}"  # a setUpClass, or an import
        name = method.replace("test_", "", 1).replace("_", " ")
        return f"{self.module}: {type(test).__name__}: {name}"

    def say(self, word: str, test: Any, note: str = "") -> None:
        print(f"{word:<4} {self.name_of(test)}")
        for line in note.rstrip().splitlines():
            print(f"       {line}")
        sys.stdout.flush()

    def fail(self, test: Any, error: Any) -> None:
        self.failed = True
        self.say("FAIL", test, "".join(traceback.format_exception(*error)))

    def startTest(self, test: Any) -> None:
        super().startTest(test)
        self.sub_failed = False

    def addSuccess(self, test: Any) -> None:
        if not self.sub_failed:
            self.say("ok", test)

    def addFailure(self, test: Any, err: Any) -> None:
        self.fail(test, err)

    addError = addFailure

    def addSubTest(self, test: Any, subtest: Any, err: Any) -> None:
        if err is not None and not self.sub_failed:
            self.sub_failed = True
            self.fail(test, err)

    def addSkip(self, test: Any, reason: str) -> None:
        self.say("skip", test, reason)

    def addExpectedFailure(self, test: Any, err: Any) -> None:
        self.say("ok", test)

    def addUnexpectedSuccess(self, test: Any) -> None:
        self.failed = True
        self.say("FAIL", test, "was expected to fail, and did not")


def main() -> int:
    path = pathlib.Path(sys.argv[1]).resolve()
    sys.path.insert(0, str(path.parent))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    lines = Lines(path.stem.replace("test_", "", 1))
    unittest.defaultTestLoader.loadTestsFromModule(module).run(lines)
    return 1 if lines.failed else 0


if __name__ == "__main__":
    sys.exit(main())
