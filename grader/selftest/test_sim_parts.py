"""Proves what the simulated disk and network do: handout/node/host.h and
grader/net/link.h say what they should."""

import unittest

from sim_world import Base, World, frame


class Disk(Base):
    """The semantics of handout/node/host.h, one rule a test."""

    def power_cut(self, world, *, after=()):
        world("kill", 1)
        for order in after:
            world(*order)
        world("start", 1)

    def durable(self, world, path="f", data="abc"):
        world.ask(1, "D.APPEND", path, data)
        self.assertEqual(world.ask(1, "D.SYNC", path), "0")
        self.assertEqual(world.ask(1, "D.SYNCDIR"), "0")

    def test_unsynced_bytes_are_seen_and_lost(self):
        world = self.world()
        self.durable(world)
        self.assertEqual(world.ask(1, "D.APPEND", "f", "def"), "6")
        self.assertEqual(world.ask(1, "D.READ", "f"), "abcdef")
        self.power_cut(world)
        self.assertEqual(world.ask(1, "D.READ", "f"), "abc")

    def test_a_synced_file_without_its_name_is_lost(self):
        world = self.world()
        world.ask(1, "D.APPEND", "f", "abc")
        world.ask(1, "D.SYNC", "f")
        self.power_cut(world)
        self.assertEqual(world.ask(1, "D.READ", "f"), "-40")

    def test_a_name_without_its_bytes_is_empty(self):
        world = self.world()
        world.ask(1, "D.APPEND", "f", "abc")
        world.ask(1, "D.SYNCDIR")
        self.power_cut(world)
        self.assertEqual(world.ask(1, "D.READ", "f"), "")

    def test_writes_and_cuts_are_volatile_until_their_sync(self):
        world = self.world()
        self.durable(world, data="abcdef")
        world.ask(1, "D.WRITE", "f", 1, "XX")
        world.ask(1, "D.CUT", "f", 4)
        self.assertEqual(world.ask(1, "D.READ", "f"), "aXXd")
        self.power_cut(world)
        self.assertEqual(world.ask(1, "D.READ", "f"), "abcdef")
        world.ask(1, "D.CUT", "f", 4)
        world.ask(1, "D.SYNC", "f")
        self.power_cut(world)
        self.assertEqual(world.ask(1, "D.READ", "f"), "abcd")

    def test_a_write_past_the_end_leaves_zeros(self):
        world = self.world()
        world.ask(1, "D.WRITE", "f", 2, "c")
        self.assertEqual(world.ask(1, "D.READ", "f"), "\0\0c")

    def test_renames_and_removals_are_volatile_until_the_folders_sync(self):
        world = self.world()
        self.durable(world, "f", "old")
        self.durable(world, "g", "new")
        world.ask(1, "D.MOVE", "g", "f")
        self.assertEqual(world.ask(1, "D.READ", "f"), "new")
        self.assertEqual(world.ask(1, "D.LIST"), "f ")
        self.power_cut(world)
        self.assertEqual(world.ask(1, "D.READ", "f"), "old")
        self.assertEqual(world.ask(1, "D.LIST"), "f g ")
        world.ask(1, "D.MOVE", "g", "f")
        world.ask(1, "D.SYNCDIR")
        self.power_cut(world)
        self.assertEqual(world.ask(1, "D.READ", "f"), "new")
        world.ask(1, "D.REMOVE", "f")
        self.power_cut(world)
        self.assertEqual(world.ask(1, "D.LIST"), "f ")

    def test_after_a_failed_sync_its_bytes_are_gone_though_the_next_succeeds(
            self):
        world = self.world()
        self.durable(world)
        world.ask(1, "D.APPEND", "f", "lost")
        world("disk", 1, "fail=1")
        self.assertEqual(world.ask(1, "D.SYNC", "f"), "-42")
        world("disk", 1, "fail=0")
        self.assertEqual(world.ask(1, "D.READ", "f"), "abc")
        self.assertEqual(world.ask(1, "D.SYNC", "f"), "0")
        self.power_cut(world)
        self.assertEqual(world.ask(1, "D.READ", "f"), "abc")

    def test_a_full_disk_says_so_and_keeps_what_it_had(self):
        world = self.world()
        world("disk", 1, "full=5")
        self.assertEqual(world.ask(1, "D.APPEND", "f", "abc"), "3")
        self.assertEqual(world.ask(1, "D.APPEND", "f", "def"), "-41")
        self.assertEqual(world.ask(1, "D.APPEND", "g", "de"), "2")
        self.assertEqual(world.ask(1, "D.READ", "f"), "abc")

    def test_a_torn_tail_is_a_piece_of_what_was_written(self):
        seen = set()
        for seed in range(30):
            world = self.world(seed=seed)
            world("disk", 1, "torn=1")
            self.durable(world)
            world.ask(1, "D.APPEND", "f", "defgh")
            self.power_cut(world)
            seen.add(world.ask(1, "D.READ", "f"))
            world.close()
        self.assertLess(seen, {"abc" + "defgh"[:n] for n in range(6)} | {None})
        self.assertGreater(len(seen), 3)

    def test_a_slow_sync_is_slow(self):
        world = self.world()
        world.ask(1, "D.APPEND", "f", "abc")
        world("disk", 1, "slow=1,5000")
        began = world.now_us
        world.ask(1, "D.SYNC", "f", ms=10000)
        self.assertGreater(world.now_us - began, 50000)

    def test_crash_points(self):
        for point, command, durable in (("write", "D.APPEND f x", ""),
                                        ("sync", "D.SYNC f", ""),
                                        ("synced", "D.SYNC f", "y")):
            with self.subTest(point=point):
                world = self.world()
                world.ask(1, "D.APPEND", "f", "y")
                world.ask(1, "D.SYNCDIR")
                world("crash", 1, point, 1)
                self.assertEqual(world.ask(1, command), "closed")
                self.assertIn("killed crashed when", world.ended())
                world("start", 1)
                self.assertEqual(world.ask(1, "D.READ", "f"), durable)


