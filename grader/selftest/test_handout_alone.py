"""Proves that packages live on their own: unpacked elsewhere they build and
grade, with nothing of this tree at hand.

Compiles the kit twice; everything else here is in test_handout.py.
"""

import io
import json
import os
import pathlib
import subprocess
import sys
import tarfile
import tempfile
import unittest
import zipfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "grader"))

from conclave import discover  # noqa: E402
from packing import (archive, autograders, files,  # noqa: E402
                     reference)

# As in a student's terminal: nothing of this build is inherited.
ENV = {name: value for name, value in os.environ.items() if name not in (
    "BUILD", "FLAVOUR", "MAKEFLAGS", "MAKELEVEL", "PYTHONPATH")}
ENV["CFLAGS"] = "-O0 -g0"  # compiles in a third of the time
LIMIT_S = 900


@unittest.skipUnless((ROOT / "solution").is_dir(), "there is no solution/ here")
class Alone(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.courses = discover.load_all(ROOT / "labs")

    def run_it(self, *words, cwd, **env):
        done = subprocess.run(
            [str(word) for word in words], cwd=cwd, env={**ENV, **env},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            timeout=LIMIT_S)
        return done.returncode, done.stdout

    def unpack(self, content, into):
        with tarfile.open(fileobj=io.BytesIO(content)) as tar:
            for member in tar.getmembers():
                tar.extract(member, into)

    def put(self, kit, folder):
        """The reference's files of a lab in the place of the student's."""
        for path in (ROOT / "solution" / folder).glob("*.[ch]"):
            (kit / "labs" / folder / path.name).write_bytes(path.read_bytes())

    def grade(self, kit, status=None):
        """{lab: (points, notes)} of two quick tests."""
        path = self.folder / "out.json"
        got, said = self.run_it(
            kit / "grader" / "grade", "--world", "sim", "--only", "warmup_all",
            "--only", "grants_a_vote", "--json", path, cwd=kit)
        if status is not None:
            self.assertEqual(got, status, said)
            return said
        self.assertIn(got, (0, 1), said)
        return {lab["name"]: (lab["score"], lab["counted"], lab["note"])
                for lab in json.loads(path.read_text())["labs"]}

    def test_a_student_works_with_the_first_two_labs(self):
        made = files.package(ROOT, self.courses, 2)
        self.unpack(archive.tar_gz_bytes(made, "kit"), self.folder)
        kit = self.folder / "kit"
        self.assertFalse((kit / "solution").exists())

        found = self.grade(kit)
        self.assertEqual(list(found), ["rpc", "election"])
        self.assertEqual([lab[0] for lab in found.values()], [0, 0])
        self.assertIn("comes with official grading", found["election"][2])

        self.put(kit, "2-election")
        self.assertEqual(self.grade(kit)["election"][:2], (0, "own"))

        for form in (reference.OBJECTS, reference.SOURCE):
            handed = reference.package(ROOT, self.courses[0], form)
            self.unpack(archive.tar_gz_bytes(handed), kit)
            found = self.grade(kit)
            self.assertEqual(found["election"][:2], (2, "isolated"), form)
            if form == reference.OBJECTS:
                machine = kit / "reference" / "1-rpc" / "machine"
                machine.write_text("pdp11-unix\n")
                self.assertIn("compiled for pdp11-unix",
                              self.grade(kit, status=2))
                for path in (kit / "reference" / "1-rpc").iterdir():
                    path.unlink()

        self.put(kit, "1-rpc")
        found = self.grade(kit)
        self.assertEqual((found["rpc"][0], found["election"][0]), (2, 2))
        self.run_it("make", "submission", cwd=kit)
        with tarfile.open(kit / "build" / "submission.tar.gz") as tar:
            names = tar.getnames()
        self.assertIn("1-rpc/rpc.c", names)
        self.assertEqual([name for name in names
                          if not name.endswith((".c", ".h"))], [])

    def test_gradescopes_zip_grades(self):
        made = autograders.gradescope(ROOT, autograders.Asked(
            ["rpc"], self.courses, 0, b"a secret that is long enough"))
        with zipfile.ZipFile(io.BytesIO(archive.zip_bytes(made))) as zipped:
            self.assertTrue({"setup.sh", "run_autograder"} <=
                            set(zipped.namelist()))
            for info in zipped.infolist():
                path = pathlib.Path(zipped.extract(
                    info, self.folder / "source"))
                os.chmod(path, info.external_attr >> 16 & 0o777)
        settings = self.folder / "source" / "conclave.json"
        settings.write_text(json.dumps({
            **json.loads(settings.read_text()), "words": [
                "--only", "warmup_all", "--only", "rpc/hidden", "--seeds", "1",
                "--world", "sim", "--sandbox", "limits",
                "--allow-weak-sandbox"]}))
        (self.folder / "submission").mkdir()
        for path in (ROOT / "solution" / "1-rpc").glob("*.c"):
            (self.folder / "submission" / path.name).write_bytes(
                path.read_bytes())
        _, said = self.run_it(self.folder / "source" / "run_autograder",
                              cwd=self.folder, AUTOGRADER=str(self.folder))
        found = json.loads((self.folder / "results" / "results.json")
                           .read_text())
        seen = {}
        for test in found["tests"]:
            self.assertEqual(test["score"], test["max_score"], said)
            seen.setdefault(test["visibility"], []).append(test["score"])
        self.assertEqual(seen, {"visible": [2], "after_published": [5, 5]},
                         said + str(found))
        self.assertIs(found["extra_data"]["official"], True)
        self.assertEqual(found["extra_data"]["first_seeds"], "secret")


if __name__ == "__main__":
    unittest.main()
