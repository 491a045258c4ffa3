"""An elective is graded when it is named, and told of when it is not."""

from __future__ import annotations

import pathlib
import subprocess
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "grader"))
sys.dont_write_bytecode = True

from conclave import cli, discover  # noqa: E402 - the path comes first

COURSES = discover.load_all(ROOT / "labs")
ELECTIVES = [one.lab for one in COURSES if one.lab.elective]


def listed(*words: str) -> str:
    """What grader/grade --list prints."""
    return subprocess.run(
        [sys.executable, "-B", str(ROOT / "grader" / "grade"), *words,
         "--list"], stdout=subprocess.PIPE, check=True).stdout.decode()


@unittest.skipUnless(ELECTIVES, "this copy has no elective")
class Electives(unittest.TestCase):

    def test_the_course_is_worth_five_hundred_without_them(self):
        points = sum(test.points for one in COURSES if not one.lab.elective
                     for test in one.tests)
        self.assertEqual(points, 500)

    def test_not_named_they_are_left_out_and_told_of(self):
        said = listed()
        for lab in ELECTIVES:
            self.assertEqual(said.count(f"grader/grade {lab.name}\n"), 1)
        for course in COURSES:
            self.assertEqual(f" {course.lab.name}/" in said,
                             not course.lab.elective)

    def test_named_they_are_there(self):
        lab = ELECTIVES[0]
        said = listed(lab.name, "rpc")
        self.assertIn(f"  {lab.name}/", said)
        self.assertIn("  rpc/", said)
        self.assertNotIn("  kv/", said)
        self.assertNotIn("counts apart", said)

    def test_a_pattern_with_the_name_is_enough(self):
        lab = ELECTIVES[0]
        said = listed("--only", f"{lab.name}/A")
        self.assertIn(f"  {lab.name}/", said)
        self.assertNotIn("  rpc/", said)

    def test_a_pattern_without_it_is_not(self):
        lab = ELECTIVES[0]
        test = next(one.tests[0] for one in COURSES if one.lab is lab)
        options = cli._parser().parse_args(["--only", test.name])
        chosen, named = cli._labs(COURSES, options)
        self.assertEqual(named, [])
        self.assertNotIn(lab, [one.lab for one in chosen])

    def test_a_replay_names_its_lab(self):
        lab = ELECTIVES[0]
        options = cli._parser().parse_args(["--replay", f"{lab.name}/x:1"])
        chosen, _ = cli._labs(COURSES, options)
        self.assertEqual([one.lab for one in chosen], [lab])


if __name__ == "__main__":
    unittest.main()
