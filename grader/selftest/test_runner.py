"""Proves that whatever a node does, its test ends with a sentence that names
the trouble, and nothing is left running.

The node and the proxy are fakes in Python (fake_node.py, fake_proxy.py).
"""

import os
import pathlib
import shutil
import signal
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from conclave import Lab, reaper, test  # noqa: E402
from conclave.runner import Runner, Timings  # noqa: E402
from conclave.trial import Trial  # noqa: E402

LAB = Lab(name="fake", folder="0-fake", title="Lab 0: Fake", hours="0",
          parts={"A": "all"}, binary="node-fake", stages=["fake"])


@test("A command is answered", points=1, nodes=2)
async def echoes(c):
    """Nothing is broken."""
    reply = await c.cmd(2, "ECHO", "hi")
    c.check(reply == b"hi", expected="hi", observed=str(reply))
    conn = await c.client(1)
    await conn.send(b"*1\r\n$4\r\nPING\r\n" * 2)
    c.check([await conn.reply(), await conn.reply()] == [b"PONG"] * 2,
            expected="two answers", observed="others")
    return "3 commands"


@test("A claim", points=2, nodes=1, rule="the book, page 7", hint="Look up.")
async def fails(c):
    """A check does not hold."""
    c.note("something is done")
    c.check(False, expected="yes", observed="no")


@test("A claim", points=1, nodes=1, needs="fails")
async def needs_fails(c):
    """Not run."""


@test("A claim", points=1, nodes=1)
async def raises(c):
    """The test itself is wrong."""
    return 1 // 0


@test("A claim", points=1, nodes=2)
async def stalls(c):
    """Something never happens."""
    await c.until(lambda: False, what="the end of the world", limit_s=0.3)


def commands(word):
    """A test that gives one command to node 2 and waits for the answer."""
    @test("A claim", points=1, nodes=2)
    async def gives(c):
        """One command."""
        await c.cmd(2, word)
        await c.sleep(300)
    return gives


@test("A claim", points=1, nodes=2)
async def catches_everything(c):
    """A test cannot swallow a node's death."""
    while True:
        try:
            await c.cmd(2, "CRASH")
        except Exception:
            await c.sleep(10)


@test("A claim", points=1, nodes=3)
async def lives(c):
    """Kills, restarts, pauses, terminations that were asked for."""
    await c.kill(2)
    c.check(not c.alive(2), expected="dead", observed="alive")
    await c.restart(2)
    await c.restart(3)
    await c.pause(1)
    await c.resume(1)
    await c.cmd(1, "PING")
    await c.terminate(1)
    c.check(await c.exited(1) == -15, expected="-15", observed="other")


@test("A claim", points=1, nodes=1)
async def violates(c):
    """The proxy reports a broken invariant."""
    await c.proxy.command("mark", "violate", 1)
    await c.sleep(10_000)


@test("A claim", points=1, nodes=1)
async def kills_proxy(c):
    """The grader's own proxy dies."""
    try:
        await c.proxy.command("mark", "die")
    except Exception:
        await c.sleep(10_000)


class Harness(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="cv-test-"))
        for name in ("fake_node.py", "fake_proxy.py"):
            shutil.copy(HERE / name, self.folder / name)
            os.chmod(self.folder / name, 0o755)

    def tearDown(self):
        shutil.rmtree(self.folder)
        self.assertEqual(reaper.kill_orphans(set()), [])

    def trial(self, function):
        return Trial(
            spec=function.conclave_test, stack="own",
            name=f"fake/{function.conclave_test.name}",
            binary=self.folder / "fake_node.py",
            proxy=self.folder / "fake_proxy.py", seed=1, replay="again",
            raft=False, sanitized=False, trace=False)

    def run_all(self, functions, jobs=4, before=None):
        """Runs tests; their results by name, in the order of their ends."""
        results = {}
        one = Runner([self.trial(function) for function in functions], jobs,
                     Timings(self.folder / "timings.json"),
                     lambda trial, result: results.__setitem__(
                         result.name.split("/")[1], result),
                     lambda running, waiting: None)
        if before:
            before(one)
        one.run()
        return results

    def run_one(self, function):
        (result,) = self.run_all([function]).values()
        return result


