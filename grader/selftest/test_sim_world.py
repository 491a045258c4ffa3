"""Proves that a test runs in virtual time as it would in real time: in order,
deterministically, and judged by nothing but what happened in the world; that a
test meets the real world only after the simulated one; and that an exploration
finds, shrinks, tells and replays a bug."""

import asyncio
import pathlib
import re
import shutil
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE.parent))

from conclave import (Lab, Method, discover, exploration,  # noqa: E402
                      explore, results, sim_loop, sim_replay, sim_words, test,
                      trial)
from conclave.build import Builder, NotBuilt  # noqa: E402
from conclave.runner import Runner, Timings  # noqa: E402
from conclave.spec import REAL, SIM  # noqa: E402
from conclave.submission import Submission  # noqa: E402
from conclave.trial import Trial  # noqa: E402

COURSES = {one.lab.name: one for one in discover.load_all(ROOT / "labs")}
LABS = {name: one.lab for name, one in COURSES.items()}
SOLUTION = ROOT / "solution"


class Clock(sim_loop.Clock):
    """Time that passes when it is asked to."""

    def advance(self, until_us):
        if until_us is None:
            raise RuntimeError("nothing is due")
        self.now_us = until_us


class Loop(unittest.TestCase):
    """The event loop alone."""

    def test_waiting_takes_no_time(self):
        clock = Clock()
        # If it were not virtual, this would take eleven days.
        sim_loop.run(clock, lambda: asyncio.sleep(1_000_000))
        self.assertGreaterEqual(clock.now_us, 10**12)

    def test_tasks_resume_by_time_and_then_in_order(self):
        order = []

        async def wait(name, ms):
            await asyncio.sleep(ms / 1000)
            order.append((name, clock.now_us))

        async def all_of_them():
            await asyncio.gather(wait("late", 30), wait("a", 10),
                                 wait("b", 10), wait("early", 5))
        clock = Clock()
        sim_loop.run(clock, all_of_them)
        self.assertEqual([name for name, _ in order],
                         ["early", "a", "b", "late"])
        self.assertEqual([at for _, at in order][:3], [5000, 10000, 10000])

    def test_a_timeout_is_virtual(self):
        async def wait():
            with self.assertRaises(asyncio.TimeoutError):
                await asyncio.wait_for(asyncio.Event().wait(), 3600)
        clock = Clock()
        sim_loop.run(clock, wait)
        self.assertGreaterEqual(clock.now_us, 3_600_000_000)

    def test_what_is_left_behind_is_cancelled(self):
        ended = []

        async def linger():
            try:
                await asyncio.sleep(10)
            finally:
                ended.append(True)

        async def leave():
            asyncio.ensure_future(linger())
            await asyncio.sleep(0)
        sim_loop.run(Clock(), leave)
        self.assertEqual(ended, [True])


class Words(unittest.TestCase):
    """Schedules in words."""

    def test_orders_are_told(self):
        for order, told in (
                ("partition leader rest", "the leader cut off from the rest"),
                ("partition 1,2 3", "the network falls apart into node 1 and "
                                    "node 2 | node 3"),
                ("link * * loss=0.10", "10% is lost on every link"),
                ("link 2 * cut=1", "all is lost of what node 2 sends"),
                ("crash other:0 sync 2", "follower no. 1 will crash at sync "
                                         "that it issues no. 2 from now"),
                ("rate 3 1.10", "the clock of node 3 runs at 110%"),
                ("unheard of", "unheard of"), ("crash", "crash")):
            self.assertEqual(sim_words.words(order), told)

    def test_the_healing_is_one_line(self):
        schedule = sim_words.parse(
            "# seed=1 nodes=2\n# config node 1 log=1,2\n# config node 2 x\n"
            "0 start *\n9000 heal\n9000 resume *\n9000 crash 1 send 0\n")
        self.assertEqual(len(sim_words.tell(schedule.actions)), 2)
        self.assertEqual((schedule.ids, schedule.logs()),
                         ((1, 2), {1: "1,2"}))

    def test_a_difference_is_named(self):
        one = ["10 1 send 3 4 -", "20 2 alarm 5 6 -"]
        other = ["10 1 send 3 4 -", "20 2 alarm 5 7 -"]
        said = sim_replay.first_difference(one, other)
        self.assertIn("node 2 does alarm (5, 6) at 0.000020 s", said)
        self.assertIn("nothing more", sim_replay.first_difference(one, []))


