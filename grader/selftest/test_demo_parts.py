"""Proves that the demo's view fits every terminal and tells what is known, that
its prompt can be edited, and that its clients find who leads."""

import asyncio
import pathlib
import socket
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "grader"))

from conclave import demo_load, demo_screen  # noqa: E402
from conclave.demo_client import Health, Watch, Whom  # noqa: E402
from conclave.demo_cluster import Faults  # noqa: E402
from conclave.demo_terminal import Editor  # noqa: E402


class Drawing(unittest.TestCase):
    def scene(self):
        faults = Faults([1, 2, 3])
        faults.partition([[1], [2, 3]])
        return demo_screen.Scene(
            "a title", [1, 2, 3], {one: f"127.0.0.1:700{one}"
                                   for one in (1, 2, 3)},
            {1: "up", 2: "down", 3: "up"},
            {1: Health(True, "leader", 7, 1, 12, 12, 5), 2: Health(),
             3: Health()}, faults)

    def test_no_size_is_too_small(self):
        for width in range(1, 140, 3):
            for height in range(1, 40):
                lines = demo_screen.view(self.scene(), width, height,
                                         demo_screen.Paint(False))
                self.assertLess(len(lines), height)
                self.assertTrue(all(len(line) <= width for line in lines))

    def test_a_node_is_what_is_known_of_it(self):
        head, *rows = demo_screen.table(self.scene(), 120,
                                        demo_screen.Paint(False))
        self.assertRegex(rows[0], r"leader +7 +12 +12 +5  cut off$")
        self.assertRegex(rows[1], r"down +- +- +- +-  cut from 1$")
        self.assertRegex(rows[2], r"silent +-")

    def test_lines_break_at_blanks(self):
        self.assertEqual(demo_screen.fold("one two three\nx", 8),
                         ["one two", "three", "x"])
        self.assertEqual(demo_screen.fold("abcdef", 4), ["abcd", "ef"])


class Finding(unittest.TestCase):
    """Who is asked next."""

    def test_who_is_named_is_asked(self):
        whom = Whom([1, 2, 3], 1)
        whom.named(3)
        self.assertEqual(whom.node, 3)
        whom.next()
        self.assertEqual(whom.node, 1)

    def test_nodes_cut_off_together_do_not_hold_a_client(self):
        # 1 leads and is silent, 2 and 4 hear nobody else; 5 leads now.
        whom = Whom([1, 2, 3, 4, 5], 1)
        asked = []
        while whom.node != 5:
            asked.append(whom.node)
            {1: whom.silent, 2: lambda: whom.named(1), 3: whom.next,
             4: lambda: whom.named(1)}[whom.node]()
            self.assertLess(len(asked), 10, asked)
        self.assertEqual(asked, [1, 2, 3, 4])

    def test_who_was_silent_once_is_asked_again(self):
        whom = Whom([1, 2, 3], 1)
        whom.silent()
        asked = []
        while whom.node != 1:
            asked.append(whom.node)
            whom.named(1)         # it was only slow
            self.assertLess(len(asked), 10, asked)
        self.assertEqual(asked, [2, 3])
        whom.next()
        whom.named(1)
        self.assertEqual(whom.node, 1)


    def test_nobody_leads_but_who_serves_and_is_up(self):
        watch = Watch({1: "a:1", 2: "a:2", 3: "a:3"}, lambda node: node != 3)
        cut_off = Health(True, "leader", 9, 1, 4, 4, None, False)
        watch.health[1] = cut_off
        self.assertEqual(watch.leader(), 0)
        watch.health[3] = Health(True, "leader", 8, 3, 4, 4, 2, True)
        self.assertEqual(watch.leader(), 0)  # it has just been killed
        watch.health[2] = Health(True, "leader", 7, 2, 4, 4, 2, True)
        self.assertEqual(watch.leader(), 2)

    @unittest.skipUnless(sys.platform.startswith("linux"),
                         "elsewhere a full queue is not silent")
    def test_a_connection_is_not_waited_for_for_ever(self):
        with socket.create_server(("127.0.0.1", 0), backlog=1) as full:
            address = full.getsockname()
            waiting = []
            for _ in range(8):
                one = socket.socket()
                one.setblocking(False)
                one.connect_ex(address)
                waiting.append(one)
                self.addCleanup(one.close)
            with self.assertRaises(ConnectionError):
                asyncio.run(asyncio.wait_for(
                    demo_load.Writer._connect(*address), 60))


class Typing(unittest.TestCase):
    def test_keys_edit_the_line(self):
        editor = Editor()
        self.assertEqual(editor.feed("get a\r"), ["get a"])
        self.assertEqual(editor.feed("gt b\x1b[D\x1b[D\x1b[De\x05\x7fc\r"),
                         ["get c"])
        self.assertEqual(editor.feed("\x1b[A\x1b[A\x1b[B!\r"), ["get c!"])
        self.assertEqual(editor.feed("one two\x17x\x15y\x04\r\x04"),
                         ["y", None])


if __name__ == "__main__":
    unittest.main()
