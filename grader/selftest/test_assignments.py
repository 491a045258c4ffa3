"""Proves that each lab's assignment says what its tests do: points of every
part, hours, names of tests; and that it has what a student looks for. The
instructors' rubric, where it is at hand, says the same."""

import pathlib
import re
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "grader"))

from conclave import discover  # noqa: E402

SECTIONS = ("The idea", "Read", "Where others fell", "How it is graded",
            "Questions")
GUIDE = ROOT / "docs" / "instructor.md"
ROW = re.compile(r"^\| *([\w-]+) *\| *(\d+) *\|", re.MULTILINE)


def text_of(course):
    return (ROOT / "labs" / course.lab.folder / "README.md").read_text(
        encoding="utf-8")


def points_of(course):
    """part -> points, of the tests that students have."""
    points = {}
    for test in course.tests:
        if not test.hidden:
            points[test.part] = points.get(test.part, 0) + test.points
    return points


def part(name):
    return name.replace("-", "").lower() if len(name) > 1 else name


def section(text, name):
    found = re.search(rf"^## {name}$(.*?)(?=^## |\Z)", text,
                      re.MULTILINE | re.DOTALL)
    return found.group(1) if found else ""


class Assignments(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.courses = discover.load_all(ROOT / "labs")

    def test_each_has_what_a_student_looks_for(self):
        for course in self.courses:
            text = text_of(course)
            for name in SECTIONS:
                self.assertGreater(len(section(text, name)), 200,
                                   f"{course.lab.name}: {name}")
            self.assertRegex(text, r"\*\*Task \d+")
            self.assertIn("Check", text)

    def test_points_of_parts_are_those_of_the_tests(self):
        for course in self.courses:
            text = section(text_of(course), "How it is graded")
            told = {part(name): int(points)
                    for name, points in ROW.findall(text)}
            self.assertEqual(told, points_of(course), course.lab.name)

    def test_points_in_headings_are_the_same(self):
        for course in self.courses:
            points = points_of(course)
            for name, number in re.findall(
                    r"^## (?:Part )?([\w-]+):.*\((\d+) points\)$",
                    text_of(course), re.MULTILINE):
                self.assertEqual(int(number), points[part(name)],
                                 f"{course.lab.name}: {name}")

    def test_hours_are_those_of_the_lab(self):
        for course in self.courses:
            low, high = course.lab.hours.split("-")
            self.assertIn(f"Plan **{low} to {high} hours**", text_of(course))

    def test_a_check_names_tests_that_there_are(self):
        for course in self.courses:
            names = {test.name for test in course.tests}
            found = 0
            for line in re.findall(r"^Check:(.*?)(?=\n\n|\Z)", text_of(course),
                                   re.MULTILINE | re.DOTALL):
                for name in re.findall(r"`([a-z][a-z_0-9]*)`", line):
                    self.assertIn(name, names, course.lab.name)
                    found += 1
                for pattern in re.findall(r"--only (\S+?)[`\s]", line):
                    self.assertTrue(
                        discover.select([course], [pattern]), pattern)
                    found += 1
            self.assertGreater(found, 0, course.lab.name)

    def test_the_instructors_rubric_says_the_same(self):
        if not GUIDE.is_file():
            self.skipTest("the instructors' guide is not handed out")
        text = section(GUIDE.read_text(encoding="utf-8"), "The rubric")
        for course in self.courses:
            points = points_of(course)
            row = re.search(rf"^\| {course.lab.name} \|(.*)$", text,
                            re.MULTILINE)
            self.assertIsNotNone(row, course.lab.name)
            told = {part(name): int(number) for name, number in re.findall(
                r"([\w-]+) (\d+)[,;|\s]", row.group(1).split("|")[0])}
            self.assertEqual(told, points, course.lab.name)
            self.assertIn(f"| {sum(points.values())} |", row.group(0))
            self.assertIn(course.lab.hours.replace("-", " to "), row.group(0))


if __name__ == "__main__":
    unittest.main()
