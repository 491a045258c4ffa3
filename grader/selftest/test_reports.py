"""Proves that labs are found and checked, that scores add up, and that every
result file and the table on the screen say the same."""

import contextlib
import io
import json
import pathlib
import sys
import tempfile
import unittest
from xml.etree import ElementTree

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from conclave import cli, discover, results  # noqa: E402
from conclave.build import Builder, NotBuilt  # noqa: E402
from conclave.failure import GraderError  # noqa: E402
from conclave.grading import exit_status  # noqa: E402
from conclave.report import Report  # noqa: E402
from conclave.results import Grade, LabResult, Run, TestResult  # noqa: E402
from conclave.submission import BadSubmission, Submission  # noqa: E402

GOOD = '''
"""A lab."""
from conclave import Lab, test
LAB = Lab(name="fake", folder="0-fake", title="Lab 0", hours="1",
          parts={"A": "one", "B": "two"}, binary="node-fake", stages=["fake"])

@test("First claim", part="A", points=2)
async def first(c):
    """Proves one thing."""

@test("Second claim", part="B", points=3, needs="first", nodes=2, peers=[2])
async def second(c):
    """Proves another."""
'''


class Folder(unittest.TestCase):
    def setUp(self):
        self._folder = tempfile.TemporaryDirectory(prefix="cv-test-")
        self.folder = pathlib.Path(self._folder.name)

    def tearDown(self):
        self._folder.cleanup()

    def lab(self, text):
        path = self.folder / "labs" / "0-fake" / "tests.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path


class Discovery(Folder):
    def test_tests_are_found_in_order(self):
        self.lab(GOOD)
        (course,) = discover.load_all(self.folder / "labs")
        self.assertEqual([one.name for one in course.tests],
                         ["first", "second"])
        second = course.tests[1]
        self.assertEqual((second.kind, second.ids, second.peers, second.needs),
                         ("peer", (1, 2), (2,), ("first",)))
        self.assertEqual(second.doc, "Proves another.")

    def test_what_is_wrong_is_said(self):
        for old, new, words in (
                ('part="A"', 'part="X"', "LAB has no part X"),
                ("points=2", "points=0", "points must be"),
                ('needs="first"', 'needs="third"', "does not come before"),
                ("peers=[2]", "peers=[7]", "peers must be"),
                ("async def first", "def first", "must be an async"),
                ('"""Proves one thing."""', "pass", "needs a docstring"),
                ("nodes=2", "nodes=2, config={'x': 1}", "knows no x"),
                ("first(c)", "first()", "one parameter"),
                ("LAB =", "LAP =", "defines no LAB"),
                ("import Lab", "import Lap", "does not load")):
            with self.assertRaises(GraderError, msg=words) as caught:
                discover.load(self.lab(GOOD.replace(old, new)))
            self.assertIn(words, str(caught.exception))

    def test_patterns(self):
        course = discover.load(self.lab(GOOD))
        for pattern, names in (("first", ["first"]), ("fake/B", ["second"]),
                               ("fake/*", ["first", "second"]),
                               ("sec", ["second"]), ("nothing", [])):
            chosen = discover.select([course], [pattern])
            self.assertEqual([test.name for one in chosen
                              for test in one.tests], names)


def result(name, points, status="passed", part="A", **more):
    return TestResult(name=f"fake/{name}", title=f"{name} holds", part=part,
                      kind="scenario", stack=more.pop("stack", "own"),
                      max_score=points, seed=1,
                      replay=f"grader/grade --replay fake/{name}:1",
                      status=status, seconds=1.5, **more)


def grade(*tests, **more):
    lab = LabResult("fake", "Lab 0: Fake", {"A": "one", "B": "two"},
                    [Run("own", list(tests))])
    return Grade([lab], 1, "labs", seconds=3.0, **more)


