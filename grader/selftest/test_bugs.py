"""Proves that every seeded bug can be planted and built, and is told apart
from the reference; that diffs are applied strictly; that catches are counted.

Whether the bugs are caught is for `grader/grade --bug all` to say.
"""

import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUGS = ROOT / "solution" / "bugs"
sys.path.insert(0, str(ROOT / "grader"))

from conclave import bugs, discover, hunt, kill_table, patch  # noqa: E402

OLD = "".join(f"line {number}\n" for number in range(1, 21))
DIFF = """\
what is above the names does not matter
--- a/some/file.c
+++ b/some/file.c
@@ -3,3 +3,3 @@
 line 3
-line 4
+line four
 line 5
@@ -10,2 +10,3 @@ int somewhere(void)
 line 10
+line ten and a half
 line 11
"""
NEW = OLD.replace("line 4\n", "line four\n").replace(
    "line 10\n", "line 10\nline ten and a half\n")


class Patch(unittest.TestCase):
    def refused(self, text, old=OLD):
        with self.assertRaises(patch.PatchError) as caught:
            for change in patch.parse(text):
                change.apply(old)
        return str(caught.exception)

    def test_a_diff_is_applied(self):
        change, = patch.parse(DIFF)
        self.assertEqual(change.path, "some/file.c")
        self.assertEqual(change.apply(OLD), NEW)

    def test_lines_above_may_have_come_or_gone(self):
        change, = patch.parse(DIFF)
        self.assertEqual(change.apply("new\n\n" + OLD), "new\n\n" + NEW)
        gone = "line 1\nline 2\n"
        self.assertEqual(change.apply(OLD[len(gone):]), NEW[len(gone):])

    def test_every_letter_counts(self):
        said = self.refused(DIFF, OLD.replace("line 5", "line  5"))
        self.assertIn("hunk 1 for some/file.c does not fit", said)
        self.assertIn("at line 5 it wants 'line 5'", said)
        self.assertIn("hunk 2", self.refused(DIFF, OLD.replace(
            "line 11\n", "line eleven\n")))
        self.assertIn("the file has ended", self.refused(DIFF, "line 1\n"))

    def test_two_places_are_one_too_many(self):
        twice = "new\n" + OLD + OLD
        self.assertIn("more than one place", self.refused(DIFF, twice))

    def test_heads_must_count_right(self):
        self.assertIn("ends too soon",
                      self.refused(DIFF.replace("-3,3 +3,3", "-3,4 +3,4")))
        self.assertIn("body holds others", self.refused(
            DIFF.replace("@@ -10,2 +10,3 @@", "@@ -10,1 +10,3 @@")))
        self.assertIn("heads no hunk", self.refused(
            DIFF.replace("@@ -10,2 +10,3 @@", "@@ ten @@")))

    def test_files_are_neither_made_nor_renamed(self):
        self.assertIn("rename", self.refused(
            DIFF.replace("--- a/some/file.c", "--- /dev/null")))
        self.assertIn("is missing", self.refused(
            "--- a/x.c\n+++ b/x.c\n"))
        self.assertIn("twice", self.refused(DIFF + DIFF.split("matter\n")[1]))


GOOD = """\
Bug: 7
Name: a-bug
Stage: rpc
Breaks: LIVE
What: It is wrong
    in two lines.
Schedule: Any.
Caught by: rpc/one, rpc/two

""" + DIFF.split("matter\n")[1]


class Header(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name) / "a-bug.patch"

    def load(self, text):
        self.path.write_text(text)
        return bugs.load(self.path)

    def refused(self, text):
        with self.assertRaises(bugs.BadBug) as caught:
            self.load(text)
        return str(caught.exception)

    def test_it_is_read(self):
        bug = self.load(GOOD)
        self.assertEqual(bug.what, "It is wrong in two lines.")
        self.assertEqual(bug.caught_by, ("rpc/one", "rpc/two"))
        self.assertEqual(bug.changes[0].apply(OLD), NEW)

    def test_what_is_missing_or_wrong_is_said(self):
        self.assertIn("lacks Breaks", self.refused(
            GOOD.replace("Breaks: LIVE\n", "")))
        self.assertIn("no line of a header", self.refused("Hue: red\n" + GOOD))
        self.assertIn("twice", self.refused("Stage: rpc\n" + GOOD))
        self.assertIn("the file's own", self.refused(
            GOOD.replace("a-bug", "b-bug")))
        self.assertIn("Bug is a number", self.refused(
            GOOD.replace("Bug: 7", "Bug: seven")))
        self.assertIn("a bug has a diff", self.refused(
            GOOD.replace("Caught by: rpc/one, rpc/two\n", "")))
        self.assertIn("a bug has a diff", self.refused(
            GOOD.split("\n---")[0]))

    def test_one_may_be_left_out_with_a_reason(self):
        bug = self.load(GOOD.split("Caught")[0] + "Left out: It cannot be.\n")
        self.assertEqual((bug.left_out, bug.changes), ("It cannot be.", ()))


