"""Proves that students get everything but the solution, the same bytes every
time, and that what they get builds and grades on its own."""

import io
import os
import pathlib
import re
import sys
import tarfile
import tempfile
import unittest
import zipfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "grader"))

from conclave import discover, kit  # noqa: E402
from packing import archive, files, leaks, reference  # noqa: E402
from packing.archive import Entry  # noqa: E402
from packing.files import Trouble  # noqa: E402

HAS_SOLUTION = (ROOT / "solution").is_dir()
NEEDS_SOLUTION = unittest.skipUnless(HAS_SOLUTION,
                                     "there is no solution/ here")
_LINK = re.compile(r"\]\(([^)#:]+)(#[^)]*)?\)")


class Archives(unittest.TestCase):
    FILES = {"b/run": Entry(b"#!/bin/sh\n", True), "a": Entry(b"text\n")}

    def test_tar_is_the_same_whoever_makes_it(self):
        first = archive.tar_gz_bytes(self.FILES, "top")
        again = archive.tar_gz_bytes(dict(reversed(self.FILES.items())), "top")
        self.assertEqual(first, again)
        with tarfile.open(fileobj=io.BytesIO(first)) as tar:
            members = tar.getmembers()
        self.assertEqual([(one.name, one.mode) for one in members],
                         [("top/a", 0o644), ("top/b/run", 0o755)])
        self.assertEqual({(one.uid, one.gid, one.uname) for one in members},
                         {(0, 0, "")})
        self.assertEqual(len({one.mtime for one in members}), 1)

    def test_zip_is_the_same_and_keeps_modes(self):
        first = archive.zip_bytes(self.FILES)
        self.assertEqual(
            first, archive.zip_bytes(dict(reversed(self.FILES.items()))))
        with zipfile.ZipFile(io.BytesIO(first)) as zipped:
            modes = {one.filename: one.external_attr >> 16 & 0o777
                     for one in zipped.infolist()}
        self.assertEqual(modes, {"a": 0o644, "b/run": 0o755})


class Leaks(unittest.TestCase):
    """A made-up solution, and packages that hold pieces of it."""

    MASTER = """\
int public_function_that_all_may_see(void);
// BEGIN SOLUTION:
// | return a_stub_that_students_are_given();
int secret = compute_the_answer(of, everything);
short line;
first(short);
second(short_one);
third(short_one);
for (int i = 0; i < config->node_count; i++) {
// END SOLUTION
"""
    HIDDEN = """\
async def xyzzy_drawn(c):
    await nobody_may_see_this_line(c)
"""
    PATCH = """\
Bug: 1
Name: votes-twice
What: it forgets whom it has voted for, and votes

--- a/solution/1-lab/lab.c
+++ b/solution/1-lab/lab.c
@@ -1 +1 @@
-    int what_was_there_before_the_bug;
+    int what_the_bug_has_put_in_its_place;
"""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.solution = pathlib.Path(folder.name) / "solution"
        for name, text in (("1-lab/lab.c", self.MASTER),
                           ("hidden/1-lab/tests.py", self.HIDDEN),
                           ("bugs/votes-twice.patch", self.PATCH)):
            (self.solution / name).parent.mkdir(parents=True)
            (self.solution / name).write_text(text)
        (self.solution / leaks.SHARED).write_text(
            leaks.list_text({"for (int i = 0; i < config->node_count; i++) {"}))

    def found(self, text):
        return leaks.search({"labs/x.c": Entry(text.encode())}, self.solution)

    def test_every_kind_is_found_with_its_place(self):
        for line, where in (
                ("\tint secret =  compute_the_answer(of, everything);",
                 "solution/1-lab/lab.c"),
                ("await nobody_may_see_this_line(c)",
                 "solution/hidden/1-lab/tests.py"),
                ("int what_the_bug_has_put_in_its_place;",
                 "solution/bugs/votes-twice.patch"),
                ("What: it forgets whom it has voted for, and votes",
                 "solution/bugs/votes-twice.patch")):
            with self.subTest(line):
                sentence, = self.found(f"int a;\n{line}\n")
                self.assertIn("labs/x.c:2", sentence)
                self.assertIn(where, sentence)

    def test_short_lines_are_found_in_a_row(self):
        lines = ["first(short);", "second(short_one);", "third(short_one);"]
        self.assertEqual(self.found("\n".join(lines[:2])), [])
        self.assertEqual(self.found("\n".join(lines[::-1])), [])
        sentence, = self.found("int a;\n  {\n" + "\n\n{\n".join(lines))
        self.assertIn("labs/x.c:3 ", sentence)

    def test_a_hidden_tests_name_is_found_in_any_text(self):
        sentence, = self.found("see `xyzzy_drawn`.\n")
        self.assertIn("xyzzy_drawn", sentence)
        self.assertEqual(self.found("see xyzzy_drawn_not\n"), [])

    def test_what_is_no_secret_is_not_found(self):
        for line in ("int public_function_that_all_may_see(void);",
                     "return a_stub_that_students_are_given();",
                     "short line;", "int what_was_there_before_the_bug;",
                     "for (int i = 0; i < config->node_count; i++) {"):
            self.assertEqual(self.found(line + "\n"), [], line)


