"""Proves that results become marks as the instructor's files say, and that
Canvas gets its own file back with one column filled."""

import json
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from class_results import Results, one_lab, one_test  # noqa: E402
from classroom import (canvas, closing, marks, policy,  # noqa: E402
                       sheet)
from classroom.trouble import Trouble  # noqa: E402


class Marks(Results):
    def setUp(self):
        super().setUp()
        self.usual()

    def test_without_any_rule_the_grade_is_the_mark(self):
        self.assertEqual(self.finals(), {"ada": 10, "bob": 4, "eve": 0})
        self.assertEqual(self.marks()["eve"].max_score, 10)

    def test_late_work_loses_by_the_day_begun(self):
        self.write("late.json", {
            "due": "2026-10-01T12:00:00+02:00", "grace_minutes": 10,
            "percent_a_day": 15, "most_percent": 40, "closed_after_days": 5,
            "submitted": {"ada": "2026-10-01T12:10:00+02:00",
                          "bob": "2026-10-01T10:10:01Z"}})
        mark = self.marks()["bob"]
        self.assertEqual((mark.days_late, mark.lost, mark.final), (1, .6, 3.4))
        self.assertEqual(self.finals()["ada"], 10)
        for submitted, final in (("2026-10-02T10:00:01Z", 7.0),
                                 ("2026-10-04T10:00:00Z", 6.0),
                                 ("2026-10-06T10:00:00Z", 6.0),
                                 ("2026-10-06T10:00:01Z", 0.0)):
            data = json.loads((self.folder / "late.json").read_text())
            data["submitted"]["ada"] = submitted
            self.write("late.json", data)
            self.assertEqual(self.finals()["ada"], final, submitted)

    def test_extensions_and_times_of_files(self):
        self.write("late.json", {
            "due": "2026-10-01T10:00:00Z", "percent_a_day": 10,
            "times": "files", "extensions": {"bob": "2026-10-09T00:00:00Z"}})
        self.assertEqual(self.finals(), {"ada": 9, "bob": 4, "eve": 0})

    def test_overrides_come_with_their_reasons(self):
        self.write("overrides.json", [
            {"student": "bob", "test": "rpc/b", "score": 3, "was": 0,
             "reason": "Shown in the office", "by": "MK"},
            {"student": "*", "test": "rpc/a", "score": "full",
             "reason": "Unclear text"},
            {"student": "eve", "lab": "rpc", "score": 2, "reason": "Mail"},
            {"student": "ada", "total": 9, "reason": "Agreed"}])
        self.assertEqual(self.finals(), {"ada": 9, "bob": 7, "eve": 2})
        bob = self.marks()["bob"]
        self.assertIn("rpc/b: 3 instead of 0: Shown in the office (MK)",
                      bob.steps)
        self.assertEqual(bob.notices, [])
        closing.write(self.folder)
        bob = self.folder / "students" / "bob" / "for-student"
        for path in (bob / "grade.txt", self.folder / "index.html",
                     self.folder / "marks.csv"):
            self.assertIn("Shown in the office", path.read_text())

    def test_an_override_is_told_when_its_ground_has_moved(self):
        self.write("overrides.json", [
            {"student": "bob", "test": "rpc/b", "score": 3, "was": 2,
             "reason": "x"}, {"student": "bob", "test": "rpc/gone",
                              "score": 3, "reason": "x"},
            {"student": "bib", "total": 3, "reason": "x"}])
        notices = " ".join(closing.read(self.folder).notices)
        self.assertIn("made when 2 was given; now it is 0", notices)
        self.assertIn("rpc/gone met no such test", notices)
        self.assertIn("names bib, of whom there are no results", notices)

    def test_lateness_comes_after_tests_and_before_totals(self):
        self.write("late.json", {
            "due": "2026-10-01T10:00:00Z", "percent_a_day": 50,
            "times": "files"})
        self.write("overrides.json", [
            {"student": "bob", "test": "rpc/b", "score": 6, "reason": "x"},
            {"student": "ada", "total": "full", "reason": "x"}])
        self.assertEqual(self.finals(), {"ada": 10, "bob": 5, "eve": 0})

    def test_a_fault_of_the_grader_costs_nothing_and_can_be_decided(self):
        self.put("fay", [one_lab("rpc", [
            one_test("rpc/a", 4, 4),
            one_test("rpc/b", 0, 6, "grader_error")])])
        self.assertEqual((self.marks()["fay"].final,
                          self.marks()["fay"].max_score), (4, 4))
        self.write("overrides.json", [
            {"student": "fay", "test": "rpc/b", "score": 5, "reason": "x"}])
        self.assertEqual((self.marks()["fay"].final,
                          self.marks()["fay"].max_score), (9, 10))

    def test_everything_is_written_again_from_the_results_alone(self):
        closing.write(self.folder)
        names = [path for path in self.folder.rglob("*") if path.is_file()]
        first = {path: path.read_bytes() for path in names}
        made = [path for path in names if path.name in (
            "index.html", "marks.csv", "items.csv", "grade.txt")]
        self.assertEqual(len(made), 6)
        for path in made:
            path.unlink()
        closing.write(self.folder)
        self.assertEqual({path: path.read_bytes() for path in names}, first)