class Network(Base):
    """Two seats and the links between them."""

    def seats(self, seed=1):
        world = World(self.sim, self.rogue, 2, seed)
        self.addCleanup(world.process.wait)
        self.addCleanup(world.process.kill)
        self.addCleanup(world.process.stdout.close)
        world("watch", 1)
        world("seat", 1)
        world("seat", 2)
        stream = world("dial", 1, 2)[0]
        world.run(2)
        self.assertEqual([line[2:] for line in world.of("U")],
                         [["2", "1", "1", "accepted"],
                          ["1", stream, "2", "dialled"]])
        return world, stream

    def received(self, world, seat="2"):
        return bytes.fromhex("".join(line[4] for line in world.of("R")
                                     if line[2] == seat))

    def test_a_perfect_link_keeps_order(self):
        world, stream = self.seats()
        sent = b"".join(frame(i) for i in range(100))
        for i in range(100):
            world("write", 1, stream, frame(i).hex())
        world.run(5)
        self.assertEqual(self.received(world), sent)
        self.assertEqual(len(world.of("F")), 100)
        self.assertEqual(len(world.of("D")), 100)

    def test_loss_duplication_and_reordering_act_on_frames(self):
        for fault, kinds in (("loss=0.3", "L"), ("dup=0.3", "D"),
                             ("reorder=0.3,50", "D"), ("cut=1", "L")):
            with self.subTest(fault=fault):
                world, stream = self.seats()
                world("link", 1, 2, fault)
                for i in range(100):
                    world("write", 1, stream, frame(i).hex())
                world.run(500)
                got = self.received(world)
                frames = [got[i:i + 16] for i in range(0, len(got), 16)]
                whole = [frame(i) for i in range(100)]
                self.assertLessEqual(set(frames), set(whole))
                self.assertNotEqual(frames, whole)
                self.assertEqual(len(frames), len(world.of("D")))
                if kinds == "L":
                    self.assertEqual(len(frames) + len(world.of("L")), 100)
                else:
                    self.assertEqual(set(frames), set(whole))

    def test_chunks_cut_anywhere(self):
        world, stream = self.seats()
        world("link", 1, 2, "chunk=7")
        sent = b"".join(frame(i, b"x" * 50) for i in range(20))
        world("write", 1, stream, sent.hex())
        world.run(5)
        pieces = [len(line[4]) // 2 for line in world.of("R")]
        self.assertEqual(self.received(world), sent)
        self.assertEqual(set(pieces), set(range(1, 8)))

    def test_a_clogged_link_holds_and_lets_go(self):
        world, stream = self.seats()
        world("link", 1, 2, "clog=1")
        world("write", 1, stream, frame(1).hex())
        world.run(5000)
        self.assertEqual(self.received(world), b"")
        world("link", 1, 2, "clog=0")
        world.run(1)
        self.assertEqual(self.received(world), frame(1))

    def test_a_delay_is_kept_and_the_end_comes_last(self):
        world, stream = self.seats()
        world("link", 1, 2, "delay_ms=100")
        world("write", 1, stream, frame(1).hex())
        world("close", 1, stream)
        world.run(99)
        self.assertEqual(self.received(world), b"")
        world.run(3)
        self.assertEqual(self.received(world), frame(1))
        self.assertEqual(world.of("E")[0][2:], ["2", "1"])

    def test_bytes_that_do_not_decode_pass_and_are_told(self):
        world, stream = self.seats()
        world("link", 1, 2, "loss=1")
        world("write", 1, stream, b"this is no frame at all".hex())
        world.run(5)
        self.assertEqual(self.received(world), b"this is no frame at all")
        self.assertEqual(world.of("G")[0][2:], ["1", "1", "2", "23"])

    def test_a_reset_reaches_both_ends_and_loses_what_is_under_way(self):
        world, stream = self.seats()
        world("link", 1, 2, "delay_ms=50")
        world("write", 1, stream, frame(1).hex())
        world("reset", 1, 2)
        world.run(100)
        self.assertEqual(sorted(line[2] for line in world.of("E")),
                         ["1", "2"])
        self.assertEqual(world.of("L")[0][2:], ["1", "down"])
        self.assertEqual(world.of("S")[-1][5], "reset")

    def test_a_reset_before_the_dialler_knows_still_tells_it(self):
        world = World(self.sim, self.rogue, 2)
        self.addCleanup(world.close)
        world("seat", 1)
        world("seat", 2)
        stream = world("dial", 1, 2)[0]
        while not world.of("U"):
            world.run(0.01)
        world("reset", 1, 2)
        world.run(2)
        self.assertEqual([line[2:] for line in world.of("U")],
                         [["2", "1", "1", "accepted"],
                          ["1", stream, "2", "dialled"]])
        self.assertEqual(sorted(line[2] for line in world.of("E")),
                         ["1", "2"])

    def test_a_dial_waits_for_the_node_and_a_kill_ends_the_stream(self):
        world = World(self.sim, self.rogue, 2)
        self.addCleanup(world.close)
        world("seat", 1)
        stream = world("dial", 1, 2)[0]
        world.run(3000)
        self.assertEqual(world.of("U"), [])
        world("start", 2)
        world.run(600)
        self.assertEqual(world.of("U")[0][2:], ["1", stream, "2", "dialled"])
        world("kill", 2)
        world.run(5)
        self.assertEqual(world.of("E")[0][2:], ["1", stream])

    def test_traffic_on_one_link_does_not_change_anothers_fate(self):
        fates = []
        for extra in (0, 20):
            world, stream = self.seats()
            world("link", "*", "*", "loss=0.5")
            for _ in range(extra):
                back = world("dial", 2, 1)[0]
            world.run(3)
            if extra:
                for i in range(extra):
                    world("write", 2, back, frame(i).hex())
            for i in range(50):
                world("write", 1, stream, frame(i).hex())
            world.run(10)
            fates.append(self.received(world))
        self.assertEqual(fates[0], fates[1])


if __name__ == "__main__":
    unittest.main()