class Counting(unittest.TestCase):
    def setUp(self):
        self.bug = bugs.Bug("a-bug", "7", "rpc", "LIVE", "It is wrong.",
                            "Any.", ("rpc/one", "rpc/two"), "", ())

    def result(self, name, status, **more):
        return {"name": name, "status": status, "rule": "a rule",
                "world": "real", "seeds": 1, "seconds": 2.0, **more}

    def catch(self, *statuses):
        return bugs.Catch(self.bug, [[
            self.result("rpc/one", one), self.result("rpc/two", "failed")]
            for one in statuses])

    def test_the_first_test_decides(self):
        self.assertTrue(self.catch("failed").always)
        self.assertTrue(self.catch("crashed", "timeout").always)
        catch = self.catch("failed", "passed")
        self.assertFalse(catch.always)
        self.assertEqual((catch.caught, catch.runs), (1, 2))
        self.assertEqual(catch.others(), {"rpc/two": (2, 2)})
        self.assertIn("1 of 2", kill_table.line(catch))
        self.assertIn("MISSED", kill_table.line(self.catch("passed")))

    def test_a_test_that_was_not_run_has_caught_nothing(self):
        catch = bugs.Catch(self.bug, [[self.result(
            "rpc/one", "failed", observed="not run: it needs rpc/two, which "
            "failed")]])
        self.assertEqual(catch.caught, 0)

    def test_no_verdict_is_no_catch(self):
        catch = self.catch("failed")
        catch.troubles.append("seed 2: the grader came to no results")
        self.assertFalse(catch.always)
        self.assertIn("no verdict", kill_table.line(catch))
        self.assertFalse(bugs.Catch(self.bug).always)

    def test_one_of_two_worlds_is_enough(self):
        catch = bugs.Catch(self.bug, [[
            self.result("rpc/one", "passed", world="sim"),
            self.result("rpc/one", "failed", world="real", seconds=9.0)]])
        self.assertTrue(catch.always)
        self.assertEqual(catch.seconds(), 9.0)

    def test_the_table_holds_all(self):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            (folder / "bugs").mkdir()
            (folder / "bugs" / "notes.md").write_text("## Notes\n\nA note.\n")
            left = bugs.Bug("b-bug", "8", "rpc", "ES", "Is wrong too.", "Any.",
                            (), "It cannot be.", ())
            kill_table.write(folder, "grader/grade --bug all",
                             [self.catch("failed")], [self.bug, left])
            text = (folder / "kill-table.md").read_text()
        self.assertIn("| 7 | [a-bug](bugs/a-bug.patch) | LIVE | `rpc/one` | "
                      "caught | a rule | real | 1 | 2.00 |", text)
        for part in ("`grader/grade --bug all`", "1 of 1 bugs", "A note.",
                     "8, Is wrong too. It cannot be.", "`rpc/two` (1 of 1)"):
            self.assertIn(part, text)

    def test_options_of_a_grade_are_passed_on(self):
        self.assertEqual(hunt.passed_on(argparse.Namespace()), [])
        self.assertEqual(
            hunt.passed_on(argparse.Namespace(world="sim", isolate=True)),
            ["--world", "sim", "--isolate"])