# ---- Tests that are tried out ------------------------------------------------

@test("A claim", points=1, nodes=3)
async def agrees(c):
    """A leader is found, dies, and is replaced."""
    leader, term = await c.wait_for_leader()
    await c.kill(leader)
    await c.wait_for_leader(above_term=term, unlike=leader)
    await c.restart(leader)
    await c.sleep(1000)
    replies = await asyncio.gather(*(c.cmd(node, "PING") for node in c.ids))
    c.check(replies == [b"PONG"] * 3, expected="PONG", observed=str(replies))


@test("A claim", points=1, nodes=2, peers=[2])
async def sits(c):
    """A seat dials and is dialled."""
    peer = await c.peer(2)
    asked = await peer.accept(1)
    stream = await peer.dial(1)
    await stream.request(Method.ECHO, 7, body=b"hi")
    reply = await stream.recv_of("REPLY")
    c.check(reply.call_id == 7, expected="call 7", observed=str(reply))
    stream.close()
    await c.kill(1)
    await asked.closed()


@test("A claim", points=1, nodes=1)
async def waits_in_vain(c):
    """Something never happens."""
    await c.until(lambda: False, what="the end of the world")


@test("A claim", points=1, nodes=2)
async def talks_to_the_dead(c):
    """A command to a node that was killed."""
    await c.kill(2)
    await c.cmd(2, "PING")


@test("A claim", points=1, nodes=1, worlds=(SIM,))
async def refuses(c):
    """An order that the simulator does not know."""
    await c.proxy.command("dance", 1)


@test("A claim", points=2, nodes=1)
async def fails(c):
    """A check does not hold."""
    c.check(False, expected="yes", observed="no")


@exploration("A claim", points=1, seeds=200)
def swarm():
    """All that can go wrong."""


class Built(unittest.TestCase):
    """With the reference, or a version of it, built for the simulator."""

    @classmethod
    def setUpClass(cls):
        if not SOLUTION.is_dir():
            raise unittest.SkipTest("there is no solution/ here")
        cls.run_folder = pathlib.Path(tempfile.mkdtemp(prefix="cv-test-"))
        cls.builder = Builder(ROOT, cls.run_folder)
        cls.sim = cls.builder.tools([SIM])[SIM]
        cls.code = cls.build(SOLUTION)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.run_folder)

    @classmethod
    def build(cls, folder, name="own"):
        run_folder = cls.run_folder / name
        run_folder.mkdir()
        builder = Builder(ROOT, run_folder)
        return builder.node(LABS["election"], LABS, Submission(
            folder, ROOT, list(LABS.values()), []), results.OWN, [SIM])[SIM]

    def trial(self, function, seed=1, seeds=1, code=None, trace=False):
        spec = function.conclave_test
        name = f"election/{spec.name}"
        return Trial(spec=spec, name=name, stack=results.OWN,
                     binary=code or self.code, proxy=self.sim, seed=seed,
                     replay=f"replay {name}:{seed}", raft=True,
                     sanitized=self.builder.sanitized, trace=trace, world=SIM,
                     seeds=seeds)

    def bug(self, place, better, name, head=""):
        """The reference with a line changed."""
        folder = self.run_folder / f"{name}-source"
        shutil.copytree(SOLUTION / "1-rpc", folder / "1-rpc")
        shutil.copytree(SOLUTION / "2-election", folder / "2-election")
        path = folder / "2-election" / "election.c"
        text, count = re.subn(place, better, path.read_text())
        self.assertEqual(count, 1, f"the place to spoil: {place}")
        path.write_text("#include <stdio.h>\n#include <stdlib.h>\n"
                        "#include <unistd.h>\n" + head + text)
        return self.build(folder, name)


