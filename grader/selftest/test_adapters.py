"""Proves that one result becomes what each system reads, field by field as its
documents say, and that something is written whatever happens."""

import base64
import json
import pathlib
import subprocess
import sys
import tempfile
import textwrap
import time
import unittest
from unittest import mock

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "grader"))

from classroom.adapters import (autolab, common, convert, drive,  # noqa: E402
                                github, gradescope, markdown, prairielearn,
                                tap)
from classroom.shown import STAFF, Shown, look  # noqa: E402

NUMBERS = (int, float)


def test_of(name, status, score, most, **more):
    return {"name": name, "title": f"The claim of {name} # 1",
            "status": status, "score": score, "max_score": most, "seed": 7,
            "seconds": 0.5, "rule": "a rule", "expected": "yes",
            "observed": "no | <b>\x1b[0m", "hint": "look", "story": ["1. it"],
            "replay": f"grader/grade --replay {name}:7", "hidden": False,
            **more}


RESULT = {
    "score": 5, "max_score": 14, "seconds": 12.3456, "isolation": "process",
    "sandbox": "bubblewrap", "kit": "1.0+abc", "official": True,
    "first_seeds": "secret", "finished": True, "interrupted": False,
    "findings": ["it tried to open /etc/shadow"],
    "labs": [
        {"name": "rpc", "title": "Lab 1: RPC", "note": "", "build_log": "",
         "tests": [test_of("rpc/a", "passed", 5, 5),
                   test_of("rpc/b", "failed", 0, 4),
                   test_of("rpc/secretive", "failed", 0, 3, hidden=True,
                           title="A claim # 1")]},
        {"name": "election", "title": "Lab 2", "note": "a note",
         "build_log": "", "tests": [
             test_of("election/c", "grader_error", 0, 2),
             test_of("election/d", "not_run", 0, 2)]}]}


class Gradescope(unittest.TestCase):
    """gradescope-autograders.readthedocs.io/en/latest/specs/"""

    TOP = {"score": NUMBERS, "execution_time": NUMBERS, "output": str,
           "output_format": str, "test_output_format": str,
           "test_name_format": str, "visibility": str,
           "stdout_visibility": str, "extra_data": dict, "tests": list,
           "leaderboard": list}
    TEST = {"score": NUMBERS, "max_score": NUMBERS, "status": str,
            "name": str, "name_format": str, "number": str, "output": str,
            "output_format": str, "tags": list, "visibility": str,
            "extra_data": dict}
    VISIBILITY = {"hidden", "after_due_date", "after_published", "visible"}
    FORMATS = {"text", "html", "simple_format", "md", "ansi"}

    def fits(self, found):
        """Whether the published schema allows it."""
        self.assertEqual(set(found) - set(self.TOP), set())
        for known, thing in [(self.TOP, found)] + [
                (self.TEST, test) for test in found["tests"]]:
            self.assertEqual(set(thing) - set(known), set())
            for name, value in thing.items():
                self.assertIsInstance(value, known[name], name)
                if name.endswith("visibility"):
                    self.assertIn(value, self.VISIBILITY)
                if name.endswith("format"):
                    self.assertIn(value, self.FORMATS)
                if name == "status":
                    self.assertIn(value, {"passed", "failed"})
        self.assertTrue("score" in found or
                        all("score" in test for test in found["tests"]))
        return {test["name"].split(":")[0]: test for test in found["tests"]}

    def test_fits_the_schema_and_adds_up(self):
        found = json.loads(gradescope.render(look(RESULT, Shown())))
        tests = self.fits(found)
        self.assertEqual(found["score"], 5)
        self.assertEqual(sum(test.get("score", 0)
                             for test in found["tests"]), 5)
        self.assertEqual(tests["rpc/b"]["max_score"], 4)
        self.assertEqual(tests["election/c"]["max_score"], 0)
        self.assertEqual(tests["election/d"]["max_score"], 2)
        self.assertIn("1 tests were not run", found["output"])
        self.assertNotIn("\x1b", tests["rpc/b"]["output"])

    def test_hidden_tests_and_findings_are_not_for_students(self):
        found = gradescope.results(look(RESULT, Shown()))
        tests = self.fits(found)
        self.assertEqual(tests["rpc/hidden-1"]["visibility"],
                         "after_published")
        self.assertEqual(tests["rpc/b"]["visibility"], "visible")
        for words in ("shadow", "rpc/secretive"):
            staff, = [test for test in found["tests"]
                      if words in json.dumps(test)]
            self.assertEqual(staff["visibility"], "hidden")
        tests = self.fits(gradescope.results(
            look(RESULT, Shown(visibility="visible"))))
        self.assertEqual(tests["rpc/hidden-1"]["visibility"], "visible")
        self.assertNotIn("a rule", tests["rpc/hidden-1"]["output"])

    def test_secret_seeds_stay_secret(self):
        tests = self.fits(gradescope.results(look(RESULT, Shown())))
        self.assertNotIn("--replay", tests["rpc/b"]["output"])
        tests = self.fits(gradescope.results(look(RESULT, STAFF)))
        self.assertIn("--replay rpc/b:7", tests["rpc/b"]["output"])
        plain = {**RESULT, "first_seeds": "plain"}
        tests = self.fits(gradescope.results(look(plain)))
        self.assertIn("--replay rpc/b:7", tests["rpc/b"]["output"])

    def test_a_result_of_nothing_says_why(self):
        found = gradescope.results(look(common.trouble("It is no archive.")))
        self.fits(found)
        self.assertEqual((found["score"], found["tests"]), (0, []))
        self.assertIn("no archive", found["output"])