class Scores(unittest.TestCase):
    def test_a_grader_error_costs_nothing(self):
        one = grade(result("a", 2), result("b", 3, "grader_error"),
                    result("c", 5, "crashed"))
        self.assertEqual((one.score, one.max_score), (2, 7))
        self.assertEqual(exit_status(one), 4)

    def test_exit_statuses(self):
        for statuses, status in ((["passed"], 0), (["passed", "failed"], 1),
                                 (["not_built"] * 2, 3),
                                 (["not_built", "passed"], 1)):
            tests = [result(str(number), 1, one)
                     for number, one in enumerate(statuses)]
            self.assertEqual(exit_status(grade(*tests)), status)
        self.assertEqual(exit_status(grade(result("a", 1), interrupted=True)),
                         130)

    def test_the_better_stack_counts(self):
        lab = LabResult("fake", "Lab", {"A": "one"}, [
            Run("own", [result("a", 2), result("b", 2, "failed")]),
            Run("isolated", [result("a", 2), result("b", 2)])])
        self.assertEqual((lab.counted.stack, lab.score), ("isolated", 4))
        self.assertEqual(lab.as_json()["stacks"], {"own": 2, "isolated": 4})
        lab.runs[1].tests[0].status = "failed"
        self.assertEqual(lab.counted.stack, "own")


class Files(Folder):
    TESTS = (result("a", 2), result(
        "b", 3, "failed", part="B", rule="the book", expected="<yes>",
        observed="no\x1b[31m & \0 never", hint="Look.", story=["1. it began"],
        frames=["  0.100  1 -> 2"], logs={"1": ["said"]}),
        result("c", 1, "grader_error", observed="our fault"))

    def test_json(self):
        path = self.folder / "out.json"
        path.write_text("old")
        results.write_json(grade(*self.TESTS), path)
        data = json.loads(path.read_text())
        self.assertEqual((data["score"], data["max_score"]), (2, 5))
        (lab,) = data["labs"]
        promised = {"name", "kind", "world", "score", "max_score", "status",
                    "seconds", "virtual_seconds", "seeds", "seed", "rule",
                    "expected", "observed", "hint", "replay"}
        for test in lab["tests"]:
            self.assertLessEqual(promised, set(test))
        self.assertEqual(lab["tests"][1]["status"], "failed")
        self.assertEqual([path.name for path in self.folder.iterdir()],
                         ["out.json"])

    def test_junit(self):
        path = self.folder / "out.xml"
        results.write_junit(grade(*self.TESTS), path)
        suite = ElementTree.parse(path).getroot().find("testsuite")
        self.assertEqual((suite.get("tests"), suite.get("failures"),
                          suite.get("errors")), ("3", "1", "1"))
        failure = suite.findall("testcase")[1].find("failure")
        self.assertIn("expected: <yes>", failure.text)

    def test_gradescope(self):
        path = self.folder / "results.json"
        results.write_gradescope(grade(*self.TESTS), path)
        data = json.loads(path.read_text())
        self.assertEqual(data["score"], 2)
        self.assertEqual(data["tests"][1]["status"], "failed")
        self.assertIn("the book", data["tests"][1]["output"])
        self.assertEqual(data["tests"][2]["max_score"], 0)


class Screen(unittest.TestCase):
    def shown(self, one, **more):
        stream = io.StringIO()
        report = Report(stream)
        for test in one.all_tests():
            report.test_ended(test)
        report.failures(one)
        report.table(one)
        return stream.getvalue()

    def test_a_pipe_gets_plain_lines(self):
        text = self.shown(grade(*Files.TESTS))
        self.assertNotIn("\x1b", text)
        self.assertNotIn("\0", text)
        for words in ("expected  <yes>", "1. it began", "node 1    said",
                      "1 -> 2", "Look.", "--replay fake/b:1",
                      "Lab 0: Fake", "A: one", "B: two", "Total",
                      "The grader itself failed in 1 test (fake/c)"):
            self.assertIn(words, text)

    def test_the_table_is_whole_when_nothing_ran(self):
        text = self.shown(grade(result("a", 2, "not_run"),
                                result("b", 2, "not_run", part="B"),
                                interrupted=True))
        self.assertIn("Interrupted: 2 tests did not run", text)
        self.assertIn("Total", text)

    def test_columns_line_up(self):
        lines = self.shown(grade(*Files.TESTS)).split("\n\n")[-1].splitlines()
        ends = {line.index("/") for line in lines[:4]}
        self.assertEqual(len(ends), 1)


