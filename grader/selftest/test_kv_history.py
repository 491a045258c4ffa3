"""Proves what lab 5's tests make of a history: the lines for the checker, what
is left out of it, and what a student is told when no order explains it."""

import asyncio
import os
import pathlib
import sys
import tempfile
import types
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
CHECK = ROOT / (os.environ.get("BUILD") or "build") / "release" / "check"
sys.path.insert(0, str(ROOT / "grader"))

from conclave.failure import Failure, GraderError  # noqa: E402
from conclave.kv_client import KvClient, Storing  # noqa: E402
from conclave.kv_history import History, called_us, failure_of  # noqa: E402
from conclave.resp import RespError  # noqa: E402
from conclave.story import MAX_STEPS, Story  # noqa: E402


def history(*operations):
    """(request, reply) one after the other; a reply of ... never came."""
    made = History()

    async def record():
        for number, (request, reply) in enumerate(operations, 1):
            one = made.call(number, *request.split())
            await asyncio.sleep(0.001)
            if reply is not ...:
                made.done(one, reply)
            await asyncio.sleep(0.001)

    asyncio.run(record())
    return made


def words_of(line):
    """A line without its client and times."""
    return line.split(" ", 3)[3]


class Lines(unittest.TestCase):
    def test_requests_and_answers_are_the_checkers_words(self):
        made = history(
            ("SET x a", b"OK"), ("GET x", b'"\\\0'), ("GET x", None),
            ("GETM x", [b"a", 7]), ("CAS x 0 b", 8), ("CAS x 8 c", 9),
            ("CAS x 8 c", RespError("VERSION the key has version 9")),
            ("MGET x y", [b"c", None]), ("INCRBY x 1", RespError("ERR no")))
        self.assertEqual([words_of(line) for line in made.lines()], [
            'SET "x" "a" => OK', 'GET "x" => "\\"\\\\\\x00"', 'GET "x" => nil',
            'GETM "x" => "a" 7', 'CASV "x" nil "b" => OK',
            'CAS "x" "8" "c" => OK 9', 'CAS "x" "8" "c" => 0',
            'MGET "x" "y" => "c" nil', 'INCRBY "x" "1" => -ERR'])

    def test_what_was_refused_is_left_out_and_what_was_lost_is_open(self):
        made = history(
            ("SET x 1", RespError("MOVED 0 host:1")),
            ("SET x 2", RespError("BUSY 8 proposals are waiting")),
            ("SET x 3", RespError("LOST the leadership ended")),
            ("SET x 4", ...), ("GET x", ...))
        self.assertEqual([words_of(line) for line in made.lines()],
                         ['SET "x" "3"', 'SET "x" "4"'])
        self.assertTrue(all(line.split()[2] == "-" for line in made.lines()))

    def test_an_answer_of_another_shape_is_the_nodes_fault(self):
        for request, reply in (
                ("SET x 1", 5), ("SET x 1", None), ("GET x", 5), ("GET x", []),
                ("GETM x", b"a"), ("GETM x", [b"a"]), ("GETM x", [None, 1]),
                ("MGET x", b"a"), ("MGET x", [1]), ("MGET x y", [b"a"]),
                ("CAS x 1 a", b"OK"), ("CAS x 1 a", None), ("DEL x", b"1"),
                ("INCRBY x 1", None), ("EXISTS x", [1]), ("APPEND x a", b"2"),
                ("GET x", RespError("ERR wrong"))):
            with self.subTest(request), self.assertRaises(Failure):
                history((request, reply)).lines()

    def test_keys_that_expire_are_left_out(self):
        async def ask():
            c = types.SimpleNamespace(mortal=set(), history=History(),
                                      nodes=[1])
            client = KvClient(c, 1, None)
            return [client._call(request.split()) is not None for request in (
                "SET x 1", "SET k 1 EX 5", "GET k", "MGET x k", "DEL k", "TTL x",
                "SET x k", "GET x")]

        self.assertEqual(asyncio.run(ask()), [True, False, False, False, False,
                                              False, True, True])


@unittest.skipUnless(CHECK.exists(), "the checker is not built: make")
class Judged(unittest.TestCase):
    STALE = (("SET x 1", b"OK"), ("SET x 2", b"OK"), ("GET x", b"1"))

    def test_a_history_that_one_store_explains_has_no_reasons(self):
        self.assertEqual(history(*self.STALE[:2], ("GET x", b"2")).judge(CHECK),
                         [])
        self.assertEqual(History().judge(None), [])

    def test_without_the_checker_there_is_no_verdict(self):
        with self.assertRaises(GraderError):
            history(*self.STALE).judge(None)

    def test_the_failure_says_what_fits_nowhere(self):
        made = history(*self.STALE)
        reasons = made.judge(CHECK)
        self.assertIn("client 3's GET x => 1 cannot come: x is 2",
                      failure_of(reasons).observed)
        calls = [called_us(line) for line in reasons
                 if called_us(line) is not None]
        self.assertEqual(calls, [one.call_us for one in made.operations])

    def test_the_story_marks_the_operations_however_long_it_is(self):
        c = Storing()
        c.story, c.checker, c.now_ms = Story(), CHECK, lambda: 5000.0
        for step in range(MAX_STEPS + 1):
            c.story.add(step, f"step {step}")

        async def judge():
            for number, (request, reply) in enumerate(self.STALE):
                one = c.history.call(number, *request.split())
                await asyncio.sleep(0.002)
                c.history.done(one, reply)
            await asyncio.sleep(0.05)
            c.check_history()

        with self.assertRaises(Failure):
            asyncio.run(judge())
        marks = [(at, text) for at, text in c.story.steps
                 if text.startswith("unexplained:")]
        self.assertEqual(len(marks), 3)
        self.assertIn("GET x => 1", marks[-1][1])
        self.assertTrue(all(at < 5000 - 49 for at, _ in marks))
        self.assertIn("cannot come", c.story.lines()[-1])


class GivenUp(unittest.TestCase):
    def test_a_checker_that_gives_up_is_no_verdict(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "check"
            path.write_text("#!/bin/sh\necho unknown; exit 2\n")
            path.chmod(0o755)
            with self.assertRaisesRegex(GraderError, "no verdict: unknown"):
                history(("SET x 1", ...), ("GET x", b"1")).judge(path)


class Told(unittest.TestCase):
    def test_what_is_done_again_and_again_is_one_line(self):
        story = Story()
        for text in ("a", "b", "b", "b", "c"):
            story.add(0, text)
        self.assertEqual(story.lines(), ["1. a", "2. b (3 times)", "5. c"])


if __name__ == "__main__":
    unittest.main()
