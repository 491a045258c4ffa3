"""Proves that skeletons hold no solution, are as the master says, and that no
student's work is written over."""

import contextlib
import io
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import skeleton  # noqa: E402
from skeleton import SkeletonError, make_skeleton  # noqa: E402

MASTER = """\
/* lab.c - a lab. */
#include "lab.h"

struct state {
    int seen; /* given */
    // BEGIN SOLUTION: /* Add what you need. */
    int secret; /* ours */
    // END SOLUTION
};

// BEGIN SOLUTION:
static int helper(void)
{
    return 42;
}
// END SOLUTION

int answer(int question)
{
    // BEGIN SOLUTION:
    // | /* Your code here. */
    // | if (question)
    // |     return 1;
    // |
    // | return 0;
    int value = helper();

    // the rest
    return value + question;
    // END SOLUTION
}

void act(void)
{
    prepare();

    // BEGIN SOLUTION:
    finish();
    // END SOLUTION
}
"""

SKELETON = """\
/* lab.c - a lab. */
#include "lab.h"

struct state {
    int seen; /* given */
    /* Add what you need. */
};

int answer(int question)
{
    /* Your code here. */
    if (question)
        return 1;

    return 0;
}

void act(void)
{
    prepare();
}
"""


class Making(unittest.TestCase):
    def test_regions_become_stubs(self):
        self.assertEqual(make_skeleton(MASTER, "lab.c"), SKELETON)

    def refused(self, text, *parts):
        with self.assertRaises(SkeletonError) as caught:
            make_skeleton(text, "lab.c")
        for part in parts:
            self.assertIn(part, str(caught.exception))

    def test_what_is_unbalanced_is_refused_with_its_line(self):
        begin, end = "// BEGIN SOLUTION:\n", "// END SOLUTION\n"
        self.refused("int a;\n" + begin, "lab.c:2:", "no END")
        self.refused("int a;\n" + end, "lab.c:2:", "without a BEGIN")
        self.refused(begin + begin + end + end, "lab.c:2:", "line 1")
        self.refused(begin + end + end, "lab.c:3:")

    def test_near_misses_are_refused(self):
        end = "// END SOLUTION\n"
        self.refused("// BEGIN SOLUTION\n" + end, "lab.c:1:", "form")
        self.refused("/* BEGIN SOLUTION: */\n" + end, "lab.c:1:", "form")
        self.refused("int a; // BEGIN SOLUTION:\n" + end, "lab.c:1:", "form")
        self.refused("// begin solution:\n" + end, "lab.c:1:", "form")
        self.refused("// BEGIN SOLUTION:\nint a;\n// END SOLUTION.\n",
                     "lab.c:3:", "form")

    def test_a_stub_line_has_its_place(self):
        self.refused("// | stray\n// BEGIN SOLUTION:\n// END SOLUTION\n",
                     "lab.c:1:")
        self.refused("// BEGIN SOLUTION:\nint a;\n// | late\n// END SOLUTION\n",
                     "lab.c:3:")
        self.refused("// BEGIN SOLUTION: x\n// | more\n// END SOLUTION\n",
                     "lab.c:2:")

    def test_a_file_without_a_mark_is_refused(self):
        self.refused("int a;\n", "lab.c:1:", "whole solution")


class Writing(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        self.master = self.root / "solution" / "1-lab" / "lab.c"
        self.skeleton = self.root / "labs" / "1-lab" / "lab.c"
        self.master.parent.mkdir(parents=True)
        self.skeleton.parent.mkdir(parents=True)
        self.master.write_text(MASTER)

    def run_tool(self, *words):
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = skeleton.main(words, root=self.root)
        return code, out.getvalue() + err.getvalue()

    def test_made_and_then_up_to_date(self):
        code, said = self.run_tool("--check")
        self.assertEqual(code, 1)
        self.assertIn("labs/1-lab/lab.c is missing", said)
        self.assertEqual(self.run_tool(), (0, "labs/1-lab/lab.c\n"))
        self.assertEqual(self.skeleton.read_text(), SKELETON)
        self.assertEqual(self.run_tool("--check"), (0, ""))
        self.assertEqual(self.run_tool(), (0, ""))

    def test_a_stale_skeleton_is_named_and_remade(self):
        self.run_tool()
        self.master.write_text(MASTER.replace("prepare", "warm_up"))
        code, said = self.run_tool("--check")
        self.assertEqual(code, 1)
        self.assertIn("labs/1-lab/lab.c is stale", said)
        self.assertEqual(self.run_tool()[0], 0)
        self.assertIn("warm_up", self.skeleton.read_text())

    def test_work_is_not_written_over(self):
        other = self.master.with_name("other.c")
        other.write_text(MASTER)
        self.run_tool()
        work = SKELETON.replace("return 0;", "return 7;")
        self.skeleton.write_text(work)
        other.write_text(MASTER.replace("prepare", "warm_up"))

        code, said = self.run_tool()
        self.assertEqual(code, 1)
        self.assertIn("labs/1-lab/lab.c: edited", said)
        self.assertIn("ARGS=--force", said)
        self.assertEqual(self.skeleton.read_text(), work)
        # All or nothing: the other one was left alone too.
        self.assertNotIn("warm_up",
                         self.skeleton.with_name("other.c").read_text())
        self.assertIn("edited by hand", self.run_tool("--check")[1])

        self.assertEqual(self.run_tool("--force")[0], 0)
        self.assertEqual(self.skeleton.read_text(), SKELETON)

    def test_a_file_that_nobody_recorded_is_work(self):
        self.skeleton.write_text("int mine;\n")
        self.assertEqual(self.run_tool()[0], 1)
        self.assertEqual(self.skeleton.read_text(), "int mine;\n")

    def test_a_lost_master_takes_its_skeleton_along(self):
        self.run_tool()
        mine = self.skeleton.with_name("mine.c")
        mine.write_text("int mine;\n")
        self.master.unlink()
        self.assertIn("no master", self.run_tool("--check")[1])
        self.assertEqual(self.run_tool()[0], 0)
        self.assertFalse(self.skeleton.exists())
        self.assertTrue(mine.exists())

    def test_elsewhere_nothing_is_recorded(self):
        there = self.root / "there"
        self.assertEqual(self.run_tool("--into", str(there))[0], 0)
        self.assertEqual((there / "1-lab" / "lab.c").read_text(), SKELETON)
        self.assertFalse((self.root / "labs" / ".skeletons").exists())

    def test_a_students_copy_has_nothing_to_make(self):
        self.master.unlink()
        self.master.parent.rmdir()
        self.master.parent.parent.rmdir()
        self.assertEqual(self.run_tool("--check")[0], 0)


if __name__ == "__main__":
    unittest.main()