class Stages(Folder):
    LABS = [discover.Lab("rpc", "1-rpc", "Lab 1", "1", {}, "node-rpc",
                         ["rpc"]),
            discover.Lab("election", "2-election", "Lab 2", "1", {},
                         "node-election", ["rpc", "election"])]

    def setUp(self):
        super().setUp()
        fixed = self.folder / "labs" / "1-rpc"
        fixed.mkdir(parents=True)
        (fixed / "rpc.h").write_text("")
        self.mine = self.folder / "mine"
        (self.mine / "1-rpc").mkdir(parents=True)

    def submission(self, asked=()):
        return Submission(self.mine, self.folder, self.LABS, asked)

    def test_only_plain_c_files_are_taken(self):
        stage = self.mine / "1-rpc"
        for name in ("rpc.c", "more.c", "more.h", "rpc.h", "Makefile", "a.S",
                     "$(evil).c", ".hidden.c", "a b.c", "-x.c"):
            (stage / name).write_text(name)
        (stage / "link.c").symlink_to("rpc.c")
        (stage / "folder.c").mkdir()
        self.assertEqual(set(self.submission().files(self.LABS[0])),
                         {"rpc.c", "more.c", "more.h"})

    def test_a_missing_stage_is_said(self):
        one = self.submission()
        self.assertIsNone(one.stage(self.LABS[1]))
        with self.assertRaises(BadSubmission) as caught:
            one.files(self.LABS[1])
        self.assertIn("2-election", str(caught.exception))

    def test_one_stage_may_lie_flat(self):
        (self.mine / "1-rpc").rmdir()
        (self.mine / "election.c").write_text("")
        with self.assertRaises(BadSubmission):
            self.submission()
        one = self.submission(["election"])
        self.assertEqual(one.stage(self.LABS[1]), self.mine)
        self.assertIsNone(one.stage(self.LABS[0]))

    def test_blame_goes_to_the_right_place(self):
        builder = Builder(self.folder, self.folder)
        paths = {"ours/1-rpc": "mine/1-rpc"}
        theirs = builder._blame("status 2", "mine/1-rpc/rpc.c:7:3: error: "
                                "expected ';'\n", paths)
        self.assertIsInstance(theirs, NotBuilt)
        self.assertEqual(theirs.sentence,
                         "mine/1-rpc/rpc.c:7: expected ';'")
        ours = builder._blame("status 2", "handout/node/co.c:7:3: error: x\n",
                              paths)
        self.assertIsInstance(ours, GraderError)
        linked = builder._blame("status 2", "ld: rpc.c:(.text+0x1): undefined "
                                "reference to `foo'\n", paths)
        self.assertIn("undefined reference to `foo'", linked.sentence)


class CommandLine(unittest.TestCase):
    def status(self, *words):
        with contextlib.redirect_stderr(io.StringIO()) as said, \
                contextlib.redirect_stdout(io.StringIO()):
            try:
                return cli.main(words), said.getvalue()
            except SystemExit as end:
                return end.code, said.getvalue()

    def test_usage_errors_say_what_to_do(self):
        for words, said in ((["nolab"], "there is no lab 'nolab'"),
                            (["--replay", "rpc/echo"], "TEST:SEED"),
                            (["--only", "no-such-test"], "see --list"),
                            (["--submission", "/no/such"], "no folder"),
                            (["--seed", "x"], "seed"),
                            (["--jobs", "0"], "from 1 to 64")):
            status, text = self.status(*words)
            self.assertEqual(status, 2, text)
            self.assertIn(said, text)

    def test_help(self):
        self.assertEqual(self.status("--help")[0], 0)


if __name__ == "__main__":
    unittest.main()
