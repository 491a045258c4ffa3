"""Proves that a class is graded side by side without loss: what is done is
kept, what was killed is done again with the same results, nothing stays
running, and every trouble gets a sentence."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "grader"))

from classroom import grading, store  # noqa: E402

COMMAND = ROOT / "grader" / "grade-class"
FAKE = pathlib.Path(__file__).resolve().parent / "fake_grade.py"
LIMIT_S = 300  # far more than anything here takes
WAIT_S = 120
PASSING = ("seconds", "cpu_seconds", "graded_at", "kit")  # of meta: no results


class Class(unittest.TestCase):
    def setUp(self):
        self._folder = tempfile.TemporaryDirectory(prefix="cv-test-")
        self.folder = pathlib.Path(self._folder.name)
        self.handed = self.folder / "handed"
        self.out = self.folder / "results"
        self.log = self.folder / "log"  # of the fake: a line for each call

    def tearDown(self):
        self._folder.cleanup()

    def hand_in(self, **files):
        """student=text of 1-rpc/rpc.c, or a list of texts."""
        for student, texts in files.items():
            texts = [texts] if isinstance(texts, str) else texts
            folder = self.handed / student / "1-rpc"
            folder.mkdir(parents=True, exist_ok=True)
            for number, text in enumerate(texts):
                (folder / f"f{number}.c").write_text(f"/* {text} */\n")

    def words(self, *more, out=None):
        return [sys.executable, "-B", str(COMMAND), *map(str, more), "--out",
                str(out or self.out), "--grader", str(FAKE),
                "--allow-weak-sandbox"]

    def env(self):
        return {**os.environ, "HOME": str(self.folder), "NO_COLOR": "1"}

    def run_it(self, *more, out=None, status=0):
        done = subprocess.run(
            self.words(*more, out=out), stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, env=self.env(), timeout=LIMIT_S,
            check=False)
        text = done.stdout.decode()
        self.assertEqual(done.returncode, status, text)
        self.assertNotIn("Traceback", text)
        return text

    def grade(self, *more, status=0, jobs=3):
        return self.run_it(self.handed, "--jobs", jobs, *more, status=status)

    def calls(self):
        return len(self.log.read_text().split()) if self.log.exists() else 0

    def results(self, out=None):
        """Everything that a grade says, without what is never the same."""
        found = {}
        for one in store.read_all(out or self.out):
            meta = {name: value for name, value in one.meta.items()
                    if name not in PASSING}
            result = {**one.result, "submission": ""}  # the folder's own
            found[one.student] = (meta, result)
        return found


class Grading(Class):
    def setUp(self):
        super().setUp()
        self.hand_in(ada=["good", "good"], bob=["good", "bad"],
                     eve="good probe")
        (self.handed / "ulf.zip").write_bytes(b"no zip")

    def test_everybody_gets_a_folder_and_the_class_a_page(self):
        text = self.grade("--twice", 2)
        self.assertIn("[6/6]", text)
        self.assertIn("ulf: refused", text)
        scores = {name: result["score"] for name, (_, result)
                  in self.results().items()}
        self.assertEqual(scores, {"ada": 2, "bob": 1, "eve": 1, "ulf": 0})
        self.assertEqual(self.results()["eve"][0]["findings"],
                         ["it tried something"])
        self.assertIn("of which 2 came out the same", text)
        for name in ("index.html", "marks.csv", "items.csv", "changes.txt"):
            self.assertTrue((self.out / name).is_file(), name)
        folder = self.out / "students" / "ada"
        self.assertEqual((folder / "result.txt").read_text(), "graded labs\n")
        self.assertEqual(json.loads((folder / "result.json").read_text())
                         ["submission"], str(folder / "submission"))
        self.assertEqual(list((self.out / ".work").iterdir()), [])

    def test_what_is_done_is_kept(self):
        self.grade()
        before, calls = self.results(), self.calls()
        text = self.grade()
        self.assertEqual(self.calls(), calls)
        self.assertEqual(text.count("done before"), 5)  # and Ulf's refusal
        self.assertEqual(self.results(), before)
        self.grade("--seeds", 7, "--twice", 0)
        self.assertEqual(self.calls(), 2 * calls - 2)  # other options
        self.assertIn("No grade differs",
                      (self.out / "changes.txt").read_text())
        self.grade("--seeds", 7, "--fresh", "--twice", 0)
        self.assertEqual(self.calls(), 3 * calls - 4)

    def test_who_hands_in_anew_is_graded_anew_and_told(self):
        self.grade("--twice", 0)
        calls = self.calls()
        (self.out / "overrides.json").write_text(json.dumps([
            {"student": "bob", "test": "rpc/f1", "score": 1, "was": 0,
             "reason": "shown"}]))
        self.hand_in(bob=["bad", "bad"])
        text = self.grade("--twice", 0)
        self.assertEqual(self.calls(), calls + 1)
        self.assertIn("1 grades differ", text)
        changes = (self.out / "changes.txt").read_text()
        self.assertIn("bob: 1 -> 0 points (another submission)", changes)
        marks = (self.out / "marks.csv").read_text()
        self.assertIn("shown", marks)  # the override has outlived it

    def test_one_by_one_is_the_same_as_all_at_once(self):
        self.grade("--twice", 0)
        other = self.folder / "other"
        several = [subprocess.Popen(
            self.words("--one", path, out=other), env=self.env(),
            stdout=subprocess.DEVNULL) for path in self.handed.iterdir()]
        self.assertEqual([one.wait(LIMIT_S) for one in several], [0] * 4)
        text = self.run_it("--report", other, out=other)
        self.assertIn("4 students", text)
        ours, theirs = self.results(), self.results(other)
        self.assertEqual(ours, theirs)
        self.assertEqual((self.out / "marks.csv").read_text(),
                         (other / "marks.csv").read_text())

    def test_a_weak_sandbox_has_to_be_accepted(self):
        done = subprocess.run(
            self.words(self.handed)[:-1], stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, env=self.env(), check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn(b"--allow-weak-sandbox", done.stdout)
        self.assertEqual(self.calls(), 0)

    def test_wrong_words_get_a_sentence(self):
        for words, said in ((["nowhere"], "there is no folder"),
                            ([self.handed, "--lab", "x"], "no lab 'x'"),
                            (["--one", "nowhere"], "there is no nowhere"),
                            (["--report", self.folder], "holds no results"),
                            ([self.folder], "lies among the submissions"),
                            ([self.handed, "--secret", "x"], "no file"),
                            ([self.handed, "--late", "x"], "no file x")):
            text = self.run_it(*words, status=2)
            self.assertIn(said, text)
            self.assertEqual(text.count("\n"), 1, text)

    def test_a_moody_submission_is_found_by_the_second_grade(self):
        self.hand_in(ada="good moody", bob="good moody", eve="good moody")
        text = self.grade("--twice", 1)
        self.assertIn("graded twice, did not get the same", text)


class Stopped(Class):
    def start(self):
        return subprocess.Popen(
            self.words(self.handed, "--jobs", 3, "--twice", 0),
            env=self.env(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            start_new_session=True)

    def until(self, what):
        """Waits for something that is bound to come."""
        for _ in range(WAIT_S * 20):
            if what():
                return
            time.sleep(0.05)
        self.fail("it did not come about")

    def left(self):
        """Processes that still speak of our folder."""
        found = []
        for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
            try:
                words = path.read_bytes()
            except OSError:
                continue
            if str(self.folder).encode() in words:
                found.append(words)
        return found

    def play(self, how, status):
        """Stops a class in the middle, and lets it go on."""
        self.hand_in(a="good", b="good", c="good held", d="good held",
                     e="good", f="good bad")
        process = self.start()
        self.until(lambda: len(store.read_all(self.out)) >= 2)
        self.until(lambda: len(list(self.out.glob(
            ".work/[cd].*/made/result.json"))) == 2)
        how(process)
        process.communicate(timeout=LIMIT_S)
        self.assertEqual(process.returncode, status)
        if pathlib.Path("/proc").is_dir():
            self.until(lambda: not self.left())
        done = store.read_all(self.out)
        self.assertIn(len(done), (2, 3, 4))  # all but those that are held
        (self.folder / "go").touch()
        calls = self.calls()
        text = self.grade("--twice", 0)
        self.assertEqual(text.count("done before"), len(done))
        self.assertEqual(self.calls(), calls + 6 - len(done))
        self.assertEqual(list((self.out / ".work").iterdir()), [])
        self.assertEqual(len(self.results()), 6)

    def test_killed_it_goes_on_to_the_same_end(self):
        self.play(lambda process: process.kill(), -signal.SIGKILL)
        whole = self.folder / "whole"
        self.run_it(self.handed, "--twice", 0, out=whole)
        self.assertEqual(self.results(), self.results(whole))
        for name in ("marks.csv", "items.csv"):
            self.assertEqual((self.out / name).read_text(),
                             (whole / name).read_text())

    def test_interrupted_it_goes_on_to_the_same_end(self):
        self.play(lambda process: process.send_signal(signal.SIGINT), 130)

    def test_two_at_a_time_are_refused(self):
        self.hand_in(ada="good held", bob="good held")
        process = self.start()
        self.until(lambda: (self.out / ".lock").exists()
                   and (self.out / "class.json").exists())
        text = self.grade(status=2)
        self.assertIn(f"process {process.pid} is grading", text)
        (self.folder / "go").touch()
        process.communicate(timeout=LIMIT_S)
        self.assertEqual(process.returncode, 0)


class Troubles(Class):
    def test_a_grader_that_fails_is_no_verdict(self):
        self.hand_in(ada="good", bob="silent", eve="good broken")
        text = self.grade("--twice", 0, status=1)
        self.assertIn("bob: the grader came to no results (status 4)", text)
        self.assertIn("2 grades came to no verdict", text)
        self.assertIn("bob: no results yet", text)
        self.assertIn("eve: the grader stopped early (status 4)", text)
        calls = self.calls()
        self.hand_in(bob="good")
        self.grade("--twice", 0, status=1)
        self.assertEqual(self.calls(), calls + 2)  # eve again, not ada
        self.assertEqual(sorted(self.results()), ["ada", "bob", "eve"])

    def test_whoever_makes_the_grader_fail_gains_nothing(self):
        self.hand_in(ada=["good", "good"], bob=["good", "good flaky"],
                     eve=["good", "good provokes"])
        text = self.grade("--twice", 0, status=1)
        self.assertIn("eve: 1/2", text)
        found = store.read(self.out / "students" / "bob")
        self.assertEqual((found.score, found.max_score), (2, 2))
        self.assertEqual(found.meta["tried_twice"], ["rpc/f1"])
        self.assertEqual(found.meta["look"], [])
        found = store.read(self.out / "students" / "eve")
        self.assertEqual((found.score, found.max_score), (1, 2))
        look, = found.meta["look"]
        self.assertIn("rpc/f1 needs a look", look)
        marks = {line.split(",")[0]: line for line in
                 (self.out / "marks.csv").read_text().splitlines()}
        self.assertIn(",1,2,50,", marks["eve"])
        page = (self.out / "index.html").read_text()
        for where in (marks["eve"], page):
            self.assertIn("rpc/f1 needs a look", where)
        self.assertIn("bob: the grader itself failed in rpc/f1", page)
        self.assertIn("Provisional", (self.out / "students" / "eve" /
                                      "for-student" / "grade.txt").read_text())
        calls = self.calls()
        self.grade("--twice", 0, status=1)
        self.assertEqual(self.calls(), calls)  # neither of them a third time
        (self.folder / "o.json").write_text(json.dumps([
            {"student": "eve", "test": "rpc/f1", "score": 1, "reason": "x"}]))
        self.run_it("--report", self.out, "--overrides",
                    self.folder / "o.json")
        self.assertIn('\neve,,2,1,2,0,0,2,2,100,',
                      (self.out / "marks.csv").read_text())

    def test_a_grade_without_end_is_stopped(self):
        self.hand_in(ada="good for ever")
        work = self.folder / "work"
        work.mkdir()
        ended = grading.run(
            [sys.executable, str(FAKE), "--submission",
             str(self.handed / "ada"), "--json", str(work / "r.json")],
            work, work / "out.txt", 1.0)
        self.assertTrue(ended.out_of_time)
        self.assertNotEqual(ended.status, 0)
        self.assertFalse(json.loads((work / "r.json").read_text())["finished"])


class Loads(Class):
    def test_the_same_under_every_load(self):
        self.hand_in(ada=["good", "bad"])
        text = self.run_it("--loads", self.handed / "ada", "--copies", 2)
        self.assertEqual(text.count("like alone"), 3)
        self.assertIn("0 of 3 grades differ", text)

    def test_what_differs_is_named(self):
        self.hand_in(ada="good moody")
        text = self.run_it("--loads", self.handed / "ada", "--copies", 2,
                           status=1)
        self.assertIn("rpc/f0: passed both times, but the nodes did different",
                      text)
        self.assertIn("3 of 3 grades differ", text)


if __name__ == "__main__":
    unittest.main()
