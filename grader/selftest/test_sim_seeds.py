"""Proves that a seed has one hash, whatever the compiler and the run; that the
reference survives the swarm; that failures are kept, replayed and shrunk."""

import shutil
import subprocess
import tempfile
import unittest

from sim_world import BUILD, ROOT, Base, World, reference


class Trials(Base):
    """Failures of explored seeds, and how they are made short."""

    def explore(self, command, *words):
        done = subprocess.run([self.sim, command, self.rogue, *words],
                              stdout=subprocess.PIPE, text=True, timeout=600,
                              stderr=subprocess.DEVNULL)
        return done.returncode, done.stdout

    def test_a_crash_ends_its_seed_and_no_more(self):
        status, text = self.explore("explore", "nodes=5", "seeds=20")
        self.assertEqual(status, 1)
        self.assertIn("explored seeds=20 failed=20", text)
        self.assertRegex(text, r"rule=node-ends node=5 at_us=\d+ .*SIGSEGV in "
                               r"coroutine 'bad end' .*\(do_fault\)")
        self.assertRegex(text, r"rule=progress .*nothing can happen any more")
        again = self.explore("explore", "nodes=5", "seeds=20")[1]
        self.assertEqual(text.split("explored")[0], again.split("explored")[0])

    def test_a_schedule_is_shrunk_to_what_it_takes(self):
        status, text = self.explore("shrink", "nodes=5", "seed=1")
        lines = text.splitlines()
        self.assertEqual(status, 0)
        self.assertRegex(lines[0], "^# FAIL seed=1 .*rule=node-ends node=5")
        self.assertLess(len(lines), 5)
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
            file.write(text)
            file.flush()
            status, again = self.explore("explore", "nodes=5", "seed=1",
                                         "seeds=1", f"schedule={file.name}")
        self.assertEqual(status, 1)
        self.assertEqual(again.splitlines()[0], lines[0][2:])

    def test_words_that_make_no_sense_are_refused(self):
        for words in (("nodes=1",), ("seed=x",), ("hello",),
                      ("schedule=/does/not/exist",)):
            self.assertEqual(self.explore("explore", *words)[0], 2)


@unittest.skipUnless((ROOT / "solution").is_dir(), "there is no solution/ here")
class Reference(unittest.TestCase):
    """The reference under the swarm: no alarm, and one hash for all builds."""

    def explore(self, sim, code, *words):
        done = subprocess.run([sim, "explore", code, *words],
                              stdout=subprocess.PIPE, text=True, timeout=1200)
        self.assertEqual(done.returncode, 0, done.stdout)
        return [line for line in done.stdout.splitlines()
                if line.startswith("PASS")]

    def test_a_seed_has_one_hash(self):
        sim, code = reference()
        together = self.explore(sim, code, "seeds=30", "hashes=1")
        self.assertEqual(len(set(together)), 30)
        self.assertEqual(together,
                         self.explore(sim, code, "seeds=30", "hashes=1"))
        alone = self.explore(sim, code, "seed=17", "seeds=1", "hashes=1")
        self.assertEqual([together[16]], alone)

    def test_no_alarm_in_five_hundred_seeds(self):
        sim, code = reference()
        self.explore(sim, code, "seeds=500", "nodes=0", "seed=1000")

    def test_every_build_has_the_same_hashes(self):
        words = ("seeds=20", "nodes=0", "hashes=1")
        sim, code = reference()
        expected = self.explore(sim, code, *words)
        builds = [("debug", ""), ("asan", "")]
        if shutil.which("clang"):
            builds += [("release", "clang"), ("asan", "clang")]
        for flavour, compiler in builds:
            with self.subTest(flavour=flavour, compiler=compiler or "cc"):
                build = BUILD / compiler if compiler else BUILD
                self.assertEqual(
                    self.explore(*reference(flavour, compiler, build), *words),
                    expected)

    def test_a_schedule_can_be_kept_and_replayed(self):
        sim, code = reference()
        shown = subprocess.run([sim, "explore", code, "seed=3", "seeds=1",
                                "show=1"], stdout=subprocess.PIPE, text=True)
        expected = self.explore(sim, code, "seed=3", "seeds=1", "hashes=1")
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
            file.write(shown.stdout)
            file.flush()
            self.assertEqual(
                self.explore(sim, code, "seed=3", "seeds=1", "hashes=1",
                             f"schedule={file.name}"), expected)

    def test_what_a_test_drives_runs_twice_alike(self):
        sim, code = reference()
        seen = []
        for _ in range(2):
            world = World(sim, code, 3, seed=9)
            world("watch", 1)
            world("note", "*", "raft", 50, 150, 300, 1)
            world("start", "*")
            world.run(1000)
            world("partition", "leader", "rest")
            world.run(1000)
            world("heal")
            world.run(1000)
            self.assertEqual(world.ask(int(world("leader")[0]), "PING"), "PONG")
            self.assertEqual(world.of("V"), [])
            seen.append((world("hash"), world.lines))
            world.close()
        self.assertEqual(*seen)
        self.assertGreater(len(seen[0][1]), 300)

    def test_a_node_that_is_told_to_stop_does_even_after_a_pause(self):
        sim, code = reference()
        world = World(sim, code, 3)
        world("start", "*")
        world.run(1000)
        world("pause", 1)
        world("terminate", 1)
        world.run(1000)
        self.assertEqual(world.of("X"), [])
        world("resume", 1)
        world.run(3000)
        world.close()
        self.assertEqual(world.ended(), "1 stopped stopped when it was told to")

    def test_a_stuck_node_says_what_it_waits_for(self):
        sim, code = reference()
        world = World(sim, code, 3)
        world("start", "*")
        world.run(2000)
        world("describe", 1)
        text = "\n".join(" ".join(line) for line in world.of("W"))
        world.close()
        self.assertRegex(text, r"election timer +waits for .* since \d+ ms")


if __name__ == "__main__":
    unittest.main()
