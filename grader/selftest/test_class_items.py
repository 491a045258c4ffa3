"""Proves that statistics of tests are what the textbooks say, that what a
regrade changed is told, and that exported sources are anonymous."""

import contextlib
import io
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from class_results import Results, one_lab, one_test  # noqa: E402
from classroom import changes, closing, export, items, store  # noqa: E402
from classroom.trouble import Trouble  # noqa: E402


class Items(Results):
    def test_a_class_where_every_number_is_known(self):
        # Points of four students: a is of no use, b goes with the rest.
        for number, (a, b, c) in enumerate(((2, 4, 4), (2, 4, 4), (2, 0, 4),
                                            (2, 0, 0))):
            self.put(f"s{number}", [one_lab("rpc", [
                one_test("rpc/a", a, 2), one_test("rpc/b", b, 4),
                one_test("rpc/c", c, 4)])])
        graded = store.read_all(self.folder)
        a, b, c = items.items(graded)
        self.assertEqual((a.difficulty, a.pass_rate, a.discrimination),
                         (1.0, 1.0, None))
        self.assertEqual((b.difficulty, b.passed, b.count), (0.5, 2, 4))
        self.assertAlmostEqual(b.discrimination, 1 / 3 ** 0.5)
        self.assertEqual(c.spread, 1.0)
        # Variances: a 0, b 4, c 3, totals 11: alpha = 3/2 (1 - 7/11).
        self.assertAlmostEqual(items.alpha(graded, "rpc"), 1.5 * (4 / 11))
        self.assertEqual([one.name for one in items.hardest([a, b, c], 2)],
                         ["rpc/b", "rpc/c"])

    def test_what_did_not_run_is_no_statistic(self):
        self.put("s1", [one_lab("rpc", [one_test("rpc/a", 0, 2,
                                                 "grader_error")])])
        self.put("s2", [one_lab("rpc", [one_test("rpc/a", 2, 2)])])
        (a,) = items.items(store.read_all(self.folder))
        self.assertEqual((a.count, a.passed, a.difficulty), (1, 1, 1.0))

    def test_a_test_that_the_good_ones_fail_is_remarked_on(self):
        for number in range(10):
            good = number >= 5
            self.put(f"s{number}", [one_lab("rpc", [
                one_test("rpc/odd", 0 if good else 2, 2),
                one_test("rpc/b", 4 if good else 0, 4)])])
        odd, _ = items.items(store.read_all(self.folder))
        self.assertEqual(odd.discrimination, -1.0)
        self.assertIn("is it right?", odd.remark)


class Compared(Results):
    def test_what_a_regrade_changed_is_listed(self):
        self.usual()
        self.put("bob", [one_lab("rpc", [one_test("rpc/a", 0, 4),
                                         one_test("rpc/b", 0, 6)])],
                 store.EARLIER, grader="bb")
        self.put("ada", [one_lab("rpc", [one_test("rpc/a", 4, 4),
                                         one_test("rpc/b", 6, 6)])],
                 store.EARLIER)
        (change,) = changes.find(self.folder)
        self.assertEqual((change.student, change.before, change.after,
                          change.why), ("bob", 0, 4, "another kit"))
        self.assertIn("failed in the simulated world, then passed",
                      changes.text([change]))

    def test_a_second_grade_that_differs_is_told(self):
        self.usual()
        self.put("ada", [one_lab("rpc", [
            one_test("rpc/a", 4, 4), one_test("rpc/b", 6, 6,
                                              trace_hash="bb")])],
                 store.AGAIN)
        (pair,) = closing.read(self.folder).pairs
        self.assertFalse(pair.same)
        self.assertEqual(len(pair.tests), 1)
        closing.write(self.folder)
        self.assertIn("did not get the same",
                      (self.folder / "index.html").read_text())

    def test_pages_escape_what_students_wrote(self):
        bad = "<script>alert(1)</script>"
        self.put("ada", [one_lab("rpc", [one_test("rpc/a", 0, 4,
                                                  title=bad)])],
                 findings=[bad], refused=bad)
        closing.write(self.folder)
        self.assertNotIn(bad, (self.folder / "index.html").read_text())


class Exported(Results):
    def test_names_stay_apart_and_stay_the_same(self):
        out = self.folder / "out"
        results = self.folder / "r"
        self.folder = results
        self.usual()
        for name in ("ada", "bob"):
            path = results / "students" / name / "submission" / "1-rpc"
            (path / "rpc.c").write_text(f"int of_{name};\n")
            given = pathlib.Path(export.grading.ROOT, "labs", "1-rpc")
            (path / "warmup.c").write_bytes(
                (given / "warmup.c").read_bytes())
        for kind in export.KINDS:
            with contextlib.redirect_stdout(io.StringIO()):
                self.assertEqual(export.run(results, kind, out / kind), 0)
        key = (results / "anonymous.csv").read_text()
        moss = {path.parent.name: path.read_text() for path in
                (out / "moss").glob("1-rpc/submissions/*/*.c")}
        self.assertEqual(len(moss), 2)  # skeletons are not exported
        for name, text in moss.items():
            student = text[len("int of_"):-2]
            self.assertIn(f'{name},"{student}"', key)
        for path in out.rglob("*"):
            self.assertNotRegex(path.name, "ada|bob|anonymous")
        self.assertEqual(sorted(moss), sorted(
            path.stem for path in (out / "dolos" / "1-rpc").glob("s-*.c")))
        with self.assertRaisesRegex(Trouble, "not empty"):
            export.run(results, "jplag", out / "jplag")
        with self.assertRaisesRegex(Trouble, "where the names are"):
            export.run(results, "jplag", results / "x")


if __name__ == "__main__":
    unittest.main()
