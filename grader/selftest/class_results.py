"""Folders of results, made by hand, for tests of what follows from results."""

import json
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from classroom import closing, store  # noqa: E402


def one_test(name, score, most, status=None, **more):
    return {"name": name, "title": f"Claim of {name}", "score": score,
            "max_score": most, "stack": "own", "world": "sim", "seed": 1,
            "status": status or ("passed" if score == most else "failed"),
            "seconds": 0.5, "rule": "a rule", "expected": "it holds",
            "observed": "", "hint": "", "replay": f"--replay {name}:1",
            "trace_hash": "aa", **more}


def one_lab(name, tests):
    counted = [test for test in tests
               if test["status"] not in ("grader_error", "not_run")]
    return {"name": name, "title": f"Lab {name}", "tests": tests,
            "other_tests": [],
            "score": sum(test["score"] for test in tests),
            "max_score": sum(test["max_score"] for test in counted)}


class Results(unittest.TestCase):
    """A folder of results, made by hand."""

    def setUp(self):
        self._folder = tempfile.TemporaryDirectory(prefix="cv-test-")
        self.folder = pathlib.Path(self._folder.name)

    def tearDown(self):
        self._folder.cleanup()

    def put(self, student, labs, kind=store.STUDENTS, **meta):
        folder = self.folder / kind / student
        (folder / "submission" / "1-rpc").mkdir(parents=True)
        result = {"labs": labs, "score": sum(lab["score"] for lab in labs),
                  "max_score": sum(lab["max_score"] for lab in labs)}
        store.write_json(folder / store.RESULT, result)
        store.write_json(folder / store.META, {
            "student": student, "id": "", "sha256": student * 8, "key": "k",
            "kit": "1.0", "grader": "aa", "options": "all labs",
            "sandbox": "bubblewrap",
            "handed_in": "2026-10-02T10:00:00+00:00", "findings": [],
            "refused": "", "trouble": "", **meta})
        return folder

    def usual(self):
        """Ada has all, Bob half, Eve was refused."""
        self.put("ada", [one_lab("rpc", [one_test("rpc/a", 4, 4),
                                         one_test("rpc/b", 6, 6)])])
        self.put("bob", [one_lab("rpc", [one_test("rpc/a", 4, 4),
                                         one_test("rpc/b", 0, 6)])])
        self.put("eve", [], refused="it holds no C file")

    def write(self, name, value):
        path = self.folder / name
        path.write_text(value if isinstance(value, str) else json.dumps(value))
        return path

    def marks(self):
        told = closing.read(self.folder)
        return {mark.student: mark for mark in told.marks}

    def finals(self):
        return {name: mark.final for name, mark in self.marks().items()}
