"""Proves that a submission which lacks a function is told which one it is, which
file should define it, and what to do; and that a call past the kit is still
what it was."""

import pathlib
import re
import shutil
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "grader"))

from conclave import discover, missing, results  # noqa: E402
from conclave.build import Builder, NotBuilt  # noqa: E402
from conclave.spec import REAL, SIM  # noqa: E402
from conclave.submission import Submission  # noqa: E402

MASTERS = ROOT / "solution" if (ROOT / "solution").is_dir() else ROOT / "labs"
LABS = {one.lab.name: one.lab for one in discover.load_all(ROOT / "labs")}
LAB = LABS["replication"]

# What tools print, of a stage 9-fake.
CHECKED = "build/own/obj/9-fake/caller.c.o calls {}(): nothing defines it\n"
KITS = "build/handout/standin/boot.c.o calls {}(): nothing defines it\n"
BY_LD = ("/usr/bin/ld: obj/9-fake/caller.c.o: in function `run':\n"
         "{}/9-fake/caller.c:7: undefined reference to `{}'\n")
BY_LLD = ("ld.lld: error: undefined symbol: {}\n>>> referenced by caller.c:7\n")


class Sentences(unittest.TestCase):
    """A kit with one stage of two files, and a submission of it."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="cv-test-")
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        self.kits = self.root / "labs" / "9-fake"
        self.mine = self.root / "mine" / "9-fake"
        for path in (self.kits, self.mine, self.root / "handout" / "node"):
            path.mkdir(parents=True)
        self.kits.joinpath("fake.h").write_text(
            "/* Before fake_lost() was here. */\n"
            "int fake_start(uint64_t term,\n               int id);\n"
            "void fake_stop(void);\n")
        self.root.joinpath("handout", "node", "shared.h").write_text(
            "void shared_sync(void);\n")
        self.kits.joinpath("fake.c").write_text(
            "static void own_step(void)\n{\n}\n\n"
            "int fake_start(uint64_t term,\n               int id)\n{\n"
            "    fake_stop();\n}\n")
        self.kits.joinpath("other.c").write_text(
            "void fake_stop(void)\n{\n}\n\nvoid shared_sync(void)\n{\n}\n")
        self.root.joinpath("labs", ".skeletons").write_text(
            "00  9-fake/fake.c\n11  9-fake/other.c\n22  8-past/past.c\n")
        for path in self.kits.glob("*.c"):
            shutil.copy(path, self.mine)

    def said(self, text):
        return missing.sentence(text, self.root, {"9-fake": self.mine})

    def at_home(self):
        """A student's copy: the kit's labs are the submission."""
        shutil.rmtree(self.mine)
        self.mine = self.kits

    def test_a_file_that_is_missing(self):
        (self.mine / "other.c").unlink()
        for text in (CHECKED, KITS, BY_LLD):
            self.assertEqual(
                self.said(text.format("fake_stop") + text.format(
                    "shared_sync") + text.format("fake_stop")),
                "fake_stop() and 1 more function are missing: 9-fake/other.c "
                "should define them, and the submission has no such file. Put "
                "it there: yours, or if you have not begun it the one that "
                "came with the kit")

    def test_a_function_that_is_missing(self):
        for text in (CHECKED.format("fake_start"),
                     BY_LD.format(self.mine.parent, "fake_start")):
            self.assertEqual(
                self.said(text),
                "fake_start() is missing: 9-fake/fake.c should define it, and "
                "does not. Define it there, spelled like that")

    def test_a_missing_file_is_told_before_other_functions(self):
        (self.mine / "other.c").unlink()
        self.assertIn("fake_stop() is missing: 9-fake/other.c", self.said(
            CHECKED.format("fake_start") + CHECKED.format("fake_stop")))

    def test_a_function_of_the_students_own(self):
        for name in ("own_step", "helper", "fake_lost"):
            self.assertEqual(
                self.said(CHECKED.format(name)),
                f"{name}() is missing: 9-fake/caller.c calls it, and no file "
                "defines it. Is the name right? Else define it, or add "
                "the file that does")

    def test_where_the_skeletons_are_the_submission(self):
        self.at_home()
        (self.mine / "other.c").unlink()
        for name in ("fake_stop", "shared_sync"):
            self.assertIn("9-fake/other.c should define it, and the "
                          "submission has no such file",
                          self.said(CHECKED.format(name)))
        (self.mine / "fake.c").unlink()
        self.assertIn("9-fake/fake.c should define it",
                      self.said(CHECKED.format("fake_start")))

    def test_where_a_skeleton_has_been_changed(self):
        self.at_home()
        (self.mine / "other.c").write_text("void fake_stops(void)\n{\n}\n")
        self.assertEqual(
            self.said(CHECKED.format("fake_stop")),
            "fake_stop() is missing: 9-fake/fake.h declares it, and no file of "
            "the submission defines it. Define it, spelled like that")

    def test_a_function_of_the_simulators(self):
        """It is missing only if it is a stage's as well."""
        checked = CHECKED.replace("nothing defines it",
                                  f"so, and {missing.SIMULATORS}")
        linked = BY_LD.replace("{}/9-fake", f"{self.mine}")
        self.assertIn("9-fake/fake.c should define it",
                      self.said(checked.format("fake_start")))
        self.assertIsNone(self.said(checked.format("world_kill")
                                    + linked.format("world_kill")))

    def test_what_is_not_for_the_submission(self):
        self.assertIsNone(self.said(KITS.format("kits_own")))
        self.assertIsNone(self.said(
            "build/own/obj/8-past/past.c.o calls past(): nothing defines it"))
        self.assertIsNone(self.said(
            "9-fake/caller.c:7:1: error: unknown type name 'term'\n"))