@NEEDS_SOLUTION
class Package(unittest.TestCase):
    """This very tree's."""

    @classmethod
    def setUpClass(cls):
        cls.courses = discover.load_all(ROOT / "labs")
        cls.files = files.package(ROOT, cls.courses)

    def test_holds_no_line_of_the_solution(self):
        self.assertGreater(len(leaks.secrets(ROOT / "solution")), 1000)
        self.assertEqual(leaks.search(self.files, ROOT / "solution"), [])

    def test_every_solution_file_would_be_noticed(self):
        for path in sorted((ROOT / "solution").glob("*-*/*.c")):
            found = leaks.search({"labs/x.c": Entry(path.read_bytes())},
                                 ROOT / "solution")
            self.assertTrue(found, f"{path.name} could be handed out")

    def test_leaves_out_what_is_the_instructors(self):
        tops = {name.split("/")[0] for name in self.files}
        self.assertEqual(tops, {
            ".clang-format", ".gitignore", ".kit", "Containerfile", "Makefile",
            "README.md", "VERSION", "docs", "grader", "handout", "labs"})
        for kept in kit.KEPT_BACK:
            self.assertFalse([name for name in self.files
                              if name.startswith(kept)], kept)
        self.assertNotEqual(self.files["README.md"].content,
                            (ROOT / "README.md").read_bytes())

    def test_says_its_version_everywhere_alike(self):
        version = files.version_in(self.files)
        self.assertRegex(version, r"^\d+\.\d+\+[0-9a-f]{10}$")
        self.assertIn(version, self.files["README.md"].content.decode())
        self.assertEqual(files.package_name(self.files, self.courses),
                         f"conclave-{version}")
        with tempfile.TemporaryDirectory() as folder:
            archive.write_folder(self.files, pathlib.Path(folder) / "kit")
            self.assertEqual(kit.version(pathlib.Path(folder) / "kit"), version)

    def test_a_copy_of_the_tree_makes_the_same_bytes(self):
        tree = files.read_all(ROOT)
        made = []
        with tempfile.TemporaryDirectory() as folder:
            for number, names in enumerate((sorted(tree), sorted(tree)[::-1])):
                copy = pathlib.Path(folder) / str(number)
                for name in names:
                    path = copy / name
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_bytes(tree[name].content)
                    os.chmod(path, 0o755 if tree[name].program else
                             0o600 + 0o44 * number)
                    os.utime(path, (number, number))
                junk = copy / "grader" / "__pycache__" / f"{number}.pyc"
                junk.parent.mkdir(exist_ok=True)
                junk.write_bytes(b"junk")
                made.append(archive.tar_gz_bytes(
                    files.package(copy, self.courses), "kit"))
        self.assertEqual(*made)

    def test_its_pages_link_to_what_it_holds(self):
        dead = []
        for name, entry in self.files.items():
            if not name.endswith(".md"):
                continue
            for target, _ in _LINK.findall(entry.content.decode()):
                path = os.path.normpath(os.path.join(os.path.dirname(name),
                                                     target))
                if path not in self.files and not any(
                        other.startswith(path + "/") for other in self.files):
                    dead.append(f"{name}: {target}")
        self.assertEqual(dead, [])

    def test_labs_come_one_by_one(self):
        some = files.package(ROOT, self.courses, 2)
        later = [name for name in some if re.match(r"labs/[3-9]", name)]
        self.assertTrue(later)
        self.assertEqual([name for name in later if not name.endswith(".h")],
                         [])
        self.assertIn("labs/2-election/election.c", some)
        self.assertNotIn("3-replication",
                         some["labs/.skeletons"].content.decode())
        self.assertIn("Lab 2: ", some["README.md"].content.decode())
        self.assertNotIn("Lab 3: ", some["README.md"].content.decode())
        name = files.package_name(some, self.courses, 2)
        self.assertEqual(name,
                         f"conclave-{files.version_in(some)}-labs-1-2")


@NEEDS_SOLUTION
class Reference(unittest.TestCase):
    """A past lab's, to go on with."""

    def test_source_is_the_master_without_its_marks(self):
        course, = [one for one in discover.load_all(ROOT / "labs")
                   if one.lab.name == "election"]
        made = reference.package(ROOT, course, reference.SOURCE)
        text = made["reference/2-election/election.c"].content.decode()
        master = (ROOT / "solution/2-election/election.c").read_text()
        self.assertNotIn("SOLUTION", text)
        self.assertNotIn("// |", text)
        for line in leaks.secrets(ROOT / "solution"):
            if line in map(leaks.squeeze, master.splitlines()) and \
                    not line.startswith("//"):
                self.assertIn(line, map(leaks.squeeze, text.splitlines()))

    def test_a_lab_without_a_file_is_told(self):
        course = discover.load_all(ROOT / "labs")[0]
        with tempfile.TemporaryDirectory() as folder:
            with self.assertRaises(Trouble):
                reference.package(pathlib.Path(folder), course,
                                  reference.SOURCE)


if __name__ == "__main__":
    unittest.main()
