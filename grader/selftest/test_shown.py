"""Proves that no file or form which is for students holds a hidden test's name
or details, nor a secret seed, and that the instructor's own keep them."""

import base64
import json
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from class_results import Results, one_lab, one_test  # noqa: E402
from classroom import closing, for_student, shown  # noqa: E402
from classroom.adapters import convert  # noqa: E402
from conclave import timeline  # noqa: E402

SEED = 201_234_567_890_123
HIDDEN = {  # field -> what students must not read of a hidden test
    "name": "rpc/traitor", "rule": "A rule nobody knows",
    "expected": "An expected thing", "observed": "An observed thing",
    "hint": "A hint of it", "replay": f"--replay rpc/traitor:{SEED + 9}",
    "story": ["1. A step of it"], "frames": ["0.1 a frame of it"],
    "logs": {"1": ["a log of it"]}, "advice": ["an advice of it"],
    "trace_hash": "feedbeef", "new_field": "whatever comes next"}
CLAIM = "Whoever is cut off answers nobody"


def texts(value):
    """Every text in a value of JSON."""
    if isinstance(value, dict):
        return [text for one in value.values() for text in texts(one)]
    if isinstance(value, list):
        return [text for one in value for text in texts(one)]
    return [value] if isinstance(value, str) else []


FORBIDDEN = [*texts(HIDDEN), str(SEED), str(SEED + 9), "traitor", "It crashed"]


def result():
    """A failed hidden test, another that passed, and a public failure."""
    hidden = {**one_test("rpc/traitor", 0, 3, title=CLAIM, hidden=True,
                         seed=SEED + 9), **HIDDEN}
    passed = one_test("rpc/traitor_too", 2, 2, title="Good", hidden=True,
                      seed=SEED)
    public = one_test(
        "rpc/echo", 0, 4, seed=SEED, seeds=3, observed=f"Wrong (seed {SEED})",
        replay="grader/grade rpc --submission /at/ada --replay "
               f"rpc/echo:{SEED}",
        story=[f"1. seed {SEED - 2} passed"])
    lab = one_lab("rpc", [public, hidden, passed])
    lab["other_tests"] = [{**hidden, "stack": "isolated"},
                          {**public, "stack": "isolated"}]
    return {"labs": [lab], "score": 2, "max_score": 9, "seconds": 3.0,
            "first_seeds": "secret", "submission": "/at/ada",
            "sandbox": "bubblewrap", "finished": True, "official": True,
            "findings": ["rpc/traitor: It crashed", "1-rpc/a.c has assembly"],
            "for_staff": "An observed thing, and its steps"}


class Forms(unittest.TestCase):
    def read(self, form, text):
        """All of it that a student can see."""
        if form == "github":
            return base64.b64decode(text.partition("=")[2]).decode()
        if form == "gradescope":
            told = json.loads(text)
            told["tests"] = [test for test in told["tests"]
                             if test["visibility"] != "hidden"]
            return json.dumps(told)
        return text

    def test_no_form_tells_students_what_is_hidden(self):
        for form, render in convert.FORMS.items():
            with self.subTest(form=form):
                text = self.read(form, render(shown.look(result())))
                for words in FORBIDDEN:
                    self.assertNotIn(words, text)
                self.assertIn("rpc/hidden-1", text)
                self.assertIn("rpc/echo", text)
                if form not in ("github", "tap"):
                    self.assertIn("Wrong (seed (secret))", text)

    def test_the_staff_reads_it_all(self):
        for form, render in convert.FORMS.items():
            with self.subTest(form=form):
                text = self.read(form, render(shown.look(result(),
                                                         shown.STAFF)))
                for words in ("rpc/traitor", "A rule nobody knows", str(SEED)):
                    self.assertIn(words, text)
        text = convert.FORMS["gradescope"](shown.look(result()))
        self.assertIn("A rule nobody knows", text)  # in a staff's entry

    def test_where_seeds_are_known_students_can_replay(self):
        told = {**result(), "first_seeds": "published"}
        text = convert.FORMS["text"](shown.look(told))
        self.assertIn(f"--replay rpc/echo:{SEED}", text)
        self.assertNotIn("traitor", text)

    def test_the_result_itself_is_left_alone(self):
        before = result()
        shown.look(before)
        self.assertEqual(before, result())


class Folders(Results):
    def setUp(self):
        super().setUp()
        told = result()
        self.place = self.put("ada", told["labs"],
                              findings=told["findings"])
        (self.place / "result.json").write_text(json.dumps(told))
        pages = self.place / "pages"
        pages.mkdir()
        for test in (*told["labs"][0]["tests"], *told["labs"][0][
                "other_tests"]):
            data = {key: test[key] for key in (
                "name", "title", "seed", "rule", "observed", "replay")}
            (pages / timeline.file_name(test["name"], "sim", test["stack"])
             ).write_text("<script>" + timeline.embed(data) + "</script>")
        (pages / "index.html").write_text("rpc/traitor")
        (pages / "strange.html").write_text("rpc/traitor")
        (self.folder / "overrides.json").write_text(json.dumps([
            {"student": "ada", "test": "rpc/traitor", "score": 1,
             "reason": "rpc/traitor was too hard"}]))
        closing.write(self.folder)

    def test_no_file_for_a_student_tells_what_is_hidden(self):
        files = [path for path in (self.place / "for-student").rglob("*")
                 if path.is_file()]
        self.assertEqual(sorted(path.name for path in files), [
            "grade.txt", "index.html", "report.txt", "result.json",
            "rpc-echo-sim-isolated.html", "rpc-echo-sim.html"])
        for path in files:
            text = path.read_text()
            for words in FORBIDDEN:
                self.assertNotIn(words, text, path.name)
        told = (self.place / "for-student" / "grade.txt").read_text()
        self.assertIn("rpc/hidden-1: 1 instead of 0: rpc/hidden-1 was too",
                      told)
        self.assertIn("1-rpc/a.c has assembly", told)

    def test_what_a_student_reads_is_of_use(self):
        place = self.place / "for-student"
        told = json.loads((place / "result.json").read_text())
        self.assertEqual([test["title"] for test in told["labs"][0]["tests"]],
                         ["Claim of rpc/echo", CLAIM, "Good"])
        self.assertEqual(told["score"], 2)
        self.assertIn("Wrong", (place / "report.txt").read_text())
        index = (place / "pages" / "index.html").read_text()
        self.assertIn('href="rpc-echo-sim.html"', index)
        self.assertIn(CLAIM, index)
        page = (place / "pages" / "rpc-echo-sim.html").read_text()
        data = json.loads(page[len("<script>"):-len("</script>")])
        self.assertEqual((data["seed"], data["observed"]),
                         (None, "Wrong (seed (secret))"))

    def test_without_a_secret_the_replay_line_is_as_at_home(self):
        path = self.place / "result.json"
        told = {**json.loads(path.read_text()), "first_seeds": "plain"}
        for_student.write(self.place, told)
        text = (self.place / "for-student" / "report.txt").read_text()
        self.assertIn(f"grader/grade rpc --submission labs --replay "
                      f"rpc/echo:{SEED}", text)

    def test_the_instructors_own_files_keep_all(self):
        for name in ("result.json", "pages/rpc-traitor-sim.html"):
            self.assertIn("A rule nobody knows",
                          (self.place / name).read_text())
        self.assertIn("rpc/traitor", (self.folder / "items.csv").read_text())


if __name__ == "__main__":
    unittest.main()