class Rules(Results):
    def refused(self, name, value):
        path = self.write(name, value)
        reader = policy.read_late if "late" in name else policy.read_overrides
        with self.assertRaises(Trouble) as caught:
            reader(path)
        self.assertNotIn("\n", str(caught.exception))
        return str(caught.exception)

    def test_bad_policies_get_a_sentence(self):
        due = "2026-10-01T10:00:00Z"
        for value, words in (
                ("{", "cannot be read as JSON"), ([], "must be an object"),
                ({}, "must say when"), ({"due": "soon"}, "no time such as"),
                ({"due": "2026-10-01T10:00:00"}, "no time zone"),
                ({"due": due, "percent": 3}, "nothing is called 'percent'"),
                ({"due": due, "percent_a_day": "3"}, "must be a number"),
                ({"due": due, "percent_a_day": -3}, "must be a number"),
                ({"due": due, "times": "maybe"}, '"listed" or "files"'),
                ({"due": due, "submitted": {"ada": "x"}}, "submitted: ada")):
            self.assertIn(words, self.refused("late.json", value))

    def test_bad_overrides_get_a_sentence(self):
        good = {"student": "a", "test": "t", "score": 1, "reason": "r"}
        for change, words in (
                ({"reason": " "}, '"reason"'), ({"student": ""}, '"student"'),
                ({"lab": "rpc"}, "just one of"), ({"test": None}, ""),
                ({"score": "most"}, "must be a number"),
                ({"points": 3}, "nothing is called 'points'")):
            entry = {**good, **change}
            if change.get("test", 1) is None:
                del entry["test"]
                words = "just one of"
            said = self.refused("overrides.json", [good, entry])
            self.assertIn("entry 2", said)
            self.assertIn(words, said)

    def test_what_is_named_is_kept_with_the_results(self):
        self.usual()
        path = self.write("mine.json", {"due": "2026-10-01T10:00:00Z"})
        policy.take_over(self.folder / "r", path, None)
        self.assertEqual((self.folder / "r" / "late.json").read_text(),
                         path.read_text())
        bad = self.write("bad.json", "[1]")
        with self.assertRaises(Trouble):
            policy.take_over(self.folder / "r", None, bad)
        self.assertFalse((self.folder / "r" / "overrides.json").exists())


EXPORT = ('\ufeffStudent,ID,SIS User ID,SIS Login ID,Section,"Lab 1, RPC (71)"'
          ',Lab 2 (72),Lab Final Score\r\n'
          '    Points Possible,,,,,20,50,(read only)\r\n'
          '"Doe, Jane ""JD""",123,u1,jd@x.edu,"A, B",,7.50,\r\n'
          '"Älv, Åsa",124,u2,ada,A,3,,91.0\n'
          '"Roe, John",125,u3,roe, A ,"2",,\r\n'
          '"Student, Test",126,,x99,A,,,\r\n')


class Canvas(Results):
    def fill(self, text=EXPORT, column="Lab 1", missing=None, scale=False,
             ids=None):
        path = self.folder / "export.csv"
        path.write_bytes(text.encode())
        told = [marks.Mark("doejanejd-123", 8, 10, {}, final=8.25),
                marks.Mark("ada", 8, 10, {}, final=10),
                marks.Mark("zoe", 8, 10, {}, final=1)]
        return canvas.fill(path, column, told,
                           {"doejanejd-123": "123"} if ids is None else ids,
                           missing, scale)

    def test_one_column_changes_and_no_other_byte(self):
        filled = self.fill()
        wanted = EXPORT.replace('"A, B",,7.50', '"A, B",8.25,7.50').replace(
            "ada,A,3,", "ada,A,10,")
        self.assertEqual(filled.data.decode(), wanted)
        self.assertEqual(filled.count, 2)
        notes = " ".join(filled.notes)
        self.assertIn("zoe is not in Canvas's file", notes)
        self.assertIn("2 of Canvas's students handed in nothing", notes)
        self.assertIn("Canvas has 20 points for it", notes)

    def test_those_without_work_may_get_zero(self):
        self.assertIn(',roe, A ,0,,', self.fill(missing="0").data.decode())

    def test_marks_can_be_scaled(self):
        data = self.fill(scale=True).data.decode()
        self.assertIn('"A, B",16.5,7.50', data)

    def test_names_are_the_last_thing_to_match(self):
        filled = self.fill(ids={})
        self.assertIn('"A, B",8.25', filled.data.decode())

    def test_one_cannot_be_taken_for_two(self):
        twice = EXPORT + '"Doe, Jane JD",127,u9,jd2,A,,,\n'
        self.assertEqual(self.fill(twice).count, 2)       # by the id
        self.assertEqual(self.fill(twice, ids={}).count, 1)

    def test_the_column_must_be_clear(self):
        for column, words in ((None, "say which"), ("Lab", "2 assignments"),
                              ("Lab 3", "no assignments"),
                              ("Section", "no assignments"),
                              ("Lab Final", "no assignments")):
            with self.assertRaisesRegex(Trouble, words):
                self.fill(column=column)
        self.assertEqual(self.fill(column="Lab 2").count, 2)

    def test_what_is_no_export_is_refused(self):
        for text, words in (("a,b\n1,2\n", "no export"), ("", "empty"),
                            ('Student,ID\n"x,1\n', "never ends")):
            with self.assertRaisesRegex(Trouble, words):
                self.fill(text)

    def test_sheets_come_back_as_they_were(self):
        for text in (EXPORT, EXPORT.replace(",", ";"), "a,b,\n,,\n", "x",
                     'a,"b\nc",d\r\n"",,e', 'a\r\rb\n'):
            path = self.folder / "s.csv"
            path.write_bytes(text.encode())
            self.assertEqual(sheet.Sheet(path).data(), text.encode())
        path.write_bytes(b"a,\xff\xfe,b\n")
        self.assertEqual(sheet.Sheet(path).data(), b"a,\xff\xfe,b\n")

    def test_no_text_of_a_student_is_a_formula(self):
        self.assertEqual(sheet.line(["=1+1", 'a"b', "x,y", 1.5, None]),
                         "'=1+1,\"a\"\"b\",\"x,y\",1.5,\n")


if __name__ == "__main__":
    unittest.main()
