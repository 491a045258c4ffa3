"""Proves that make builds what is needed, all of it, and nothing else."""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "grader"))

from conclave.build import Builder  # noqa: E402
from conclave.failure import GraderError  # noqa: E402
from conclave.spec import REAL, SIM  # noqa: E402

STAGES = {"STAGE_RPC": "1-rpc", "STAGE_ELECTION": "2-election"}


@unittest.skipUnless((ROOT / "solution").is_dir(), "there is no solution/ here")
class Make(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.mine = self.folder / "mine"
        for stage in STAGES.values():
            shutil.copytree(ROOT / "solution" / stage, self.mine / stage)

    def make(self, *words, stages=None):
        """What make prints: its own lines, each tool's, and errors."""
        stages = stages or self.mine
        env = {name: value for name, value in os.environ.items()
               if name not in ("MAKEFLAGS", "MAKELEVEL", "V", "WERROR")}
        done = subprocess.run(
            ["make", "--no-print-directory", *words,
             f"OUT={self.folder / 'out'}",
             *(f"{name}={stages / stage}" for name, stage in STAGES.items())],
            cwd=ROOT, env=env, text=True, timeout=600, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT)
        self.status = done.returncode
        return done.stdout

    def built(self, text):
        """The files that were compiled or linked, without their folders."""
        return sorted(line.split()[1].rsplit("/", 1)[-1]
                      for line in text.splitlines()
                      if line.startswith(("  CC ", "  LD ")))

    def touch(self, path):
        path.write_text(path.read_text() + "\n")

    def test_help_comes_first(self):
        text = self.make()
        self.assertEqual(self.status, 0)
        for target in ("grade", "test", "skeletons", "clean", "nodes"):
            self.assertIn(f"  {target} ", text)

    def test_what_is_built_is_not_built_again(self):
        text = self.make("nodes")
        self.assertEqual(self.status, 0, text)
        self.assertTrue((self.folder / "out" / "node-rpc").exists())
        self.assertTrue((self.folder / "out" / "node-election").exists())
        self.assertEqual(self.built(self.make("nodes")), [])

        self.touch(self.mine / "2-election" / "election.c")
        self.assertEqual(self.built(self.make("nodes")),
                         ["election.c", "node-election", "node-kv", "node-lease",
                          "node-persistence", "node-replication"])

    def test_a_file_that_came_or_went_counts(self):
        self.make("node-rpc")
        extra = self.mine / "1-rpc" / "extra.c"
        extra.write_text("int extra_number(void);\n"
                         "int extra_number(void)\n{\n    return 7;\n}\n")
        self.assertIn("extra.c", self.built(self.make("node-rpc")))
        extra.unlink()
        self.assertIn("node-rpc", self.built(self.make("node-rpc")))

    def test_other_stages_in_the_same_place(self):
        self.make("node-rpc")
        text = self.make("node-rpc", stages=ROOT / "solution")
        self.assertIn("rpc.c", self.built(text))
        self.assertIn("node-rpc", self.built(text))

    def test_a_broken_stage_spoils_no_other(self):
        broken = self.mine / "2-election" / "election.c"
        broken.write_text("int broken;\nint broken(void)\n")
        self.make("node-rpc")
        self.assertEqual(self.status, 0)
        text = self.make("node-election")
        self.assertNotEqual(self.status, 0)
        self.assertIn("election.c:2:", text)

    def test_an_empty_stage_is_said(self):
        shutil.rmtree(self.mine / "1-rpc")
        text = self.make("node-rpc")
        self.assertNotEqual(self.status, 0)
        self.assertIn("1-rpc holds no .c file", text)

    def test_an_unknown_flavour_is_said(self):
        text = self.make("tools", "FLAVOUR=vanilla")
        self.assertNotEqual(self.status, 0)
        self.assertIn("FLAVOUR=vanilla is unknown: take release, debug or asan",
                      text)

    def test_a_build_folder_with_a_blank_is_refused(self):
        text = self.make("tools", "BUILD=my build")
        self.assertNotEqual(self.status, 0)
        self.assertIn("BUILD='my build' is no folder's name without blanks",
                      text)

    def test_the_grader_asks_for_what_there_is(self):
        # However the build folder is spelt: in the tree, or elsewhere.
        (ROOT / "build").mkdir(exist_ok=True)
        inside = pathlib.Path(tempfile.mkdtemp(dir=ROOT / "build"))
        self.addCleanup(shutil.rmtree, inside)
        for build in (str(inside), str(inside.relative_to(ROOT)),
                      str(self.folder / "build")):
            with self.subTest(build=build), \
                    mock.patch.dict(os.environ, BUILD=build):
                builder = Builder(ROOT, self.folder)
                with mock.patch.object(Builder, "run_make",
                                       return_value=("no", "")) as asked, \
                        self.assertRaises(GraderError):
                    builder.tools((REAL, SIM), ("confine",))
                text = self.make("-n", f"BUILD={build}", *asked.call_args[0][0])
                self.assertEqual(self.status, 0, text)


if __name__ == "__main__":
    unittest.main()