class PrairieLearn(unittest.TestCase):
    """docs.prairielearn.com/externalGrading/#grading-results"""

    def test_fits_what_the_page_says(self):
        found = json.loads(prairielearn.render(look(RESULT, Shown())))
        self.assertEqual(set(found) - {"gradable", "score", "message",
                                       "output", "images", "tests",
                                       "format_errors"}, set())
        self.assertIs(found["gradable"], True)
        self.assertAlmostEqual(found["score"], 5 / 14)
        for test in found["tests"]:
            self.assertEqual(set(test), {"name", "description", "points",
                                         "max_points", "message", "output"})
            self.assertTrue(0 <= test["points"] <= test["max_points"])
        hidden = found["tests"][2]
        self.assertNotIn("a rule", hidden["output"])

    def test_what_does_not_build_is_not_gradable(self):
        lab = {**RESULT["labs"][0], "build_log": "rpc.c:1: error: no",
               "tests": [test_of("rpc/a", "not_built", 0, 5)]}
        found = prairielearn.results(look({**RESULT, "labs": [lab]}))
        self.assertIs(found["gradable"], False)
        self.assertIn("rpc.c:1: error", found["format_errors"][0])
        found = prairielearn.results(look(common.trouble("Empty.")))
        self.assertEqual(found["format_errors"], ["Empty."])

    def test_a_megabyte_is_the_most(self):
        long = [test_of(f"rpc/{number}", "failed", 0, 1, observed="x" * 30_000)
                for number in range(80)]
        text = prairielearn.render(
            look({**RESULT, "labs": [{**RESULT["labs"][0], "tests": long}]}))
        self.assertLess(len(text.encode()), 1_000_000)
        self.assertEqual(len(json.loads(text)["tests"]), 80)


class Autolab(unittest.TestCase):
    """docs.autolabproject.com/lab/"""

    def test_the_last_line_has_the_scores(self):
        lines = autolab.render(look(RESULT, Shown())).rstrip("\n").split("\n")
        self.assertEqual(json.loads(lines[-1]),
                         {"scores": {"rpc": 5, "election": 0},
                          "scoreboard": [5, 0, 5]})
        self.assertIn("Lab 1: RPC: 5 of 12 points", lines)
        self.assertNotIn("--replay", "\n".join(lines))

    def test_problems_without_a_result_get_nothing(self):
        text = autolab.render(look(common.trouble("No file.", ("rpc",))))
        self.assertEqual(json.loads(text.rstrip("\n").split("\n")[-1]),
                         {"scores": {"rpc": 0}, "scoreboard": [0, 0]})