class World(Built):
    """Scenarios in the simulated world."""

    def test_a_scenario_passes_in_virtual_time(self):
        result = trial.run_sim(self.trial(agrees))
        self.assertEqual(result.status, "passed", result.observed)
        self.assertGreater(result.virtual_seconds, 1)
        self.assertEqual(result.advice, [])

    def test_the_seed_decides_the_hash(self):
        one, again, other = (trial.run_sim(self.trial(agrees, seed)).trace_hash
                             for seed in (1, 1, 2))
        self.assertEqual(one, again)
        self.assertNotEqual(one, other)

    def test_a_seat_is_played(self):
        result = trial.run_sim(self.trial(sits))
        self.assertEqual(result.status, "passed", result.observed)

    def test_nothing_is_waited_for_in_real_time(self):
        result = trial.run_sim(self.trial(waits_in_vain))
        self.assertEqual(result.status, "failed")
        self.assertIn("not seen within 20 s", result.observed)
        self.assertGreaterEqual(result.virtual_seconds, 20)
        self.assertIn("waits: ", "\n".join(result.logs["1"]))

    def test_the_dead_do_not_answer(self):
        result = trial.run_sim(self.trial(talks_to_the_dead))
        self.assertEqual(result.status, "failed")
        self.assertIn("the test had stopped it", result.observed)

    def test_our_own_faults_cost_nothing(self):
        result = trial.run_sim(self.trial(refuses))
        self.assertEqual(result.status, "grader_error")
        self.assertIn("dance", result.observed)

    def test_a_trace_holds_steps_frames_and_logs(self):
        result = trial.run_sim(self.trial(agrees, trace=True))
        for word in ("step ", "frame ", "stream ", "node "):
            self.assertTrue(any(word in line for line in result.trace), word)


START = r"(void election_start\(void\)\n\{\n)"


class Sabotage(Built):
    """A node that ends in its own way is named for what it did."""

    def spoilt(self, statement, name):
        return trial.run_sim(self.trial(agrees, code=self.bug(
            START, rf"\g<1>    {statement}\n", name)))

    def test_an_exit(self):
        result = self.spoilt("exit(0);", "exits")
        self.assertEqual(result.status, "failed")
        self.assertRegex(result.observed, r"node \d called exit\(0\) at .*"
                         r"election\.c:\d+ .* at its start")

    def test_a_fault(self):
        result = self.spoilt("*(volatile int *)(size_t)0 = 1;", "faults")
        self.assertEqual(result.status, "crashed")
        self.assertRegex(result.observed, r"SIGSEGV.*election\.c:\d+")

    def test_a_fault_is_placed_on_its_own_line(self):
        result = self.spoilt("set_vote(store_term(), NO_NODE);\n#line 7777\n"
                             "    *(volatile int *)(size_t)0 = 1;\n"
                             "#line 8888", "placed")
        self.assertRegex(result.observed, r"SIGSEGV.*election\.c:7777")

    def test_a_failed_assertion_has_a_hint_of_its_own(self):
        result = self.spoilt("#include <assert.h>\n    assert(0 > 1);", "asserts")
        self.assertEqual(result.status, "crashed")
        self.assertIn("the assertion takes for granted", result.hint)

    def test_a_flood(self):
        result = self.spoilt('for (long i = 0; i < 1L << 24; i++) '
                             'printf("%064ld", i);', "floods")
        self.assertEqual(result.status, "failed")
        self.assertIn("flooded their output", result.observed)

    def test_what_no_seed_decides(self):
        """Where the system has put the node's code decides how much chance it
        takes: two runs differ, and the report says where."""
        result = self.spoilt(
            "for (long at = (long)((uintptr_t)election_start >> 12) & "
            "0xfffff; at > 0; at--) node_random();", "wanders")
        self.assertEqual(result.status, "passed", result.observed)
        self.assertRegex(result.advice[-1], "two runs differed: the first "
                         r"difference: node \d does ")

    def test_chance_of_its_own(self):
        result = self.spoilt("srand(rand());", "chances")
        self.assertEqual(result.status, "passed", result.observed)
        self.assertRegex(result.advice[0], r"node \d calls s?rand\(\)")

    def test_what_could_not_be_replayed_is_not_built(self):
        with self.assertRaises(NotBuilt) as caught:
            self.bug(START, r"\g<1>    (void)fork();\n", "forks")
        self.assertRegex(caught.exception.sentence,
                         r"2-election/election\.c calls fork\(\)")

    def test_arithmetic_is_for_nodes(self):
        code = self.bug(START, r"\g<1>    volatile double x = 2.0;\n"
                        r"    if (pow(x, 3.0) != 8.0 || floor(sin(x)) != 0.0)\n"
                        r"        abort();\n", "reckons", "#include <math.h>\n")
        self.assertEqual(trial.run_sim(self.trial(agrees, code=code)).status,
                         "passed")

    def test_a_name_that_nothing_declares_is_told_so(self):
        with self.assertRaises(NotBuilt) as caught:
            self.bug(START, r"\g<1>    stroe_set_vote(1, 2);\n", "misspells")
        self.assertRegex(caught.exception.sentence,
                         r"stroe_set_vote.*(name right|undeclared|implicit)")