class Verdicts(Harness):
    def test_passes_failures_and_grader_errors(self):
        results = self.run_all([echoes, fails, needs_fails, raises, stalls])
        self.assertEqual({name: one.status for name, one in results.items()}, {
            "echoes": "passed", "fails": "failed", "needs_fails": "failed",
            "raises": "grader_error", "stalls": "failed"})
        self.assertEqual(results["echoes"].observed, "3 commands")
        found = results["fails"]
        self.assertEqual((found.expected, found.observed, found.rule,
                          found.hint), ("yes", "no", "the book, page 7",
                                        "Look up."))
        self.assertIn("something is done", "\n".join(found.story))
        self.assertIn("by a fake", "\n".join(found.logs["1"]))
        self.assertEqual(results["needs_fails"].observed,
                         "not run: it needs fake/fails, which failed")
        self.assertIn("ZeroDivisionError", results["raises"].hint)
        self.assertIn("the end of the world", results["stalls"].expected)

    def test_wanted_deaths_are_no_trouble(self):
        result = self.run_one(lives)
        self.assertEqual((result.status, result.observed), ("passed", ""))

    def test_a_violation_fails_the_test(self):
        result = self.run_one(violates)
        self.assertEqual((result.status, result.observed),
                         ("failed", "two votes"))

    def test_a_dead_proxy_is_the_graders_fault(self):
        result = self.run_one(kills_proxy)
        self.assertEqual(result.status, "grader_error")
        self.assertIn("proxy", result.observed)


class Troubles(Harness):
    def test_a_crash(self):
        result = self.run_one(commands("CRASH"))
        self.assertEqual(result.status, "crashed")
        self.assertEqual(result.observed, "node 2 crashed: SIGSEGV in "
                                          "coroutine 'rpc serve'")

    def test_a_test_cannot_hide_a_crash(self):
        self.assertEqual(self.run_one(catches_everything).status, "crashed")

    def test_an_endless_loop(self):
        result = self.run_one(commands("SPIN"))
        self.assertEqual(result.status, "crashed")
        self.assertIn("endless loop: coroutine 'await_echo'", result.observed)

    def test_an_exit(self):
        result = self.run_one(commands("EXIT"))
        self.assertEqual(result.status, "failed")
        self.assertEqual(result.observed,
                         "node 2 ended by itself with exit status 0")

    def test_a_flood(self):
        result = self.run_one(commands("FLOOD"))
        self.assertIn("flooded its output with over 16 MiB", result.observed)

    def test_a_daemon(self):
        result = self.run_one(commands("FORK"))
        self.assertEqual(result.status, "failed")
        self.assertIn("left 1 process running", result.observed)

    def test_silence(self):
        @test("A claim", points=1, nodes=2)
        async def gives(c):
            """One command."""
            await c.cmd(2, "MUTE", timeout_s=0.5)
        result = self.run_one(gives)
        self.assertEqual(result.status, "failed")
        self.assertIn("node 2 did not answer within 0.5 s, nor did it answer "
                      "PING", result.observed)

    def test_nodes_that_always_die_at_start_are_believed(self):
        (self.folder / "mood").write_text("EXIT")
        functions = []
        for number in range(8):
            @test("A claim", points=1, nodes=2)
            async def starts(c):
                """Never gets here."""
            starts.__name__ = f"starts_{number}"
            functions.append(test("A claim", points=1, nodes=2)(starts))
        results = self.run_all(functions, jobs=2)
        self.assertEqual(len(results), 8)
        for result in results.values():
            self.assertEqual(result.status, "failed")
            self.assertIn("ended by itself with exit status 0 at its start",
                          result.observed)
        skipped = [one for one in results.values() if not one.was_run]
        self.assertGreaterEqual(len(skipped), 3)
        self.assertIn("not run: 3 tests before", skipped[-1].observed)


class Interrupts(Harness):
    def test_nothing_is_left_when_interrupted(self):
        @test("A claim", points=1, nodes=3)
        async def waits(c):
            """Waits for long."""
            await c.sleep(60_000)
        # Folders of our own alone: others may run the same beside us.
        shown = self.folder / "tmp"
        shown.mkdir()
        self.addCleanup(setattr, tempfile, "tempdir", tempfile.tempdir)
        tempfile.tempdir = str(shown)
        pid = os.fork()
        if pid == 0:
            reaper.adopt_orphans()
            signal.signal(signal.SIGALRM, signal.default_int_handler)
            interrupted = []

            def begin(one):
                interrupted.append(one)
                signal.setitimer(signal.ITIMER_REAL, 1.0)
            results = self.run_all([waits], before=begin)
            alright = interrupted[0].interrupted and not results \
                and not reaper.kill_orphans(set())
            os._exit(0 if alright else 1)
        _, status = os.waitpid(pid, 0)
        self.assertEqual(os.waitstatus_to_exitcode(status), 0)
        self.assertEqual(os.listdir(shown), [])


if __name__ == "__main__":
    unittest.main()