class Submissions(unittest.TestCase):
    """Real ones, built for both worlds."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="cv-test-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.mine = self.folder / "mine"
        for name in LAB.stages:
            shutil.copytree(MASTERS / LABS[name].folder,
                            self.mine / LABS[name].folder)
        self.stage = self.mine / LAB.folder

    def refused(self, world):
        """What is said of it."""
        with self.assertRaises(NotBuilt) as caught:
            Builder(ROOT, self.folder).node(
                LAB, LABS, Submission(self.mine, ROOT, list(LABS.values()), []),
                results.OWN, [world])
        return caught.exception.sentence

    def change(self, file, place, better):
        path = self.stage / file
        text, count = re.subn(place, better, path.read_text())
        self.assertEqual(count, 1, f"the place to change: {place}")
        path.write_text(text)

    def test_a_stage_without_one_of_its_files(self):
        (self.stage / "applier.c").unlink()
        for world in (SIM, REAL):
            self.assertRegex(
                self.refused(world),
                r"^\w+\(\) and \d+ more functions are missing: "
                r"3-replication/applier\.c should define them, and the "
                r"submission has no such file\. ")

    def test_a_function_by_another_name(self):
        self.change("applier.c", r"(?m)^(\w.* \**)await_propose\(",
                    r"\1await_proposal(")
        path = self.stage / "applier.c"
        path.write_text("#pragma GCC diagnostic ignored \"-Wmissing-"
                        "prototypes\"\n" + path.read_text())
        for world in (SIM, REAL):
            self.assertRegex(
                self.refused(world),
                r"^await_propose\(\) is missing: 3-replication/"
                r"(applier\.c should define|replication\.h declares) it, ")

    def test_a_call_past_the_kit_is_told_as_such(self):
        (self.stage / "past.c").write_text(
            "#include <fcntl.h>\n#include <sys/socket.h>\n"
            "int past_kit(void);\nint past_kit(void)\n{\n"
            "    return socket(AF_INET, SOCK_STREAM, 0) + open(\"x\", 0);\n}\n")
        self.assertRegex(
            self.refused(SIM),
            r"^3-replication/past\.c calls (socket|open(64)?)\(\): a node "
            r"reaches the world through the kit's functions only$")

    def test_a_call_of_the_simulators_is_told_as_such(self):
        (self.stage / "past.c").write_text(
            "void world_kill(void *, int);\nvoid past_kit(void);\n"
            "void past_kit(void)\n{\n    world_kill((void *)0, 1);\n}\n")
        self.assertRegex(
            self.refused(SIM),
            r"^3-replication/past\.c calls world_kill\(\): a node reaches "
            r"the world through the kit's functions only, and ")

    def test_a_stage_without_a_function_that_the_simulator_has(self):
        (self.mine / "1-rpc" / "frame.c").unlink()
        self.assertIn("1-rpc/frame.c should define them", self.refused(SIM))

    def test_a_call_past_the_kit_is_told_before_what_is_missing(self):
        (self.stage / "past.c").write_text(
            "#include <unistd.h>\nint helper(void);\nint past_kit(void);\n"
            "int past_kit(void)\n{\n    return (int)fork() + helper();\n}\n")
        self.assertEqual(self.refused(SIM), "3-replication/past.c calls "
                         "fork(): a node is one process")


if __name__ == "__main__":
    unittest.main()
