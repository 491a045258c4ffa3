"""Proves that the simulated world names what a node does wrong, and that
chance, time and memory are the world's."""

import os
import subprocess
import unittest

from sim_world import Base, World, make, plain


class Endings(Base):
    """A node that ends in any way is reported as what it did."""

    def ending(self, command, *, survives):
        world = self.world(2)
        try:
            world.ask(1, command)
        except (EOFError, BrokenPipeError):
            self.assertFalse(survives, "the simulator has died")
            self.assertEqual(world.process.wait(timeout=60), 70)
            return world.ended()
        self.assertTrue(survives, "the simulator should have ended")
        self.assertEqual(world.ask(2, "PING"), "PONG")
        return world.ended()

    def test_exit_is_named_with_its_line(self):
        how = self.ending("EXIT", survives=True)
        self.assertRegex(how, r"^1 wrong called exit\(3\) at .*rogue/app\.c:"
                              r"\d+ \(do_exit\)$")

    def test_abort_is_named(self):
        self.assertRegex(self.ending("ABORT", survives=True),
                         r"^1 wrong called abort\(\) at .*app\.c")

    def test_a_failed_assertion_is_named_with_its_text(self):
        self.assertRegex(self.ending("ASSERT", survives=True),
                         r"failed an assertion in do_assert .*argc == 77")

    def test_a_fatal_sentence_is_passed_on(self):
        self.assertEqual(self.ending("FATAL", survives=True),
                         "1 fatal this node cannot go on")

    def test_a_free_of_nothing_it_holds_is_named(self):
        self.assertRegex(self.ending("FREE", survives=True),
                         r"freed memory that it does not hold.* at .*app\.c")

    def test_a_byte_behind_a_block_is_noticed_when_it_is_freed(self):
        self.assertRegex(self.ending("OVERRUN", survives=True),
                         r"wrote outside of it at .*app\.c.*\(do_overrun\)")

    def test_a_fault_is_named_with_coroutine_and_line(self):
        how = self.ending("FAULT", survives=False)
        self.assertRegex(how, r"^1 crashed crashed: SIGSEGV in coroutine '")
        self.assertIn("(do_fault)", how)

    def test_a_stack_overflow_is_called_so(self):
        self.assertRegex(self.ending("OVERFLOW", survives=False),
                         r"SIGSEGV: stack overflow in coroutine .*sink_deep")

    def test_an_endless_loop_is_called_so(self):
        how = self.ending("LOOP", survives=False)
        self.assertIn("endless loop", how)
        self.assertIn("(do_loop)", how)

    def test_a_loop_through_the_host_is_called_so(self):
        self.assertIn("100000 upcalls within one millisecond",
                      self.ending("SPIN", survives=True))

    def test_too_much_memory_is_refused(self):
        world = self.world()
        self.assertEqual(world.ask(1, "HOLD", 100), "100")
        world.ask(1, "HOLD", 2000)
        self.assertIn("asked for more than 512 MB of memory", world.ended())


class Libc(Base):
    """Chance and time are the world's."""

    def test_rand_is_of_the_seed_and_advised_against(self):
        seen = []
        for seed in (1, 1, 2):
            world = self.world(seed=seed)
            seen.append(world.ask(1, "RAND"))
            self.assertRegex(" ".join(world.of("N")[0]),
                             r"calls srand\(\) at .*app\.c.*node_random")
        self.assertEqual(seen[0], seen[1])
        self.assertNotEqual(seen[0], seen[2])

    def test_time_is_virtual(self):
        world = self.world()
        first = int(world.ask(1, "TIME"))
        world.run(3600 * 1000)
        self.assertIn(int(world.ask(1, "TIME")) - first, (3600, 3601))
        self.assertGreater(first, 1600000000)

    def test_a_restart_begins_with_fresh_globals_and_patterned_memory(self):
        world = self.world()
        self.assertEqual(world.ask(1, "FRESH"), [str(0xA5), "1"])
        world("kill", 1)
        world("start", 1)
        self.assertEqual(world.ask(1, "FRESH"), [str(0xA5), "1"])

    def test_a_crash_frees_what_the_node_held(self):
        world = self.world()
        for _ in range(40):
            self.assertEqual(world.ask(1, "HOLD", 200), "200")
            world("kill", 1)
            world("start", 1)
        with open(f"/proc/{world.process.pid}/statm") as file:
            pages = int(file.read().split()[1])
        self.assertLess(pages * os.sysconf("SC_PAGESIZE"), 600 << 20)

    def test_a_copy_that_cannot_be_unloaded_is_noticed(self):
        world = World(self.sim, self.rogue.parent / "stays.so", 1)
        world("start", 1)
        world.run(10)
        world("kill", 1)
        world.close()
        self.assertRegex(world.ended(), "^1 wrong .*stays loaded after its")

    def test_what_a_node_may_not_call_is_refused_with_the_file(self):
        folder = make("rogue")
        done = subprocess.run(
            [self.sim, "check", folder / "refused.so",
             *folder.glob("grader/sim/rogue/*.o")],
            stdout=subprocess.PIPE, text=True)
        self.assertEqual(done.returncode, 1)
        for word in ("refused.c.o calls pthread_create()",
                     "refused.c.o calls sleep()", "refused.c.o calls atexit()",
                     "refused.c.o has thread-local storage"):
            self.assertIn(word, done.stdout)
        self.assertEqual(subprocess.run([self.sim, "check", self.rogue]
                                        ).returncode, 0)


class Ports(Base):
    def test_a_client_by_the_text_port_speaks_plain_text(self):
        world = self.world()
        self.assertEqual(world.ask_text(1, "get a\r\nget b\r\n"),
                         "a 2\r\nb 2\r\n")
        self.assertEqual(world.ask_text(1, "PING\r\n"), "ERR_CMD_ERR\r\n")
        self.assertEqual(world.ask(1, "PING"), "PONG")


class Clocks(Base):
    def test_a_sleep_takes_exactly_its_time(self):
        self.assertEqual(self.world().ask(1, "SLEEP", 1500), "1500000")

    def test_a_fast_clock_sleeps_shorter(self):
        world = self.world()
        world("rate", 1, 1.1)
        self.assertIn(int(world.ask(1, "SLEEP", 1100)),
                      range(1100000, 1100003))
        world.run(1)
        self.assertLess(world.now_us, 1003000)

    def test_the_wall_clock_jumps_and_the_other_does_not(self):
        world = self.world()
        before = int(world.ask(1, "WALL"))
        world("wall", 1, -60000)
        self.assertLess(int(world.ask(1, "WALL")), before - 59000000)
        self.assertEqual(world.ask(1, "SLEEP", 10), "10000")

    def test_a_paused_node_answers_when_it_goes_on(self):
        world = self.world()
        world("pause", 1)
        self.assertIsNone(world.ask(1, "PING", ms=500))
        world("resume", 1)
        world.run(1)
        self.assertEqual(plain(world.of("C")[-1][3]), "PONG")


if __name__ == "__main__":
    unittest.main()
