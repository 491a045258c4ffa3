"""Proves what tests can do to a simulated disk, and read of it:
grader/sim/disk.h and drive_disk.h."""

import sys
import unittest

from sim_world import ROOT, Base

sys.path.insert(0, str(ROOT / "grader"))

from conclave.disk_words import changed  # noqa: E402


class Faults(Base):
    """Faults that strike where they are told to."""

    def synced(self, world, path="f", data="abc"):
        world.ask(1, "D.APPEND", path, data)
        world.ask(1, "D.SYNC", path)
        world.ask(1, "D.SYNCDIR")

    def again(self, world):
        world("kill", 1)
        world("start", 1)

    def test_a_crash_tears_at_every_byte_it_is_told(self):
        for k in range(8):
            world = self.world()
            self.synced(world)
            world.ask(1, "D.APPEND", "f", "def")
            world.ask(1, "D.WRITE", "f", 0, "XY")
            world("disk", 1, f"torn_at={k}")
            self.again(world)
            self.assertEqual(world.ask(1, "D.READ", "f"),
                             ["abc", "abcd", "abcde", "abcdef", "Xbcdef",
                              "XYcdef", "XYcdef", "XYcdef"][k])
            world.ask(1, "D.APPEND", "f", "lost")
            self.again(world)  # it tears once
            self.assertNotIn("lost", world.ask(1, "D.READ", "f"))

    def test_what_was_torn_keeps_the_order_of_names_and_cuts(self):
        for k, name, left in ((1, "f", "abca"), (2, "f", "abcaX"),
                              (3, "g", "abcaX")):
            world = self.world()
            self.synced(world)
            world.ask(1, "D.APPEND", "f", "ab")
            world.ask(1, "D.CUT", "f", 4)
            world.ask(1, "D.APPEND", "f", "XY")
            world.ask(1, "D.CUT", "f", 5)
            world.ask(1, "D.MOVE", "f", "g")
            world("disk", 1, f"torn_at={(1, 3, 4)[k - 1]}")
            self.again(world)
            self.assertEqual(world.ask(1, "D.LIST"), name + " ")
            self.assertEqual(world.ask(1, "D.READ", name), left)

    def test_no_byte_is_torn_without_the_order(self):
        world = self.world()
        self.synced(world)
        world("disk", 1, "torn_at=2")
        world("disk", 1, "torn_at=-1")
        world.ask(1, "D.APPEND", "f", "def")
        self.again(world)
        self.assertEqual(world.ask(1, "D.READ", "f"), "abc")

    def test_the_nth_sync_fails_and_no_other(self):
        world = self.world()
        self.synced(world)
        world("disk", 1, "fail_at=2")
        self.assertEqual([world.ask(1, "D.SYNC", "f") for _ in range(4)],
                         ["0", "-42", "0", "0"])

    def test_room_is_for_so_many_more(self):
        world = self.world()
        self.synced(world)
        world("disk", 1, "room=2")
        self.assertEqual(world.ask(1, "D.APPEND", "f", "def"), "-41")
        self.assertEqual(world.ask(1, "D.APPEND", "f", "de"), "5")
        world("disk", 1, "full=100")
        self.assertEqual(world.ask(1, "D.APPEND", "f", "f"), "6")

    def test_a_bit_is_flipped_while_the_node_is_down(self):
        world = self.world()
        self.synced(world)
        for word in ("flip=f,1,0", "flip=none,0,0"):
            with self.assertRaises(ValueError):
                world("disk", 1, word)
        world("kill", 1)
        for word in ("flip=g,1,0", "flip=f,3,0", "flip=f,1,8", "flip=f,1"):
            with self.assertRaises(ValueError):
                world("disk", 1, word)
        world("disk", 1, "flip=f,1,0")
        world("start", 1)
        self.assertEqual(world.ask(1, "D.READ", "f"), "acc")
        self.again(world)
        self.assertEqual(world.ask(1, "D.READ", "f"), "acc")


class Looking(Base):
    """What is durable can be read and replaced."""

    def test_only_what_is_durable_is_seen(self):
        world = self.world()
        world.ask(1, "D.APPEND", "f", "abc")
        self.assertEqual(world("files", 1), [""])
        world.ask(1, "D.SYNCDIR")
        self.assertEqual(world("files", 1), ["f", "0"])
        self.assertEqual(world("file", 1, "f"), ["-"])
        world.ask(1, "D.SYNC", "f")
        self.assertEqual(world("files", 1), ["f", "3"])
        self.assertEqual(bytes.fromhex(world("file", 1, "f")[0]), b"abc")
        with self.assertRaises(ValueError):
            world("file", 1, "g")

    def test_a_disk_is_replaced_while_the_node_is_down(self):
        world = self.world()
        for name in ("f", "g"):
            world.ask(1, "D.APPEND", name, "abc")
            world.ask(1, "D.SYNC", name)
        world.ask(1, "D.SYNCDIR")
        with self.assertRaises(ValueError):
            world("put", 1, "f", "00")
        world("kill", 1)
        world("put", 1, "f", b"de".hex())
        world("put", 1, "new", b"xyz".hex())
        world("drop", 1, "g")
        for order in (("drop", 1, "g"), ("put", 1, ".hidden", "00"),
                      ("put", 1, "f", "0g")):
            with self.assertRaises(ValueError):
                world(*order)
        world("start", 1)
        self.assertEqual(world.ask(1, "D.LIST"), "f new ")
        self.assertEqual(world.ask(1, "D.READ", "f"), "de")
        self.assertEqual(world.ask(1, "D.READ", "new"), "xyz")

    def test_what_was_done_is_counted(self):
        world = self.world()
        for words in (("D.APPEND", "f", "abc"), ("D.WRITE", "f", 1, "X"),
                      ("D.SYNC", "f"), ("D.SYNCDIR",), ("D.SYNC", "none")):
            world.ask(1, *words)
        world("kill", 1)
        self.assertEqual(world("diskcount", 1), ["2", "4", "2"])


class Regions(unittest.TestCase):
    """Where a disk has changed."""

    def test_zeros_that_a_file_grows_by_are_room(self):
        self.assertEqual(changed({}, {"a": bytes(9)}), [])
        self.assertEqual(changed({"a": b"x"}, {"a": b"x\0y\0"}),
                         [("a", 2, 3)])

    def test_a_region_reaches_from_the_first_change_to_the_last(self):
        self.assertEqual(changed({"a": b"0123456789", "b": b"x"},
                                 {"a": b"01x3456y89", "b": b"x", "c": b"\0z"}),
                         [("a", 2, 8), ("c", 1, 2)])


if __name__ == "__main__":
    unittest.main()