class Exploring(Built):
    """Many seeds."""

    def test_the_reference_survives(self):
        result = explore.run(self.trial(swarm, seeds=100))
        self.assertEqual(result.status, "passed", result.observed)
        self.assertEqual((result.seeds, result.advice), (100, []))
        self.assertGreater(result.virtual_seconds, 600)

    def test_a_bug_is_found_shrunk_told_and_replayed(self):
        code = self.bug(r"majority\(voters\)\);", "voters / 2);", "half")
        result = explore.run(self.trial(swarm, seeds=200, code=code))
        self.assertEqual(result.status, "failed")
        self.assertIn("majority", result.rule)
        self.assertEqual(result.replay, f"replay election/swarm:{result.seed}")
        self.assertLessEqual(len(result.story), 3)
        self.assertIn("starts", result.story[0])
        self.assertTrue(result.frames)
        again = explore.run(self.trial(swarm, seed=result.seed, code=code,
                                       trace=True))
        self.assertEqual((again.rule, again.expected, again.observed),
                         (result.rule, result.expected, result.observed))
        self.assertTrue(any("broken" in line for line in again.trace))

    def test_hashes_do_not_depend_on_how_seeds_are_batched(self):
        whole = explore.Explorer(self.trial(swarm, seeds=40))
        whole.search()
        part = explore.Explorer(self.trial(swarm, seed=11, seeds=7))
        part.search()
        self.assertEqual({seed: whole.hashes[seed] for seed in part.hashes},
                         part.hashes)


LAB = Lab(name="election", folder="2-election", title="Lab", hours="0",
          parts={"": "all"}, binary="node-election", stages=["election"])


class Twins(Built):
    """A test meets the real world only when it has passed in the other."""

    def grade(self, *functions):
        """Results by name. The real world's node and proxy do not exist, so
        whoever gets there comes to a grader error."""
        trials = []
        for function in functions:
            first = self.trial(function)
            fields = {name: getattr(first, name)
                      for name in first.__dataclass_fields__}
            missing = self.run_folder / "missing"
            real = Trial(**{**fields, "world": REAL, "binary": missing,
                            "proxy": missing})
            trials.append(Trial(**{**fields, "twin": real}))
        ended = {}
        runner = Runner(trials, 2, Timings(self.run_folder / "timings.json"),
                        lambda one, result: ended.update({one.name: result}),
                        lambda *_: None)
        runner.run()
        return ended

    def test_order_and_cause(self):
        ended = self.grade(agrees, fails)
        failed = ended["election/fails"]
        self.assertEqual((failed.status, failed.world), ("failed", SIM))
        self.assertEqual(list(failed.worlds), [SIM])
        passed_on = ended["election/agrees"]
        self.assertEqual((passed_on.status, passed_on.world),
                         ("grader_error", REAL))
        self.assertEqual(list(passed_on.worlds), [SIM, REAL])
        self.assertEqual(passed_on.worlds[SIM]["status"], "passed")


if __name__ == "__main__":
    unittest.main()
