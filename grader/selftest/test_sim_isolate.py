"""Proves that nodes in processes of their own (grader/sim/apart.h) do exactly
what they do in one process, and that no node takes the others with it."""

import os
import signal
import subprocess
import sys
import unittest

from sim_world import ROOT, Base, World, reference

sys.path.insert(0, str(ROOT / "grader"))

ISOLATE = "--isolate"


def explored(sim, code, *words):
    """The lines of all seeds, at both levels, but for the CPU time."""
    both = []
    for flags in ((), (ISOLATE,)):
        done = subprocess.run([sim, *flags, "explore", code, "hashes=1",
                               *words], stdout=subprocess.PIPE, text=True,
                              stderr=subprocess.DEVNULL, timeout=1200)
        both.append(done.stdout.split(" cpu_s=")[0])
    return both


class Equality(Base):
    """The same seed, the same hash: alone, together, and where it fails."""

    def test_seeds_of_the_rogue_fail_alike(self):
        one, other = explored(self.sim, self.rogue, "nodes=5", "seeds=20")
        self.assertIn("SIGSEGV in coroutine 'bad end'", one)
        self.assertEqual(one, other)

    def story(self, flags):
        """All that a node can do at its door, and the hash of it."""
        world = World(self.sim, self.rogue, 2, 7, flags)
        self.addCleanup(world.close)
        world("start", "*")
        told = [world.ask_text(1, "get a\r\nget b\r\nPING\r\n")]
        told += [world.ask(1, *words) for words in (
            ("RAND",), ("TIME",), ("WALL",), ("FRESH",), ("SLEEP", 700),
            ("D.APPEND", "log", "x" * 3000), ("D.SYNC", "log"),
            ("D.READ", "log"), ("D.MOVE", "log", "old"), ("D.LIST",),
            ("D.READ", "log"), ("D.WRITE", "a" * 63, 5, "y"), ("FATAL",))]
        world("rate", 2, 1.1)
        world("wall", 2, -60000)
        world("crash", 2, "write", 1)
        told += [world.ask(2, *words) for words in (
            ("WALL",), ("SLEEP", 100), ("D.APPEND", "log", "z"))]
        world("start", "*")
        told += [world.ask(1, *words) for words in (
            ("D.LIST",), ("FREE",))]
        world("start", 1)
        world("describe", 1)
        world("terminate", 1)
        world.run(50)
        return world("hash"), told, world.lines

    def test_every_call_of_the_door_is_the_same(self):
        self.assertEqual(self.story(()), self.story((ISOLATE,)))


@unittest.skipUnless((ROOT / "solution").is_dir(), "there is no solution/ here")
class Reference(unittest.TestCase):
    def test_explored_seeds_have_the_same_hashes(self):
        for flavour, seeds in (("release", 60), ("asan", 6)):
            with self.subTest(flavour=flavour):
                one, other = explored(*reference(flavour), "nodes=0",
                                      f"seeds={seeds}", "seed=100")
                self.assertEqual(one.count("PASS"), seeds)
                self.assertEqual(one, other)

    def test_scenarios_have_the_same_hashes(self):
        from conclave import discover, trial
        courses = {one.lab.name: one for one in
                   discover.load_all(ROOT / "labs")}
        sim, code = reference()
        chosen = [one for one in courses["election"].tests
                  if "sim" in one.worlds and one.kind != "exploration"]
        self.assertGreater(len(chosen), 10)
        for test in chosen[::3]:
            with self.subTest(test=test.title):
                one, other = (trial.run_sim(trial.Trial(
                    spec=test, name=f"election/{test.title}", stack="own",
                    binary=code, proxy=sim, seed=3, replay="", raft=True,
                    sanitized=False, trace=True, world="sim",
                    isolate=isolate)) for isolate in (False, True))
                self.assertEqual(one.status, "passed", one.observed)
                self.assertEqual(one.trace_hash, other.trace_hash)


class Survival(Base):
    """Whatever a node does to itself, it does to nobody else."""

    def ending(self, command):
        world = World(self.sim, self.rogue, 2, 1, (ISOLATE,))
        self.addCleanup(world.close)
        world("start", "*")
        world.ask(1, command)
        self.assertEqual(world.ask(2, "PING"), "PONG")
        how = world.ended()
        world("start", 1)  # it can be started again
        self.assertEqual(world.ask(1, "FRESH"), [str(0xA5), "1"])
        return how

    def test_a_fault_is_its_own(self):
        how = self.ending("FAULT")
        self.assertRegex(how, r"^1 crashed crashed: SIGSEGV in coroutine '")
        self.assertIn("(do_fault)", how)

    def test_a_stack_overflow_is_its_own(self):
        self.assertIn("SIGSEGV: stack overflow", self.ending("OVERFLOW"))

    def test_an_exit_is_named(self):
        self.assertRegex(self.ending("EXIT"), r"^1 wrong called exit\(3\) at ")

    def test_an_endless_loop_is_measured_where_it_runs(self):
        how = self.ending("LOOP")
        self.assertIn("1 crashed endless loop: it has run for 5 s", how)
        self.assertIn("(do_loop)", how)

    def test_a_loop_through_the_host_is_called_so(self):
        self.assertIn("100000 upcalls within", self.ending("SPIN"))

    def test_scribbling_over_memory_harms_nobody_else(self):
        self.assertRegex(self.ending("SCRIBBLE"), "^1 crashed crashed: ")

    def test_a_process_that_is_gone_is_noticed(self):
        world = World(self.sim, self.rogue, 2, 1, (ISOLATE,))
        self.addCleanup(world.close)
        world("start", 1)
        pid = world.process.pid
        with open(f"/proc/{pid}/task/{pid}/children") as file:
            os.kill(int(file.read()), signal.SIGKILL)
        world("start", 2)
        world.ask(1, "PING")
        self.assertIn("1 crashed crashed: its process died by signal 9",
                      world.ended())
        self.assertEqual(world.ask(2, "PING"), "PONG")

    def test_nothing_outlives_the_simulator(self):
        world = World(self.sim, self.rogue, 2, 1, (ISOLATE,))
        world("start", "*")
        pid = world.process.pid
        with open(f"/proc/{pid}/task/{pid}/children") as file:
            children = [int(one) for one in file.read().split()]
        self.assertEqual(len(children), 2)
        self.assertEqual(world.close(), 0)
        for child in children:
            self.assertFalse(os.path.exists(f"/proc/{child}"))


if __name__ == "__main__":
    unittest.main()
