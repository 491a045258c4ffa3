"""Proves that official seeds are secret, the same for all and repeatable, and
that hidden tests are found, kept apart and can fail."""

import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "grader"))

from conclave import (bugs, discover, explore, kit,  # noqa: E402
                      official)
from conclave.failure import GraderError  # noqa: E402
from conclave.official import (BadOfficial, PublishedSeeds,  # noqa: E402
                               SecretSeeds)

NUMBER = kit.number(ROOT)
HIDDEN = ROOT / "solution" / "hidden"
NEEDS_SOLUTION = unittest.skipUnless(HIDDEN.is_dir(),
                                     "there is no solution/ here")
SECRET = b"a secret that is long enough"


def caught():
    """A seeded bug -> the hidden test of its lab that must catch it."""
    lines = (HIDDEN / "catches").read_text().splitlines()
    return dict(line.split() for line in lines)


class Folder(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        (self.folder / "secret").write_bytes(SECRET + b"\n")

    def grade(self, *words, status=None):
        """(what it said, its JSON or None)."""
        path = self.folder / "out.json"
        path.unlink(missing_ok=True)
        done = subprocess.run(
            [sys.executable, str(ROOT / "grader" / "grade"), *map(str, words),
             "--json", str(path)], stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, timeout=600, cwd=ROOT)
        if status is not None:
            self.assertEqual(done.returncode, status, done.stdout)
        return done.stdout, \
            json.loads(path.read_text()) if path.exists() else None


class Seeds(Folder):
    def test_each_test_has_its_own_and_everybody_the_same(self):
        one, same = SecretSeeds(SECRET, "1.0"), SecretSeeds(SECRET, "1.0")
        self.assertEqual(one.first("rpc/echo"), same.first("rpc/echo"))
        others = {one.first("rpc/echo"), one.first("rpc/pings"),
                  SecretSeeds(SECRET, "1.1").first("rpc/echo"),
                  SecretSeeds(SECRET + b"x", "1.0").first("rpc/echo")}
        self.assertEqual(len(others), 4)
        for seed in others:
            self.assertTrue(0 <= seed < 1 << 48)

    def test_a_fixed_secret_gives_the_seeds_that_it_gave_last_year(self):
        # Whoever changes this makes old grades unrepeatable.
        self.assertEqual(SecretSeeds(SECRET, "1.0").first("rpc/echo"),
                         44389803244946)

    def test_published_seeds_are_the_secret_ones_of_public_tests(self):
        secret = SecretSeeds(SECRET, NUMBER)
        courses = discover.load_all(ROOT / "labs")
        if HIDDEN.is_dir():
            courses = official.with_hidden(HIDDEN, courses)
        path = self.folder / "seeds.json"
        path.write_text(official.publish(secret, NUMBER, courses))
        published = PublishedSeeds(path, NUMBER)
        count = 0
        for course in courses:
            for test in course.tests:
                name = discover.test_id(course.lab, test)
                if test.hidden:
                    self.assertNotIn(name, path.read_text())
                    continue
                count += 1
                self.assertEqual(published.first(name), secret.first(name))
        self.assertGreater(count, 200)
        self.assertNotIn(SECRET.decode(), path.read_text())
        with self.assertRaises(BadOfficial) as caught:
            published.first("rpc/unknown")
        self.assertIn("rpc/unknown", str(caught.exception))

    def test_bad_files_are_told(self):
        path = self.folder / "seeds.json"
        path.write_text(json.dumps({"kit": "0.9", "seeds": {"rpc/echo": 1}}))
        for text, words in ((path.read_text(), "kit 0.9"), ("[]", "no file of"),
                            ("{", "no file of"), ('{"kit": "1"}', "no file")):
            path.write_text(text)
            with self.assertRaises(BadOfficial) as caught:
                PublishedSeeds(path, NUMBER)
            self.assertIn(words, str(caught.exception))
        (self.folder / "secret").write_text("short\n")
        with self.assertRaises(BadOfficial) as caught:
            official.read_secret(self.folder / "secret")
        self.assertIn("can be guessed", str(caught.exception))

    def test_official_grading_without_a_secret_is_refused(self):
        said, found = self.grade("rpc", "--official", status=2)
        self.assertIn("--secret FILE", said)
        self.assertIsNone(found)

    def test_a_long_seed_of_crash_points_is_a_whole_story(self):
        for seed in (1, 9_999, 1 << 47, 44_389_803_244_946):
            self.assertEqual(explore.first_of("log", seed), seed)
            self.assertIn(explore.first_of(explore.CRASHES, seed),
                          range(1, explore.CRASHES_STRIDE))
        self.assertEqual(explore.first_of(explore.CRASHES, 7), 7)

    @NEEDS_SOLUTION
    def test_crash_points_are_tried_from_a_secret_seed(self):
        said, graded = self.grade(
            "persistence", "--solution", "--world", "sim", "--only",
            "every_crash", "--seeds", "4", "--secret", self.folder / "secret",
            status=0)
        test, = graded["labs"][0]["tests"]
        self.assertEqual((test["status"], test["seeds"]), ("passed", 4), said)

    @NEEDS_SOLUTION
    def test_a_student_repeats_what_was_graded(self):
        words = ("rpc", "--solution", "--world", "sim", "--only", "rpc/echo",
                 "--only", "rpc/drawn_faults", "--seeds", "2", "--trace-hash")
        _, graded = self.grade(*words, "--secret", self.folder / "secret",
                               status=0)
        path = self.folder / "seeds.json"
        path.write_text(official.publish(
            SecretSeeds(SECRET, NUMBER), NUMBER,
            discover.load_all(ROOT / "labs")))
        _, again = self.grade(*words, "--published-seeds", path, status=0)
        self.assertEqual((graded["first_seeds"], again["first_seeds"]),
                         ("secret", "published"))
        for one, other in zip(graded["labs"][0]["tests"],
                              again["labs"][0]["tests"]):
            for name in ("name", "seed", "trace_hash", "status"):
                self.assertEqual(one[name], other[name])
            self.assertIn(str(one["seed"]), one["replay"])
        self.assertEqual(graded["kit"], kit.version(ROOT))


class Hidden(Folder):
    """A made-up lab with a public test, and files of hidden ones."""

    LAB = '''
from conclave import Lab, test
LAB = Lab(name="fake", folder="0-fake", title="Lab 0", hours="1",
          parts={"A": "one"}, binary="node-fake", stages=["fake"])
WORD = "shared"

@test("Public claim", part="A", points=2)
async def public(c):
    """Seen by all."""
'''
    MORE = '''
from conclave import test
from conclave_lab_0_fake import WORD

@test("Hidden claim: " + WORD, points=3, needs="public")
async def unseen(c):
    """Seen by few."""
'''

    def load(self, more, folder="0-fake"):
        lab = self.folder / "labs" / "0-fake"
        lab.mkdir(parents=True, exist_ok=True)
        (lab / "tests.py").write_text(self.LAB)
        place = self.folder / "hidden" / folder
        place.mkdir(parents=True, exist_ok=True)
        (place / "tests.py").write_text(more)
        return official.with_hidden(self.folder / "hidden",
                                    discover.load_all(self.folder / "labs"))

    def test_they_stand_behind_the_public_ones(self):
        course, = self.load(self.MORE)
        self.assertEqual([(one.name, one.hidden, one.part)
                          for one in course.tests],
                         [("public", False, "A"), ("unseen", True, "hidden")])
        self.assertEqual(course.tests[1].title, "Hidden claim: shared")
        self.assertEqual(list(course.lab.parts), ["A", "hidden"])

    def test_what_is_wrong_with_them_is_told(self):
        good = self.MORE
        for more, folder, words in (
                (good.replace("unseen", "public"), "0-fake", "two tests"),
                (good.replace('"public"', '"nobody"'), "0-fake", "nobody"),
                ("x = 1\n", "0-fake", "holds no test"),
                ("import nothing_like_it\n", "0-fake", "does not load")):
            with self.assertRaises(GraderError) as caught:
                self.load(more, folder)
            self.assertIn(words, str(caught.exception))
        with self.assertRaises(GraderError) as caught:
            self.load(good, "7-other")
        self.assertIn("7-other", str(caught.exception))
        with self.assertRaises(BadOfficial):
            official.with_hidden(self.folder / "none", [])

    @NEEDS_SOLUTION
    def test_every_lab_has_some_and_their_names_are_their_own(self):
        courses = official.with_hidden(HIDDEN,
                                       discover.load_all(ROOT / "labs"))
        names = {test.name for course in courses for test in course.tests
                 if not test.hidden}
        for course in courses:
            hidden = [test for test in course.tests if test.hidden]
            self.assertTrue(hidden, f"{course.lab.name} has no hidden test")
            self.assertEqual({test.name for test in hidden} & names, set())

    @NEEDS_SOLUTION
    def test_without_being_asked_for_they_are_not_there(self):
        labs = [course.lab.name for course in
                discover.load_all(ROOT / "labs")]  # electives, too
        public, _ = self.grade(*labs, "--list", "-v", status=0)
        with_them, _ = self.grade(*labs, "--list", "--hidden", HIDDEN,
                                  status=0)
        for name in caught().values():
            self.assertNotIn(name, public)
            self.assertIn(name, with_them)

    @NEEDS_SOLUTION
    def test_the_reference_passes_and_a_seeded_bug_fails_each(self):
        said, found = self.grade(
            *{name.split("/")[0]: 0 for name in caught().values()},
            "--solution", "--hidden", "solution/hidden", "--world", "sim",
            "--seeds", "2", *(f"--only={name}" for name in caught().values()),
            status=0)
        self.assertEqual({test["name"]: test["hidden"]
                          for lab in found["labs"] for test in lab["tests"]},
                         {name: True for name in caught().values()})
        self.assertEqual({lab["name"] for lab in found["labs"]},
                         {course.lab.name for course in
                          discover.load_all(ROOT / "labs")})
        for bug, name in caught().items():
            with self.subTest(bug):
                planted = self.folder / bug
                bugs.plant(bugs.load(ROOT / "solution" / "bugs" /
                                     f"{bug}.patch"), ROOT, planted)
                _, found = self.grade(
                    name.split("/")[0], "--submission", planted, "--hidden",
                    "solution/hidden", "--world", "sim", "--only", name,
                    status=1)
                test, = found["labs"][0]["tests"]
                self.assertEqual(test["status"], "failed")
                self.assertIn(" --hidden solution/hidden ", test["replay"])


if __name__ == "__main__":
    unittest.main()
