"""Proves that findings say what lies in a submission and what its sources hold,
and that honest work has none."""

import pathlib
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "grader"))

from conclave import discover, findings  # noqa: E402
from conclave.results import Grade  # noqa: E402
from conclave.submission import BadSubmission, Submission  # noqa: E402


class Submissions(unittest.TestCase):
    """What lies in a submission beside C files."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="cv-test-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.labs = [one.lab for one in discover.load_all(ROOT / "labs")]
        self.mine = self.folder / "mine"
        (self.mine / "1-rpc").mkdir(parents=True)
        (self.mine / "1-rpc" / "rpc.c").write_text("int here;\n")

    def submission(self):
        return Submission(self.mine, ROOT, self.labs, [])

    def found(self):
        return "\n".join(findings.all_of(self.submission(), self.labs,
                                         Grade([], 1, "")))

    def test_honest_files_are_not_remarked_upon(self):
        (self.mine / "README.md").write_text("mine")
        self.assertEqual(self.found(), "")

    def test_the_skeletons_and_the_reference_are_honest(self):
        for name in ("labs", "solution"):
            if (ROOT / name).is_dir():
                one = Submission(ROOT / name, ROOT, self.labs, [])
                said = [text for text in findings.all_of(
                    one, self.labs, Grade([], 1, "")) if ".c:" in text]
                self.assertEqual(said, [])

    def test_a_makefile_of_its_own_is_ignored_and_told(self):
        (self.mine / "1-rpc" / "Makefile").write_text("all:; rm -rf /\n")
        self.assertIn("1-rpc/Makefile was ignored", self.found())
        self.assertEqual(list(self.submission().files(self.labs[0])),
                         ["rpc.c"])

    def test_the_kits_own_tests_are_ignored_in_silence(self):
        tests = (ROOT / "labs" / "1-rpc" / "tests.py").read_text()
        (self.mine / "1-rpc" / "tests.py").write_text(tests)
        self.assertEqual(self.found(), "")
        (self.mine / "1-rpc" / "tests.py").write_text(tests + "# mine\n")
        self.assertIn("1-rpc/tests.py was ignored", self.found())

    def test_a_linked_file_is_not_followed(self):
        (self.mine / "1-rpc" / "more.c").symlink_to("/etc/passwd")
        self.assertIn("1-rpc/more.c is a link (to /etc/passwd)", self.found())
        self.assertEqual(list(self.submission().files(self.labs[0])),
                         ["rpc.c"])

    def test_a_linked_stage_is_no_stage(self):
        (self.mine / "2-election").symlink_to(ROOT / "labs" / "2-election")
        self.assertIsNone(self.submission().stage(self.labs[1]))
        with self.assertRaisesRegex(BadSubmission, "leads out of"):
            self.submission().files(self.labs[1])
        self.assertIn("2-election is a link", self.found())

    def test_sources_are_read_as_a_compiler_reads_them(self):
        (self.mine / "1-rpc" / "rpc.c").write_text(
            "/* fork() is not for nodes */\n// asm\n"
            '#include "../../solution/1-rpc/rpc.c"\n'
            'static void f(void) { __asm__("nop"); }\n')
        said = self.found()
        self.assertIn("1-rpc/rpc.c:3 includes ../../solution/1-rpc/rpc.c",
                      said)
        self.assertIn("1-rpc/rpc.c:4 has assembly", said)
        self.assertNotIn("fork", said)

    def test_names_of_strangers_stay_on_one_line(self):
        (self.mine / "a\nb.sh").write_text("")
        self.assertIn("a?b.sh was ignored", self.found())


if __name__ == "__main__":
    unittest.main()
