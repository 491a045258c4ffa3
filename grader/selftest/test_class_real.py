"""Proves, with the real grader and real submissions of lab 1, that a class gets
the points that each deserves, behind whatever barrier there is; and that load
changes neither points nor trace hashes."""

import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "grader"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from classroom import store  # noqa: E402

COMMAND = ROOT / "grader" / "grade-class"
LIMIT_S = 1000
# Few tests, but of each kind; none hidden, so that students' kits can run it.
SOME = ("--lab", "rpc", "--world", "sim", "--only", "rpc/warmup_all", "--only",
        "rpc/echo", "--only", "rpc/split_anywhere", "--no-pages",
        "--allow-weak-sandbox")
CHOSEN = ("ada", "carla", "rosa", "mallory-exits", "mallory-archive")


class Real(unittest.TestCase):
    def setUp(self):
        if not (ROOT / "solution").is_dir():
            self.skipTest("there is no reference here to make a class of")
        self._folder = tempfile.TemporaryDirectory(prefix="cv-test-")
        self.folder = pathlib.Path(self._folder.name)
        self.out = self.folder / "results"

    def tearDown(self):
        if hasattr(self, "_folder"):
            self._folder.cleanup()

    def hand_in(self, *names):
        import make_class
        make_class.make(self.folder / "handed", [
            one for one in make_class.a_few() if one[0] in names])
        return self.folder / "handed"

    def run_it(self, *words):
        done = subprocess.run(
            [sys.executable, "-B", str(COMMAND), *map(str, words), "--out",
             str(self.out), *SOME], stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, timeout=LIMIT_S, check=False,
            env={**os.environ, "NO_COLOR": "1"})
        text = done.stdout.decode()
        self.assertEqual(done.returncode, 0, text)
        return text

    def test_a_class_gets_what_it_deserves(self):
        text = self.run_it(self.hand_in(*CHOSEN), "--twice", 1)
        found = {one.student: one for one in store.read_all(self.out)}
        self.assertEqual(sorted(found), sorted(CHOSEN), text)
        shares = {name: one.score / one.max_score
                  for name, one in found.items()}
        self.assertEqual(shares.pop("ada"), 1.0, text)
        self.assertEqual(set(shares.values()), {0.0}, text)
        statuses = {test["status"] for _, test in found["rosa"].tests()}
        self.assertEqual(statuses, {"not_built"})
        self.assertEqual(len(found["mallory-archive"].meta["findings"]), 5)
        self.assertFalse((self.folder / "escaped.txt").exists())
        self.assertIn("of which 1 came out the same", text)

    def test_load_changes_nothing(self):
        handed = self.hand_in("ada")
        text = self.run_it("--loads", handed / "ada", "--copies", 2)
        self.assertEqual(text.count("like alone"), 3, text)
        self.assertRegex(text, r"0 of 3 grades differ.*[1-9]\d* trace hashes")


if __name__ == "__main__":
    unittest.main()