class GitHub(unittest.TestCase):
    """What the reporter's source reads: status, max_score, tests[].score,
    .status, .name, .message."""

    def test_the_line_is_a_step_output(self):
        text = github.render(look(RESULT, Shown()))
        self.assertEqual(text.count("\n"), 1)
        name, _, data = text.rstrip("\n").partition("=")
        self.assertEqual(name, "result")
        found = json.loads(base64.b64decode(data))
        self.assertEqual((found["version"], found["status"],
                          found["max_score"]), (1, "error", 14))
        self.assertEqual(sum(test["score"] for test in found["tests"]), 5)
        self.assertEqual([test["status"] for test in found["tests"]],
                         ["pass", "fail", "fail", "error", "error"])

    def test_it_fits_into_an_environment_variable(self):
        long = [test_of(f"rpc/{number}", "failed", 0, 1, observed="x" * 9000)
                for number in range(270)]
        text = github.render(
            look({**RESULT, "labs": [{**RESULT["labs"][0], "tests": long}]}))
        self.assertLess(len(text), 1 << 17)
        found = json.loads(base64.b64decode(text.partition("=")[2]))
        self.assertEqual(len(found["tests"]), 270)
        self.assertTrue(found["tests"][0]["message"])

    def test_full_marks_pass(self):
        lab = {**RESULT["labs"][0], "tests": RESULT["labs"][0]["tests"][:1]}
        found = github.results(look({**RESULT, "labs": [lab]}))
        self.assertEqual(found["status"], "pass")


class Tap(unittest.TestCase):
    """testanything.org/tap-version-14-specification.html"""

    def test_plans_subtests_and_yaml(self):
        lines = tap.render(look(RESULT, Shown())).splitlines()
        self.assertEqual(lines[:2], ["TAP version 14", "1..2"])
        self.assertEqual(lines[2:4], ["# Subtest: rpc", "    1..3"])
        points = [line for line in lines
                  if line.lstrip().startswith(("ok ", "not ok "))]
        self.assertEqual([line[:12] for line in points], [
            "    ok 1 - r", "    not ok 2", "    not ok 3", "not ok 1 - L",
            "    not ok 1", "    not ok 2", "not ok 2 - L"])
        # An unescaped # would begin a directive.
        for line in points:
            self.assertNotRegex(line, r"(?<!\\)#")
        opened = [at for at, line in enumerate(lines) if line == "      ---"]
        self.assertEqual(len(opened), 4)
        for at in opened:
            end = lines.index("      ...", at)
            for line in lines[at + 1:end]:
                name, _, value = line.strip().partition(": ")
                self.assertTrue(name.isidentifier(), line)
                self.assertIsInstance(json.loads(value), str)

    def test_no_result_bails_out(self):
        text = tap.render(look(common.trouble("Broken # archive")))
        self.assertEqual(text.splitlines(), [
            "TAP version 14", "1..0", "Bail out! Broken \\# archive"])


class Markdown(unittest.TestCase):
    def test_nothing_that_a_node_prints_becomes_markup(self):
        text = markdown.render(look(RESULT, Shown()))
        self.assertIn("## 5 of 14 points", text)
        self.assertIn("| Lab 1: RPC | 5 of 12 | 1 of 3 |", text)
        self.assertIn("<code>rpc/b</code>", text)
        before, _, after = text.partition("no | <b>")
        self.assertTrue(after)
        self.assertEqual(before.count("```") % 2, 1)  # inside of a fence

    def test_a_fence_cannot_be_left(self):
        lab = {**RESULT["labs"][0], "tests": [
            test_of("rpc/a", "failed", 0, 5, observed="```\n# out")]}
        text = markdown.render(look({**RESULT, "labs": [lab]}))
        self.assertIn("\n````\n", text)


