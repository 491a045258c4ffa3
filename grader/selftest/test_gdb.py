"""Proves that gdb shows where every coroutine waits, in a running program and
in a core file."""

import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
HELPER = ROOT / "handout" / "node" / "co_gdb.py"


@unittest.skipUnless(shutil.which("gdb"), "gdb is not installed")
class Gdb(unittest.TestCase):
    def program(self, flavour):
        """The coroutines' unit test: it stops with some that wait."""
        build = os.environ.get("BUILD") or "build"
        path = ROOT / build / flavour / "grader" / "selftest" / "co_test"
        env = {name: value for name, value in os.environ.items()
               if name not in ("MAKEFLAGS", "MAKELEVEL")}
        subprocess.run(["make", "-s", "--no-print-directory",
                        f"BUILD={build}", f"FLAVOUR={flavour}",
                        f"{build}/{flavour}/grader/selftest/co_test"],
                       cwd=ROOT, env=env, check=True, timeout=600,
                       stdout=subprocess.DEVNULL)
        return path

    def gdb(self, *words):
        # Only what is asked for: no start-up files, no look at the network.
        done = subprocess.run(
            ["gdb", "-nx", "-batch", "-iex", "set debuginfod enabled off",
             *map(str, words)],
            text=True, timeout=600, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if "ptrace" in done.stdout and "permitted" in done.stdout:
            self.skipTest("this system lets no debugger near a process")
        return done.stdout

    def check_backtraces(self, text):
        for part in ("dreamer: waits for a thing since ", "await_event",
                     "co_entry"):
            self.assertIn(part, text)

    def test_a_running_program(self):
        for flavour in ("release", "debug"):
            with self.subTest(flavour=flavour):
                text = self.gdb("-ex", "break co_describe", "-ex", "run",
                                "-ex", f"source {HELPER}", "-ex", "co",
                                self.program(flavour))
                self.check_backtraces(text)

    def test_one_coroutine_is_looked_into(self):
        text = self.gdb("-ex", "break co_describe", "-ex", "run",
                        "-ex", f"source {HELPER}", "-ex", "co 1",
                        "-ex", "up", "-ex", "up", "-ex", "up", "-ex", "up",
                        "-ex", "info frame", "-ex", "co off", "-ex", "where",
                        self.program("debug"))
        before, _, after = text.partition("wait_for_never")
        self.assertTrue(after, text)
        self.assertIn("who_waits_is_told", after)

    def test_a_core_file(self):
        program = self.program("release")
        with tempfile.TemporaryDirectory() as folder:
            core = pathlib.Path(folder, "core")
            self.gdb("-ex", "break co_describe", "-ex", "run",
                     "-ex", f"generate-core-file {core}", program)
            if not core.exists():
                self.skipTest("gdb writes no core file here")
            self.check_backtraces(self.gdb("-ex", f"source {HELPER}",
                                           "-ex", "co", program, core))

    def test_what_is_asked_wrongly_is_explained(self):
        text = self.gdb("-ex", "break co_describe", "-ex", "run",
                        "-ex", f"source {HELPER}", "-ex", "co 9",
                        self.program("release"))
        self.assertIn("co knows no coroutine 9: take 1", text)


if __name__ == "__main__":
    unittest.main()
