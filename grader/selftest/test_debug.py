"""Proves that `make debug` stops a whole cluster just before what goes wrong:
in the node that does it, at the time that the report names, with the student's
functions in sight."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "grader"))

from conclave import debug_gdb, frames  # noqa: E402

BUGS = ROOT / "solution" / "bugs"


def make_debug(*words, gdb=(), **more_env):
    """What it prints; gdb is given some commands and no terminal."""
    env = {name: value for name, value in os.environ.items()
           if name not in ("MAKEFLAGS", "MAKELEVEL", "FLAVOUR")}
    args = " ".join(["-nx", "-batch", *(f"-ex '{one}'" for one in gdb)])
    done = subprocess.run(
        ["make", "-s", "--no-print-directory", "debug", f"ARGS={args}",
         f"BUILD={os.environ.get('BUILD') or 'build'}", *words],
        cwd=ROOT, env={**env, **more_env}, text=True, timeout=600,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT)
    return done.stdout


class Orders(unittest.TestCase):
    def test_what_makes_no_sense_is_explained(self):
        for words, sentence in ((["TEST=rpc/nothing"], "there is no test"),
                                ([], "there is no test"),
                                (["TEST=rpc/echo", "SEED=x"],
                                 "SEED is a number"),
                                (["TEST=rpc/echo", "SUBMISSION=/nowhere"],
                                 "there is no folder")):
            with self.subTest(words=words):
                said = make_debug(*words)
                if shutil.which("gdb") is None:
                    sentence = "gdb is not installed"
                self.assertIn(sentence, said)
                self.assertNotIn("Traceback", said)

    def test_a_missing_gdb_is_named(self):
        with tempfile.TemporaryDirectory() as folder:
            for name in ("make", "sh", "python3", "getconf", "pkg-config",
                         "sed", "cc", "gcc", "mkdir", "touch"):
                path = shutil.which(name)
                if path is not None:
                    pathlib.Path(folder, name).symlink_to(path)
            said = make_debug("TEST=rpc/echo", PATH=folder)
        self.assertIn("gdb is not installed: install it", said)

    def test_what_is_about_to_happen_is_told(self):
        frame = frames.encode_frame(
            "REQUEST", 1, 7, frames.encode_request(
                1, term=5, candidate=3, last_log_index=0, last_log_term=0))
        line = "STOP at_us=90 node=1 what={} peer={} data={}"
        for what, peer, data, told in (
                ("stream_bytes", 3, frame.hex(),
                 "3 -> 1  REQUEST RequestVote call 7: budget_ms 5000, term 5"),
                ("stream_bytes", 3, (frame * 2 + b"xy").hex(),
                 "2 bytes that are no whole frame"),
                ("stream_down", 3, "-", "its stream with node 3 is gone"),
                ("client_bytes", "-", b"*1\r\n$4\r\nPING\r\n".hex(),
                 "bytes of a client: *1 $4 PING"),
                ("alarm", "-", "-", "its alarm is about to ring")):
            with self.subTest(what=what):
                stop = debug_gdb.Stop.parse(line.format(what, peer, data), 1,
                                            "wrong")
                self.assertEqual((stop.node, stop.at_us), (1, 90))
                self.assertIn(told, "\n".join(stop.words()))


@unittest.skipUnless(shutil.which("gdb"), "gdb is not installed")
@unittest.skipUnless(BUGS.is_dir(), "there is no solution/bugs here")
class Stops(unittest.TestCase):
    def debug(self, *words, gdb=()):
        text = make_debug(*words, gdb=gdb)
        if "lets no debugger" in text or "does this system let" in text:
            self.skipTest("this system lets no debugger near a process")
        self.assertNotIn("Traceback", text)
        return text

    def grade(self):
        """The report of the same test, as everybody sees it."""
        return subprocess.run(
            [ROOT / "grader" / "grade", "--bug", "votes-twice", "--world",
             "sim"], text=True, cwd=ROOT, stdout=subprocess.PIPE).stdout

    def report(self, text):
        """(status, seconds at which time stands still, node)"""
        status = re.search(r"seed \d+: (\w+)", text)
        stop = re.search(r"^(\d+\.\d{6}) s of virtual time, node (\d+)", text,
                         re.MULTILINE)
        self.assertTrue(status and stop, text)
        return status[1], float(stop[1]), int(stop[2])

    def test_a_scripted_peer(self):
        text = self.debug("TEST=election/one_vote_a_term", "SEED=1",
                          "BUG=votes-twice",
                          gdb=("co 1", "info sharedlibrary"))
        status, at_s, node = self.report(text)
        self.assertEqual((status, node), ("failed", 1))
        self.assertIn("just before the first wrong event", text)
        # The student's function has written the second vote, and is about to
        # send it: it stands in a coroutine's backtrace, with its line.
        self.assertRegex(text, r"await_vote \(.*\) at election\.c:\d+")
        self.assertIn("copies/copy-1.so", text)
        # When that vote was sent, as the grade's report has it.
        sent = re.search(r"(\d+\.\d{3})  1 -> 3  REPLY", self.grade())
        self.assertEqual(f"{at_s:.3f}", sent[1])

    def test_time_is_what_the_report_says(self):
        text = self.debug("TEST=election/storm", "SEED=1",
                          "BUG=half-is-majority", gdb=("co list", "happen",
                                                       "co 1"))
        status, at_s, node = self.report(text)
        said = re.search(r"expected +node (\d+) leads term (\d+)", text)
        self.assertEqual((status, node), ("failed", int(said[1])))
        self.assertIn(f"(at {at_s:.6f} s)", text)
        before, _, after = text.partition("place_upcall")
        self.assertIn(f"node {node}, candidate in term {said[2]}", before)
        self.assertIn(f"node {node}, leader in term {said[2]}", after)

    def test_a_scenario_in_all_its_nodes(self):
        text = self.debug("TEST=election/first_leader", "SEED=1",
                          "SUBMISSION=solution",
                          gdb=("co list", "break await_vote", "co 9",
                               "co 1 99", "continue", "bt"))
        self.assertEqual(self.report(text)[0], "passed")
        self.assertIn("Nothing fails.", text)
        for node in (1, 2, 3):
            self.assertRegex(text, rf"\nnode {node}, \w+ in term \d+\n1  \w")
        self.assertIn("await_vote. (3 locations)", text)
        self.assertIn("co knows no node 9: take 1, 2, 3", text)
        self.assertIn("co knows no coroutine 99", text)
        self.assertIn("world_free", text.partition("(3 locations)")[2])


if __name__ == "__main__":
    unittest.main()