class Convert(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def run_it(self, *words):
        done = subprocess.run(
            [sys.executable, str(ROOT / "grader" / "convert"),
             *map(str, words)], stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, timeout=60)
        return done.returncode, done.stdout

    def test_every_form_of_a_result(self):
        path = self.folder / "result.json"
        path.write_text(json.dumps(RESULT))
        for form in convert.FORMS:
            status, said = self.run_it(form, path, "-o", self.folder / form)
            self.assertEqual((status, said), (0, ""))
            self.assertTrue((self.folder / form).read_text())

    def test_what_is_no_result_is_told(self):
        path = self.folder / "result.json"
        for text in ("", "[]", '{"labs": [{"tests": [{}]}]}', '{"labs": 3}'):
            path.write_text(text)
            status, said = self.run_it("tap", path)
            self.assertEqual(status, 2)
            self.assertIn("is no result of grader/grade --json", said)
            self.assertNotIn("Traceback", said)
        self.assertIn("cannot be read",
                      self.run_it("tap", self.folder / "none")[1])


class OutOfTime(subprocess.Popen):
    """A grader whose time is over once it has written something, however long
    that takes; whoever comes after it has none."""

    LIMIT_S = 1200
    over = False

    def wait(self, timeout=None):
        if timeout is None or timeout == drive._GRACE_S:
            return super().wait(timeout)
        path = pathlib.Path(self.args[self.args.index("--json") + 1])
        while self.poll() is None and not OutOfTime.over:
            try:
                json.loads(path.read_text())
                OutOfTime.over = True
            except (OSError, ValueError):  # not yet
                time.sleep(0.01)
        raise subprocess.TimeoutExpired(self.args, timeout)


class Driving(unittest.TestCase):
    """A grader that is made up, and what is driven from it."""

    GRADER = textwrap.dedent("""
        import json, pathlib, signal, sys, time
        words = sys.argv[1:]
        path = pathlib.Path(words[words.index("--json") + 1])
        result = json.loads(pathlib.Path(__file__).with_name("result")
                            .read_text())
        result["words"] = words
        def end(*_):
            result["interrupted"] = True
            path.write_text(json.dumps(result))
            sys.exit(130)
        signal.signal(signal.SIGTERM, end)
        path.write_text(json.dumps(result))
        %s
    """)

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.submitted = self.folder / "submission"
        (self.submitted / "1-rpc").mkdir(parents=True)
        (self.submitted / "1-rpc" / "rpc.c").write_text("int a;\n")

    def drive(self, then="", **settings):
        root = self.folder / "root"
        (root / "grader").mkdir(parents=True, exist_ok=True)
        (root / "grader" / "grade").write_text(self.GRADER % then)
        (root / "grader" / "result").write_text(json.dumps(RESULT))
        return drive.run(self.submitted, drive.Settings(
            labs=("rpc",), folders=("1-rpc", "2-election"), **settings), root)

    def test_a_whole_grade(self):
        result = self.drive()
        self.assertEqual(result["score"], 5)
        self.assertIn("--isolate", result["words"])
        self.assertNotIn("--official", result["words"])
        (self.folder / "root" / drive.SECRET).write_text("x")
        self.assertIn("--official", self.drive()["words"])

    def test_what_was_found_before_time_ran_out_counts(self):
        with mock.patch.object(subprocess, "Popen", OutOfTime):
            result = self.drive("time.sleep(600)",
                                minutes=OutOfTime.LIMIT_S / 60)
        self.assertTrue(result["interrupted"])
        self.assertEqual(gradescope.results(look(result))["score"], 5)

    def test_what_students_must_not_see_is_closed(self):
        root = self.folder / "root"
        (root / "solution").mkdir(parents=True)
        (root / drive.SECRET).write_text("x")
        (root / drive.SECRET).chmod(0o644)
        drive.close(root)
        self.assertEqual([path.stat().st_mode & 0o077 for path in
                          (root / "solution", root / drive.SECRET)], [0, 0])

    def test_a_grader_that_dies_leaves_a_result(self):
        result = self.drive("path.unlink(); sys.exit('it broke')")
        found = gradescope.results(look(result))
        self.assertEqual(found["score"], 0)
        self.assertIn("tell the course's staff", found["output"])
        self.assertNotIn("it broke", found["output"])
        said, = [test for test in found["tests"] if "it broke" in
                 test["output"]]
        self.assertEqual(said["visibility"], "hidden")

    def test_what_cannot_be_graded_is_told(self):
        (self.submitted / "1-rpc" / "rpc.c").unlink()
        found = gradescope.results(look(self.drive()))
        self.assertIn("cannot be graded", found["output"])


if __name__ == "__main__":
    unittest.main()
