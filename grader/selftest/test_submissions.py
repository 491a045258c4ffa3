"""Proves that the worst submissions get a whole table and a named trouble.

Each is a working copy of the stages with one sabotage. What is graded are real
nodes; what is checked is the grader: that it ends, that every test has a
verdict, that the sentence fits, and that nothing is left running.
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
STAGES = ("1-rpc", "2-election")
LIMIT_S = 600  # of one grade; far more than it takes

BYTES = (r"void rpc_stream_bytes\(uint64_t stream, struct bytes bytes\)\n\{\n")
START = r"void rpc_start\(void\)\n\{\n"
HEADERS = "#include <stdio.h>\n#include <stdlib.h>\n#include <unistd.h>\n"


class BadSubmissions(unittest.TestCase):
    def setUp(self):
        self._folder = tempfile.TemporaryDirectory(prefix="cv-test-")
        self.folder = pathlib.Path(self._folder.name) / "s"
        self.temp = pathlib.Path(self._folder.name).resolve() / "t"
        self.folder.mkdir()
        self.temp.mkdir()

    def tearDown(self):
        self._folder.cleanup()

    def sabotage(self, place, statement):
        """A submission with a statement at the start of a function."""
        master = ROOT / "solution"
        if not master.is_dir():
            master = ROOT / "labs"
        done = 0
        for stage in STAGES:
            (self.folder / stage).mkdir()
            for path in sorted((master / stage).glob("*.c")):
                text, count = re.subn(place, lambda found: found.group(0)
                                      + "    " + statement + "\n",
                                      path.read_text())
                done += count
                if count:
                    text = "#define _GNU_SOURCE\n" + HEADERS + text
                (self.folder / stage / path.name).write_text(text)
        self.assertEqual(done, 1, f"the place to sabotage: {place}")

    def grade(self, *words):
        """(exit status, JSON, output) of a grade of lab 1."""
        path = self.folder / "result.json"
        done = subprocess.run(
            [str(ROOT / "grader" / "grade"), "rpc", "--submission",
             str(self.folder), "--world", "real", "--json", str(path), *words],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=LIMIT_S,
            cwd=str(ROOT), env={**os.environ, "TMPDIR": str(self.temp)},
            check=False)
        text = done.stdout.decode()
        result = json.loads(path.read_text())
        self.assertIn("Total", text)
        self.assertTrue(result["finished"], text)
        for lab in result["labs"]:
            for test in lab["tests"]:
                self.assertIn(test["status"], ("passed", "failed", "crashed",
                                               "timeout", "not_built"), test)
                if test["status"] != "passed":
                    self.assertTrue(test["observed"], test)
        return done.returncode, result, text

    def assert_named(self, words, status, least=1, *more):
        """Grades; at least so many tests have the words and the status."""
        code, result, text = self.grade(*more)
        found = [test for lab in result["labs"] for test in lab["tests"]
                 if re.search(words, test["observed"])
                 and test["status"] == status]
        self.assertGreaterEqual(len(found), least, text)
        return code, result

    def test_a_broken_lower_stage_leaves_isolated_credit(self):
        if not (ROOT / "solution").is_dir():
            self.skipTest("there is no reference here")
        self.sabotage(START, "this is not C;")
        path = self.folder / "result.json"
        done = subprocess.run(
            [str(ROOT / "grader" / "grade"), "election", "--submission",
             str(self.folder), "--json", str(path), "--only", "election/A"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=LIMIT_S,
            cwd=str(ROOT), check=False)
        (lab,) = json.loads(path.read_text())["labs"]
        self.assertEqual((lab["counted"], lab["score"]),
                         ("isolated", lab["max_score"]), done.stdout.decode())
        self.assertEqual(lab["stacks"]["own"], 0)
        self.assertEqual({test["status"] for test in lab["other_tests"]},
                         {"not_built"})

    def test_does_not_compile(self):
        self.sabotage(START, "this is not C;")
        code, result = self.assert_named(r"rpc\.c:\d+: .*", "not_built")
        self.assertEqual((code, result["score"]), (3, 0))
        (lab,) = result["labs"]
        self.assertIn(str(self.folder / "1-rpc" / "rpc.c"), lab["build_log"])

    def test_segfaults_at_start(self):
        self.sabotage(START, "*(volatile int *)(size_t)0 = 1;")
        code, result = self.assert_named("crashed: SIGSEGV", "crashed", 3)
        self.assertEqual((code, result["score"]), (1, 0))

    def test_loops_in_a_handler(self):
        self.sabotage(BYTES, "for (volatile int i = 0; bytes.len > 0; i = 0)"
                             " {}")
        self.assert_named("endless loop", "crashed", 1, "--only", "rpc/A")

    def test_exits_at_start(self):
        self.sabotage(START, "exit(0);")
        code, result = self.assert_named(
            "ended by itself with exit status 0 at its start", "failed", 3)
        self.assertEqual((code, result["score"]), (1, 0))

    def test_prints_a_gigabyte(self):
        self.sabotage(START, "for (long i = 0; i < 1L << 24; i++) fprintf("
                             "stderr, \"%064ld\\n\", i);")
        self.assert_named("flooded its output with over 16 MiB", "failed", 3)

    def test_forks_a_child_that_outlives_it(self):
        self.sabotage(START, "if (fork() == 0) { setsid(); setenv("
                             "\"CONCLAVE_TEST\", \"1\", 1); sleep(3600); "
                             "_exit(0); }")
        self.assert_named(r"node \d+ left \d process|a node left", "failed", 3)
        left = [name for name in os.listdir("/proc") if name.isdigit()
                and self._is_leftover(int(name))] \
            if pathlib.Path("/proc").is_dir() else []
        self.assertEqual(left, [])

    def _is_leftover(self, pid):
        try:
            words = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
            where = os.readlink(f"/proc/{pid}/cwd")
        except OSError:
            return False
        return b"node-rpc" in words and where.startswith(str(self.temp))

    def test_never_answers(self):
        self.sabotage(BYTES, "(void)stream; if (bytes.len > 0) return;")
        code, result = self.assert_named(
            "did not|no progress|nothing|RPC_TIMEOUT|timeout", "failed", 1,
            "--only", "rpc/A")
        self.assertEqual(code, 1)


if __name__ == "__main__":
    if not shutil.which("make"):
        sys.exit("this needs make")
    unittest.main()