@unittest.skipUnless(BUGS.is_dir(), "there is no solution/bugs here")
class Planted(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.courses = discover.load_all(ROOT / "labs")
        cls.known = bugs.load_all(BUGS, cls.courses)  # checks headers, tests
        cls.planted = [bug for bug in cls.known if bug.changes]

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def order(self, bug, **more):
        options = argparse.Namespace(bug=bug, labs=[], seed=1, first_seeds=1,
                                     jobs=1, **more)
        with self.assertRaises(hunt.BadOrder) as caught:
            hunt.run(ROOT, self.courses, options, report=None)
        return str(caught.exception)

    def test_orders_that_make_no_sense_are_refused(self):
        self.assertIn("no bug 'no-such-bug'", self.order("no-such-bug"))
        self.assertIn("leave --submission away",
                      self.order("all", submission=pathlib.Path("labs")))

    def test_bugs_are_found_by_name_number_and_lab(self):
        def names(*words):
            return [bug.name for bug in bugs.select(self.known, *words)]
        self.assertEqual(names("votes-twice", []), ["votes-twice"])
        self.assertEqual(names("16", []), ["votes-twice"])
        self.assertEqual(len(names("all", [])), len(self.known))
        self.assertEqual(names("16", ["rpc"]), [])

    def test_every_file_is_a_bug(self):
        strays = [path.name for path in BUGS.iterdir()
                  if path.suffix != ".patch"
                  and path.name not in ("README.md", kill_table.NOTES)]
        self.assertEqual(strays, [])

    def test_the_list_is_covered(self):
        """Lab 1's are 1 to 15 (11 is lab 2's too), lab 2's 16 to 32."""
        numbers = {bug.number for bug in self.known}
        self.assertLessEqual({str(one) for one in range(1, 33)}, numbers)

    def test_a_hunt_runs_from_every_first_seed(self):
        """Two bugs side by side, each built once: the test that must catch
        them from every first seed, the others from the first alone."""
        chosen = [bug for bug in self.planted
                  if bug.name in ("table-grows", "length-believed")]
        lines = []
        catches = hunt.Hunt(ROOT, self.courses, argparse.Namespace(
            seed=7, first_seeds=3, jobs=2, world="sim"), argparse.Namespace(
                line=lines.append)).run(chosen)
        self.assertEqual(sorted(one.bug.name for one in catches),
                         ["length-believed", "table-grows"])
        self.assertEqual(len(lines), 2)
        for catch in catches:
            self.assertEqual((catch.caught, catch.runs, catch.troubles),
                             (3, 3, []))
            self.assertEqual({runs for _, runs in catch.others().values()},
                             {1} if catch.bug.caught_by[1:] else set())

    def test_each_can_be_planted_and_changes_its_stage(self):
        stages = {course.lab.name: course.lab.folder
                  for course in self.courses}
        for bug in self.planted:
            with self.subTest(bug.name):
                into = self.folder / bug.name
                bugs.plant(bug, ROOT, into)
                stage = stages[bug.stage]
                self.assertEqual([path.name for path in into.iterdir()],
                                 [stage])
                changed = [path.name for path in (into / stage).iterdir()
                           if path.read_text() != (
                               ROOT / "solution" / stage / path.name
                           ).read_text()]
                self.assertEqual(sorted(changed), sorted(
                    pathlib.PurePath(one.path).name for one in bug.changes))

    def test_each_compiles_without_a_warning(self):
        compiler = shutil.which(os.environ.get("CC") or "cc")
        self.assertIsNotNone(compiler, "there is no C compiler")
        for bug in self.planted:
            with self.subTest(bug.name):
                into = self.folder / bug.name
                bugs.plant(bug, ROOT, into)
                for change in bug.changes:
                    done = self.compile(compiler, into.joinpath(
                        *pathlib.PurePath(change.path).parts[1:]))
                    self.assertEqual((done.returncode, done.stdout), (0, ""))

    def compile(self, compiler, path):
        labs = [f"-I{ROOT / 'labs' / course.lab.folder}"
                for course in self.courses]
        return subprocess.run(
            [compiler, "-std=c11", "-fsyntax-only", "-Wall", "-Wextra",
             "-Wshadow", "-Wstrict-prototypes", "-Wmissing-prototypes",
             "-Wvla", *labs, f"-I{ROOT / 'handout' / 'node'}",
             f"-I{ROOT / 'handout' / 'standin'}", str(path)],
            text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            timeout=120)


if __name__ == "__main__":
    unittest.main()
